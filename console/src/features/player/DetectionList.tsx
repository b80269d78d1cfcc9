import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { clock, humanize, number } from "../../format";
import * as text from "../../strings";
import { BAD, BUSY, CAUTION, GOOD, LINE, TRACK } from "../../ui/colors";
import { DataTable } from "../../ui/DataTable";
import type { Detection } from "./detections";

const ROWS = 10;
const COLORS: Record<string, string> = {
  PASS: GOOD,
  REVIEW: CAUTION,
  BLOCK: BAD,
};
const INDICATORS: Record<string, StatusIndicatorProps.Type> = { PASS: "success", REVIEW: "warning", BLOCK: "error" };

interface Props {
  detections: readonly Detection[];
  seconds: number;
  onSeek: (to: number) => void;
}

/** Detections: a track for each category along the timeline, and a table. A click seeks to the detection. */
export function DetectionList({ detections, seconds, onSeek }: Props) {
  const [page, setPage] = useState(1);
  const categories = [...new Set(detections.map((detection) => detection.category))];
  const { columns } = text.detections;
  return (
    <SpaceBetween size="s">
      {categories.map((category) => (
        <div key={category} role="group" aria-label={humanize(category)} style={LINE_STYLE}>
          <Box variant="small">{humanize(category)}</Box>
          <div style={TRACK_STYLE}>
            {detections
              .filter((detection) => detection.category === category)
              .map((detection) => (
                <button
                  key={`${detection.start}-${detection.end}-${detection.label}`}
                  type="button"
                  title={describe(detection)}
                  aria-label={text.detections.seek(describe(detection))}
                  onClick={() => onSeek(detection.start)}
                  style={markAt(detection, seconds)}
                />
              ))}
          </div>
        </div>
      ))}
      <DataTable<Detection>
        variant="borderless"
        contentDensity="compact"
        items={detections.slice((page - 1) * ROWS, page * ROWS)}
        trackBy={(detection) => `${detection.category}${detection.start}${detection.label}`}
        ariaLabels={{ tableLabel: text.detections.title }}
        pagination={
          detections.length > ROWS && (
            <Pagination
              currentPageIndex={page}
              pagesCount={Math.ceil(detections.length / ROWS)}
              onChange={(event) => setPage(event.detail.currentPageIndex)}
              ariaLabels={text.pagination}
            />
          )
        }
        columnDefinitions={[
          {
            id: "time",
            header: columns.time,
            minWidth: 160, // one line
            cell: (detection) => (
              <Button variant="inline-link" onClick={() => onSeek(detection.start)} ariaLabel={text.detections.seek(describe(detection))}>
                {`${clock(detection.start)} – ${clock(detection.end)}`}
              </Button>
            ),
          },
          { id: "category", header: columns.category, cell: (detection) => humanize(detection.category) },
          { id: "label", header: columns.label, isRowHeader: true, cell: (detection) => detection.label },
          { id: "text", header: columns.text, cell: (detection) => detection.text ?? text.none },
          {
            id: "confidence",
            header: columns.confidence,
            cell: (detection) => (detection.confidence === undefined ? text.none : text.percent(number(detection.confidence * 100))),
          },
          {
            id: "suggestion",
            header: columns.suggestion,
            cell: (detection) => (detection.suggestion ? <SuggestionLabel suggestion={detection.suggestion} /> : text.none),
          },
        ]}
      />
    </SpaceBetween>
  );
}

/** The suggested reaction to a detection. */
export function SuggestionLabel({ suggestion }: { suggestion: string }) {
  return <StatusIndicator type={INDICATORS[suggestion] ?? "info"}>{text.suggestions[suggestion] ?? suggestion}</StatusIndicator>;
}

function describe(detection: Detection): string {
  const confidence = detection.confidence === undefined ? "" : ` (${text.percent(number(detection.confidence * 100))})`;
  return `${detection.text ?? detection.label}${confidence}, ${clock(detection.start)} – ${clock(detection.end)}`;
}

const LINE_STYLE = { display: "grid", gridTemplateColumns: "110px 1fr", alignItems: "center", gap: 12 } as const;
const TRACK_STYLE = {
  position: "relative",
  height: 20,
  borderRadius: 4,
  background: TRACK,
  boxShadow: `inset 0 0 0 1px ${LINE}`,
} as const;

const markAt = (detection: Detection, seconds: number) =>
  ({
    position: "absolute",
    left: `${(100 * detection.start) / seconds}%`,
    width: `max(4px, ${(100 * (detection.end - detection.start)) / seconds}% - 1px)`,
    height: "100%",
    padding: 0,
    border: 0,
    borderRadius: 3,
    cursor: "pointer",
    background: COLORS[detection.suggestion ?? ""] ?? BUSY,
  }) as const;
