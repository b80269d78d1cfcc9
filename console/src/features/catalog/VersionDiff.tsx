/** The difference between two versions of a document, line by line. */

import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { structuredPatch, type StructuredPatchHunk } from "diff";
import { usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { LINE, TRACK } from "../../ui/colors";
import { Loaded } from "../../ui/Loaded";

const ADDED = "light-dark(#d6f2d5, #14401c)";
const REMOVED = "light-dark(#fbdad7, #561c1a)";

interface Props {
  address: string;
  from: number;
  to: number;
  read: (version: number, signal: AbortSignal) => Promise<string>;
}

export function VersionDiff({ address, from, to, read }: Props) {
  const contents = usePolled(
    `${address}#${from}#${to}`,
    (signal) => Promise.all([read(from, signal), read(to, signal)]),
    () => null, // a version never changes
  );
  return <Loaded polled={contents}>{([before, after]) => <Patch hunks={structuredPatch("", "", before, after).hunks} />}</Loaded>;
}

function Patch({ hunks }: { hunks: readonly StructuredPatchHunk[] }) {
  if (!hunks.length) return <Box color="text-status-inactive">{text.versions.same}</Box>;
  const lines = hunks.flatMap((hunk) => hunk.lines);
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
  return (
    <SpaceBetween size="xs">
      <Box>{text.versions.counts(count("+"), count("-"))}</Box>
      {/* A scrolling region must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div tabIndex={0} role="region" aria-label={text.versions.difference} style={FRAME}>
        <Box variant="pre">
          <div style={{ width: "max-content", minWidth: "100%" }}>
            {hunks.map((hunk, position) => (
              <div key={hunk.newStart} style={position ? SEPARATED : undefined}>
                {hunk.lines.map((line, index) => (
                  <Line key={index} line={line} />
                ))}
              </div>
            ))}
          </div>
        </Box>
      </div>
    </SpaceBetween>
  );
}

/** A line of a patch. The + or - stays, for people who can't see the colors. */
function Line({ line }: { line: string }) {
  if (line.startsWith("+")) return <ins style={{ ...LINE_STYLE, background: ADDED }}>{line}</ins>;
  if (line.startsWith("-")) return <del style={{ ...LINE_STYLE, background: REMOVED }}>{line}</del>;
  return <span style={LINE_STYLE}>{line}</span>;
}

const FRAME = { maxHeight: 480, overflow: "auto", paddingBlockEnd: 12, borderRadius: 8, background: TRACK } as const;
const SEPARATED = { marginBlockStart: 8, paddingBlockStart: 8, borderBlockStart: `1px dashed ${LINE}` } as const;
const LINE_STYLE = { display: "block", padding: "0 12px", textDecoration: "none" } as const;
