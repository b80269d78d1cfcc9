/** Restart, End and Cancel, with what became of each task told at the top of the page. */

import { lazy, type ReactNode, Suspense, useState } from "react";
import type { BulkAction, BulkResult } from "../../api/types";
import { text } from "../../strings";
import { useNotices } from "../../ui/notifications";
import { act, type Target, type Watch } from "./actions";

// Both come after a click, the list without any.
const MoveDialog = lazy(() => import("./ActionDialog"));
const RefusedTasks = lazy(() => import("./RejectedTasks"));

interface Asked {
  action: BulkAction;
  target: Target;
  then?: () => void;
}

interface Moves {
  busy: boolean;
  /** Move tasks, after a question if that can't be taken back or concerns many. */
  ask: (action: BulkAction, target: Target, then?: () => void) => void;
  /** To be shown beside what asks. */
  dialogs: ReactNode;
}

/** Return the way to move tasks; `moved` hears when it is time to look again. */
export function useMoves(moved: () => void): Moves {
  const { tell, fail } = useNotices();
  const [asked, setAsked] = useState<Asked>();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<readonly BulkResult[]>([]);

  const move = async ({ action, target, then }: Asked, watch: Watch = () => true) => {
    const done: BulkResult[] = [];
    const failed: BulkResult[] = [];
    let stopped = false;
    setBusy(true);
    try {
      for await (const results of act(action, target)) {
        for (const one of results) (one.error ? failed : done).push(one);
        stopped = !watch(done.length, failed.length);
        if (stopped) break;
      }
      if (!done.length && !failed.length) tell("info", text.moves.nothing);
    } finally {
      const [first] = done;
      const header = stopped ? text.moves.stopped : undefined;
      if (first) tell(stopped ? "info" : "success", text.moves.done(action, done.length, first.taskId), header);
      if (failed.length === 1 && !done.length) tell("error", failed[0]?.error?.message);
      else setRefused(failed);
      setBusy(false);
      moved();
      then?.();
    }
  };

  const ask: Moves["ask"] = (action, target, then) => {
    const restart = action === "RESTART" || action === "RESTART_FAILED";
    if (restart && "taskIds" in target && target.taskIds.length === 1) void move({ action, target, then }).catch(fail);
    else setAsked({ action, target, then });
  };

  const dialogs = (
    <Suspense>
      {asked && (
        <MoveDialog
          action={asked.action}
          target={asked.target}
          move={(watch) => move(asked, watch)}
          onClose={() => setAsked(undefined)}
        />
      )}
      {refused.length > 0 && <RefusedTasks failed={refused} onClose={() => setRefused([])} />}
    </Suspense>
  );
  return { busy, ask, dialogs };
}
