import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useRef, useState } from "react";
import type { BulkAction } from "../../api/types";
import { text } from "../../strings";
import { Confirm } from "../../ui/ConfirmDialog";
import type { Target, Watch } from "./actions";

interface Props {
  action: BulkAction;
  target: Target;
  move: (watch: Watch) => Promise<void>;
  onClose: () => void;
}

/** Asks before tasks are moved; of a filter's it shows how far that is, and stops it. */
export default function MoveDialog({ action, target, move, onClose }: Props) {
  const [soFar, setSoFar] = useState<string>();
  const stopped = useRef(false);
  const ids = "taskIds" in target ? target.taskIds : undefined;
  const watch: Watch = (done, refused) => {
    setSoFar(text.moves.soFar(done, refused));
    return !stopped.current;
  };
  return (
    <Confirm
      title={text.moves.sure(action, ids)}
      label={text.moves.go(action, ids?.length === 1)}
      back={text.moves.back}
      act={() => {
        stopped.current = false;
        return move(watch);
      }}
      onStop={ids ? undefined : () => (stopped.current = true)}
      onClose={onClose}
      what={
        <SpaceBetween size="m">
          {text.moves.effects[action]}
          {"filter" in target && (
            <div>
              {text.moves.passing}
              <Box variant="strong" display="block">
                {target.description}
              </Box>
            </div>
          )}
          <div role="status">{soFar && <StatusIndicator type="loading">{soFar}</StatusIndicator>}</div>
        </SpaceBetween>
      }
    />
  );
}
