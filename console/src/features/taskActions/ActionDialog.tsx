import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useRef, useState } from "react";
import type { BulkAction } from "../../api/types";
import * as text from "../../strings";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import type { OnProgress, Target } from "./actions";

interface Props {
  action: BulkAction;
  target: Target;
  run: (onProgress: OnProgress) => Promise<void>;
  onClose: () => void;
}

/** Asks for confirmation. For all tasks that match a filter, it also shows the progress and a Stop button. */
export default function ActionDialog({ action, target, run, onClose }: Props) {
  const [progress, setProgress] = useState<string>();
  const stopped = useRef(false);
  const ids = "tasks" in target ? target.tasks.map((task) => task.taskId) : undefined;
  const onProgress: OnProgress = (changed, rejected) => {
    setProgress(text.taskActions.progress(changed, rejected));
    return !stopped.current;
  };
  return (
    <ConfirmDialog
      title={text.taskActions.question(action, ids)}
      label={text.taskActions.confirm(action, ids?.length === 1)}
      back={action === "CANCEL" ? text.taskActions.keep(ids?.length === 1) : undefined}
      onConfirm={() => {
        stopped.current = false;
        return run(onProgress);
      }}
      onStop={ids ? undefined : () => (stopped.current = true)}
      onClose={onClose}
      content={
        <SpaceBetween size="m">
          {text.taskActions.effects[action]}
          {"filter" in target && (
            <div>
              {text.taskActions.matching}
              <Box variant="strong" display="block">
                {target.description}
              </Box>
            </div>
          )}
          <div role="status">{progress && <StatusIndicator type="loading">{progress}</StatusIndicator>}</div>
        </SpaceBetween>
      }
    />
  );
}
