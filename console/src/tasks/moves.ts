/** What one may do with a task, and why not: the same words in the list and on the task's own page. */

import { api, take } from "../api/client";
import type { BulkAction, BulkResult, Task } from "../api/types";
import { text } from "../strings";

const MOST = 100; // tasks in one call of the API

/** Return why an action is not for this task now; undefined when it is. */
export function refusal(action: BulkAction, task: Pick<Task, "status" | "outcome">): string | undefined {
  switch (action) {
    case "RESTART":
      return task.status === "COMPLETED" ? undefined : text.moves.restartRefused(text.statuses[task.status]);
    case "RESTART_FAILED":
      if (task.status !== "COMPLETED") return text.moves.restartRefused(text.statuses[task.status]);
      return task.outcome === "SUCCEEDED" ? text.moves.nothingFailed : undefined;
    case "END":
      return task.status === "WAITING" ? undefined : text.moves.endRefused(text.statuses[task.status]);
    case "CANCEL":
      return task.status === "COMPLETED" ? text.moves.cancelRefused : undefined;
  }
}

/** Do the same with each of these tasks, and say what became of each. */
export async function act(action: BulkAction, taskIds: readonly string[]): Promise<BulkResult[]> {
  const results: BulkResult[] = [];
  for (let from = 0; from < taskIds.length; from += MOST) {
    const page = await take(api.POST("/tasks/bulk", { body: { action, taskIds: taskIds.slice(from, from + MOST) } }));
    results.push(...page.results);
  }
  return results;
}
