import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import * as text from "../strings";
import { TRACK } from "./colors";
import { CopyButton } from "./CopyButton";

const MAX_HEIGHT = 360; // px

/** Preformatted text that scrolls and can be copied. Labels must be unique on a page. */
export function CodeBlock({ children, label, copy = text.copying.copy }: { children: string; label: string; copy?: string }) {
  return (
    <SpaceBetween size="xs">
      {/* A scrolling region must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div tabIndex={0} role="region" aria-label={label} style={FRAME}>
        <Box variant="pre">{children}</Box>
      </div>
      <CopyButton label={copy} value={children} />
    </SpaceBetween>
  );
}

/** Any value as JSON. */
export function JsonBlock({ value, label }: { value: unknown; label: string }) {
  return (
    <CodeBlock label={label} copy={text.copying.json}>
      {JSON.stringify(value, null, 2)}
    </CodeBlock>
  );
}

const FRAME = {
  maxHeight: MAX_HEIGHT,
  overflow: "auto",
  padding: "8px 12px",
  borderRadius: 8,
  background: TRACK,
} as const;
