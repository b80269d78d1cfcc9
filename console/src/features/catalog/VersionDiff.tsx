/** Two versions of a document, line by line: what was added, and what was taken away. */

import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { structuredPatch, type StructuredPatchHunk } from "diff";
import { usePolled } from "../../api/usePolled";
import { text } from "../../strings";
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

export function Difference({ address, from, to, read }: Props) {
  const found = usePolled(
    `${address}#${from}#${to}`,
    (signal) => Promise.all([read(from, signal), read(to, signal)]),
    () => null, // a version never changes
  );
  return <Loaded polled={found}>{([before, after]) => <Patch hunks={structuredPatch("", "", before, after).hunks} />}</Loaded>;
}

function Patch({ hunks }: { hunks: readonly StructuredPatchHunk[] }) {
  if (!hunks.length) return <Box color="text-status-inactive">{text.versions.same}</Box>;
  const lines = hunks.flatMap((hunk) => hunk.lines);
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
  return (
    <SpaceBetween size="xs">
      <Box>{text.versions.counts(count("+"), count("-"))}</Box>
      {/* What scrolls must be reached by the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div tabIndex={0} role="region" aria-label={text.versions.difference} style={FRAME}>
        <Box variant="pre">
          <div style={{ width: "max-content", minWidth: "100%" }}>
            {hunks.map((hunk, place) => (
              <div key={hunk.newStart} style={place ? APART : undefined}>
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

/** A line of a patch: its sign stays, since not everybody sees its colour. */
function Line({ line }: { line: string }) {
  if (line.startsWith("+")) return <ins style={{ ...WHOLE, background: ADDED }}>{line}</ins>;
  if (line.startsWith("-")) return <del style={{ ...WHOLE, background: REMOVED }}>{line}</del>;
  return <span style={WHOLE}>{line}</span>;
}

const FRAME = { maxHeight: 480, overflow: "auto", paddingBlockEnd: 12, borderRadius: 8, background: TRACK } as const;
const APART = { marginBlockStart: 8, paddingBlockStart: 8, borderBlockStart: `1px dashed ${LINE}` } as const;
const WHOLE = { display: "block", padding: "0 12px", textDecoration: "none" } as const;
