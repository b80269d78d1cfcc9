/** Restart, End and Cancel: asks for confirmation, runs the action and reports the results as notifications. */

import { lazy, type ReactNode, Suspense, useState } from "react";
import type { BulkAction, BulkResult } from "../../api/types";
import * as text from "../../strings";
import { useNotifications } from "../../ui/notifications";
import { type OnProgress, runAction, type Target } from "./actions";

// Both appear after a click only.
const ActionDialog = lazy(() => import("./ActionDialog"));
const RejectedTasks = lazy(() => import("./RejectedTasks"));

interface Request {
  action: BulkAction;
  target: Target;
  then?: () => void;
}

interface TaskActions {
  busy: boolean;
  /** Run an action. Ask for confirmation first if it can't be undone or affects several tasks. */
  request: (action: BulkAction, target: Target, then?: () => void) => void;
  /** Render these on the page that requests actions. */
  dialogs: ReactNode;
}

/** Return the way to run actions on tasks; `onDone` is called when the tasks may have changed. */
export function useTaskActions(onDone: () => void): TaskActions {
  const { notify, notifyError } = useNotifications();
  const [unconfirmed, setUnconfirmed] = useState<Request>();
  const [busy, setBusy] = useState(false);
  const [rejected, setRejected] = useState<readonly BulkResult[]>([]);

  const run = async ({ action, target, then }: Request, onProgress: OnProgress = () => true) => {
    const done: BulkResult[] = [];
    const failed: BulkResult[] = [];
    let stopped = false;
    setBusy(true);
    try {
      for await (const results of runAction(action, target)) {
        for (const one of results) (one.error ? failed : done).push(one);
        stopped = !onProgress(done.length, failed.length);
        if (stopped) break;
      }
      if (!done.length && !failed.length) notify("info", text.taskActions.noneEligible(action));
    } finally {
      const [first] = done;
      const header = stopped ? text.taskActions.stopped : undefined;
      if (first) notify(stopped ? "info" : "success", text.taskActions.done(action, done.length, first.taskId), header);
      if (failed.length === 1 && !done.length) notify("error", failed[0]?.error?.message);
      else setRejected(failed);
      setBusy(false);
      onDone();
      then?.();
    }
  };

  const request: TaskActions["request"] = (action, target, then) => {
    const isRestart = action === "RESTART" || action === "RESTART_FAILED";
    if (isRestart && "tasks" in target && target.tasks.length === 1) void run({ action, target, then }).catch(notifyError);
    else setUnconfirmed({ action, target, then });
  };

  const dialogs = (
    <Suspense>
      {unconfirmed && (
        <ActionDialog
          action={unconfirmed.action}
          target={unconfirmed.target}
          run={(onProgress) => run(unconfirmed, onProgress)}
          onClose={() => setUnconfirmed(undefined)}
        />
      )}
      {rejected.length > 0 && <RejectedTasks rejected={rejected} onClose={() => setRejected([])} />}
    </Suspense>
  );
  return { busy, request, dialogs };
}
