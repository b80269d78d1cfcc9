/** What one may do with a task, and why not: the same words in the list and on the task's own page. */

import type { ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown";
import { api, take } from "../../api/client";
import type { BulkAction, BulkPage, BulkResult, Task, TaskFilter, TaskStatus } from "../../api/types";
import { text } from "../../strings";

export const MOVES: readonly BulkAction[] = ["RESTART", "RESTART_FAILED", "END", "CANCEL"];
const MOST = 100; // tasks in one call of the API
// A task goes through them in this order, so one that goes on meanwhile is met at the next.
const STATUSES: readonly TaskStatus[] = ["WAITING", "IN_PROGRESS", "COMPLETED"];

/** What is moved: tasks by their IDs, or all that pass a filter, whose `description` is for a reader. */
export type Target = { taskIds: readonly string[] } | { filter: TaskFilter; description: string };

/** Hears how many tasks were moved and how many refused so far; says whether to go on. */
export type Watch = (done: number, refused: number) => boolean;

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

/** Return one move as a menu's item, disabled with the reason when it is not for this task. */
export function moveItem(action: BulkAction, task: Pick<Task, "status" | "outcome">): ButtonDropdownProps.Item {
  const reason = refusal(action, task);
  return { id: action, text: text.moves.names[action], disabled: reason !== undefined, disabledReason: reason };
}

/** Return a filter for each status in which an action is for the tasks that pass it: the others are not even tried. */
export function narrowed(action: BulkAction, filter: TaskFilter): TaskFilter[] {
  const outcome = filter.outcome ?? null;
  const asked = outcome ? "COMPLETED" : filter.status;
  const able = (status: TaskStatus) => (asked ?? status) === status && refusal(action, { status, outcome }) === undefined;
  return STATUSES.filter(able).map((status) => ({ ...filter, status }));
}

/** Do the same with each of the tasks, some at a time, and yield what became of those. */
export async function* act(action: BulkAction, target: Target): AsyncGenerator<BulkResult[]> {
  for (const some of "filter" in target ? narrowed(action, target.filter).map((filter) => ({ filter })) : portions(target.taskIds)) {
    let nextToken: string | null = null;
    do {
      const page: BulkPage = await take(api.POST("/tasks/bulk", { body: { action, ...some, nextToken } }));
      yield page.results;
      nextToken = page.nextToken;
    } while (nextToken);
  }
}

const portions = (taskIds: readonly string[]) =>
  Array.from({ length: Math.ceil(taskIds.length / MOST) }, (_, no) => ({ taskIds: taskIds.slice(no * MOST, (no + 1) * MOST) }));
