import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { clock, number, words } from "../../format";
import { text } from "../../strings";
import { List } from "../../ui/DataTable";
import type { Mark } from "./marks";
import { BAD, BUSY, CAUTION, GOOD, LINE, TRACK } from "../../ui/colors";

const ROWS = 10;
const COLOURS: Record<string, string> = {
  PASS: GOOD,
  REVIEW: CAUTION,
  BLOCK: BAD,
};
const INDICATORS: Record<string, StatusIndicatorProps.Type> = { PASS: "success", REVIEW: "warning", BLOCK: "error" };

interface Props {
  marks: readonly Mark[];
  seconds: number;
  onSeek: (to: number) => void;
}

/** What was found: one line for each list over the film's length, and a table; a click goes there. */
export function MarkStrip({ marks, seconds, onSeek }: Props) {
  const [page, setPage] = useState(1);
  const lists = [...new Set(marks.map((mark) => mark.list))];
  const { columns } = text.marks;
  return (
    <SpaceBetween size="s">
      {lists.map((list) => (
        <div key={list} role="group" aria-label={words(list)} style={LINE_STYLE}>
          <Box variant="small">{words(list)}</Box>
          <div style={TRACK_STYLE}>
            {marks
              .filter((mark) => mark.list === list)
              .map((mark) => (
                <button
                  key={`${mark.start}-${mark.end}-${mark.label}`}
                  type="button"
                  title={toldOf(mark)}
                  aria-label={text.marks.seek(toldOf(mark))}
                  onClick={() => onSeek(mark.start)}
                  style={stretch(mark, seconds)}
                />
              ))}
          </div>
        </div>
      ))}
      <List<Mark>
        variant="borderless"
        contentDensity="compact"
        items={marks.slice((page - 1) * ROWS, page * ROWS)}
        trackBy={(mark) => `${mark.list}${mark.start}${mark.label}`}
        ariaLabels={{ tableLabel: text.marks.title }}
        pagination={
          marks.length > ROWS && (
            <Pagination
              currentPageIndex={page}
              pagesCount={Math.ceil(marks.length / ROWS)}
              onChange={(event) => setPage(event.detail.currentPageIndex)}
              ariaLabels={text.pages}
            />
          )
        }
        columnDefinitions={[
          {
            id: "time",
            header: columns.time,
            minWidth: 160, // one line
            cell: (mark) => (
              <Button variant="inline-link" onClick={() => onSeek(mark.start)} ariaLabel={text.marks.seek(toldOf(mark))}>
                {`${clock(mark.start)} – ${clock(mark.end)}`}
              </Button>
            ),
          },
          { id: "list", header: columns.list, cell: (mark) => words(mark.list) },
          { id: "label", header: columns.label, isRowHeader: true, cell: (mark) => mark.label },
          { id: "text", header: columns.text, cell: (mark) => mark.text ?? text.none },
          {
            id: "confidence",
            header: columns.confidence,
            cell: (mark) => (mark.confidence === undefined ? text.none : `${number(mark.confidence * 100)} %`),
          },
          {
            id: "suggestion",
            header: columns.suggestion,
            cell: (mark) => (mark.suggestion ? <Advice suggestion={mark.suggestion} /> : text.none),
          },
        ]}
      />
    </SpaceBetween>
  );
}

/** What to do about what was found. */
export function Advice({ suggestion }: { suggestion: string }) {
  return <StatusIndicator type={INDICATORS[suggestion] ?? "info"}>{text.suggestions[suggestion] ?? suggestion}</StatusIndicator>;
}

function toldOf(mark: Mark): string {
  const sure = mark.confidence === undefined ? "" : ` (${number(mark.confidence * 100)} %)`;
  return `${mark.text ?? mark.label}${sure}, ${clock(mark.start)} – ${clock(mark.end)}`;
}

const LINE_STYLE = { display: "grid", gridTemplateColumns: "110px 1fr", alignItems: "center", gap: 12 } as const;
const TRACK_STYLE = {
  position: "relative",
  height: 20,
  borderRadius: 4,
  background: TRACK,
  boxShadow: `inset 0 0 0 1px ${LINE}`,
} as const;

const stretch = (mark: Mark, seconds: number) =>
  ({
    position: "absolute",
    left: `${(100 * mark.start) / seconds}%`,
    width: `max(4px, ${(100 * (mark.end - mark.start)) / seconds}% - 1px)`,
    height: "100%",
    padding: 0,
    border: 0,
    borderRadius: 3,
    cursor: "pointer",
    background: COLOURS[mark.suggestion ?? ""] ?? BUSY,
  }) as const;
