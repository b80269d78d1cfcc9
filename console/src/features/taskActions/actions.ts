/** The actions on tasks: which are possible, why the others aren't, and how to run them. */

import type { ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown";
import { api, unwrap } from "../../api/client";
import type { BulkAction, BulkPage, BulkResult, Task, TaskFilter, TaskStatus } from "../../api/types";
import * as text from "../../strings";

export const ACTIONS: readonly BulkAction[] = ["RESTART", "RESTART_FAILED", "END", "CANCEL"];
const BATCH = 100; // tasks in one call of the API
// Tasks pass through the statuses in this order, so a task that changes meanwhile is found under its next status.
const STATUSES: readonly TaskStatus[] = ["WAITING", "IN_PROGRESS", "COMPLETED"];

/** A task, in the run that the person sees: an action on an earlier run than the newest is refused. */
export type ChosenTask = Pick<Task, "taskId" | "run">;

/** The tasks to act on: some, or all that match a filter. `description` shows the filter to people. */
export type Target = { tasks: readonly ChosenTask[] } | { filter: TaskFilter; description: string };

/** Receives how many tasks were changed and rejected so far; returns whether to continue. */
export type OnProgress = (changed: number, rejected: number) => boolean;

/** Return why an action isn't possible for a task now; undefined if it is. */
export function ineligibility(action: BulkAction, task: Pick<Task, "status" | "outcome">): string | undefined {
  switch (action) {
    case "RESTART":
      return task.status === "COMPLETED" ? undefined : text.taskActions.onlyCompleted(text.taskStatuses[task.status]);
    case "RESTART_FAILED":
      if (task.status !== "COMPLETED") return text.taskActions.onlyCompleted(text.taskStatuses[task.status]);
      return task.outcome === "SUCCEEDED" ? text.taskActions.nothingFailed : undefined;
    case "END":
      if (task.status === "WAITING") return undefined;
      return task.status === "COMPLETED" ? text.taskActions.endCompleted : text.taskActions.endInProgress;
    case "CANCEL":
      return task.status === "COMPLETED" ? text.taskActions.alreadyCompleted : undefined;
  }
}

/** Return an action as a menu item, disabled with the reason if it isn't possible for the task. */
export function menuItemOf(action: BulkAction, task: Pick<Task, "status" | "outcome">): ButtonDropdownProps.Item {
  const reason = ineligibility(action, task);
  return { id: action, text: text.taskActions.names[action], disabled: reason !== undefined, disabledReason: reason };
}

/** Return a filter for each status in which an action is possible for the tasks that match. */
export function splitByStatus(action: BulkAction, filter: TaskFilter): TaskFilter[] {
  const outcome = filter.outcome ?? null;
  const onlyStatus = outcome ? "COMPLETED" : filter.status;
  const isEligible = (status: TaskStatus) => (onlyStatus ?? status) === status && ineligibility(action, { status, outcome }) === undefined;
  return STATUSES.filter(isEligible).map((status) => ({ ...filter, status }));
}

/** Run an action on the tasks in batches, and yield the results of each batch. */
export async function* runAction(action: BulkAction, target: Target): AsyncGenerator<BulkResult[]> {
  const batches =
    "filter" in target ? splitByStatus(action, target.filter).map((filter) => ({ filter })) : batchesOf(target.tasks);
  for (const batch of batches) {
    let nextToken: string | null = null;
    do {
      const page: BulkPage = await unwrap(api.POST("/tasks/bulk", { body: { action, ...batch, nextToken } }));
      yield page.results;
      nextToken = page.nextToken;
    } while (nextToken);
  }
}

const batchesOf = (tasks: readonly ChosenTask[]) =>
  Array.from({ length: Math.ceil(tasks.length / BATCH) }, (_, no) => {
    const batch = tasks.slice(no * BATCH, (no + 1) * BATCH);
    return { taskIds: batch.map((task) => task.taskId), runs: Object.fromEntries(batch.map((task) => [task.taskId, task.run])) };
  });
