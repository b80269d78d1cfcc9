import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, use } from "react";
import { IsCurrent } from "./isCurrent";

export interface EmptyStateProps {
  title: string;
  hint: ReactNode;
  action?: ReactNode;
}

/** An empty area that says what belongs there and how to get it. Appears only when the page shows the API's last response. */
export function EmptyState({ title, hint, action }: EmptyStateProps) {
  if (!use(IsCurrent)) return null;
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
