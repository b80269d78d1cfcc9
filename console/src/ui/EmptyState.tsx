import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, use } from "react";
import { Answered } from "./answered";

export interface EmptyProps {
  title: string;
  hint: ReactNode;
  action?: ReactNode;
}

/** An empty place that says what belongs there, and how to get it. Shows nothing unless the API's last answer is on the page. */
export function Empty({ title, hint, action }: EmptyProps) {
  if (!use(Answered)) return null;
  return (
    <Box textAlign="center" padding={{ vertical: "l" }} color="inherit">
      <SpaceBetween size="s">
        <Box variant="strong" color="inherit">
          {title}
        </Box>
        <Box variant="p" color="inherit">
          {hint}
        </Box>
        {action}
      </SpaceBetween>
    </Box>
  );
}
