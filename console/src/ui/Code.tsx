import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { text } from "../strings";
import { Copy } from "./CopyButton";
import { TRACK } from "./colors";

const HIGHEST = 360; // px

/** Text for machines: it keeps its lines, scrolls, and can be copied. No two on a page may have the same label. */
export function Code({ children, label, copy = text.copy }: { children: string; label: string; copy?: string }) {
  return (
    <SpaceBetween size="xs">
      {/* What scrolls must be reached by the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div tabIndex={0} role="region" aria-label={label} style={FRAME}>
        <Box variant="pre">{children}</Box>
      </div>
      <Copy label={copy} what={children} />
    </SpaceBetween>
  );
}

/** Any value as JSON. */
export function Json({ value, label }: { value: unknown; label: string }) {
  return (
    <Code label={label} copy={text.copyJson}>
      {JSON.stringify(value, null, 2)}
    </Code>
  );
}

const FRAME = {
  maxHeight: HIGHEST,
  overflow: "auto",
  padding: "8px 12px",
  borderRadius: 8,
  background: TRACK,
} as const;
