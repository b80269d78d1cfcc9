import type { BulkAction } from "../api/types";
import { count } from "./count";

const names: Record<BulkAction, string> = {
  RESTART: "Restart",
  RESTART_FAILED: "Restart failed subtasks",
  END: "End",
  CANCEL: "Cancel",
};

const done: Record<BulkAction, string> = {
  RESTART: "restarted",
  RESTART_FAILED: "restarted",
  END: "ended",
  CANCEL: "canceled",
};

/** Say whose subtasks are meant, if only some are. */
const subject = (action: BulkAction, tasks: string) =>
  action === "RESTART_FAILED" ? `failed subtasks of ${tasks}` : tasks;
const capitalize = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

export const taskActions = {
  names,
  withCount: (action: BulkAction, number: number | string) => `${names[action]} (${number})`,
  all: "all",
  question: (action: BulkAction, ids?: readonly string[]) => {
    const tasks = !ids ? "all matching tasks" : ids.length === 1 ? `task ${ids[0] ?? ""}` : `${ids.length} tasks`;
    return action === "RESTART_FAILED" ? `Restart the ${subject(action, tasks)}?` : `${names[action]} ${tasks}?`;
  },
  confirm: (action: BulkAction, one: boolean) =>
    action === "RESTART_FAILED" ? names[action] : `${names[action]} ${one ? "task" : "tasks"}`,
  keep: (one: boolean) => (one ? "Keep task" : "Keep tasks"),
  effects: {
    RESTART: "Starts a new run of all subtasks. Output files of earlier runs are kept.",
    RESTART_FAILED:
      "Starts a new run of the failed subtasks and those that depend on them. Successful results are reused.",
    END: "Ends the task before any subtask starts. You can restart it later.",
    CANCEL: "Stops running subtasks and discards their work. Finished subtasks keep their files.",
  } satisfies Record<BulkAction, string>,
  matching: "Applies to every eligible task on all pages that matches:",
  progress: (changed: number, rejected: number) =>
    `${count(changed, "task")} so far${rejected ? `, ${rejected} not changed` : ""}`,
  noneEligible: (action: BulkAction) => `No matching task can be ${done[action]}.`,
  stopped: "Stopped early",
  selectFirst: "Select one or more tasks first.",
  onlyCompleted: (status: string) =>
    `Only completed tasks can be restarted. This task is ${status.toLowerCase()}.`,
  nothingFailed: "This task has no failed subtasks.",
  endInProgress: "Only waiting tasks can be ended. This task is in progress. Use Cancel instead.",
  endCompleted: "Only waiting tasks can be ended. This task is completed.",
  alreadyCompleted: "This task is already completed.",
  done: (action: BulkAction, number: number, id: string) =>
    `${capitalize(subject(action, number === 1 ? `task ${id}` : `${number} tasks`))} ${done[action]}.`,
  rejected: (number: number) => `${count(number, "task")} ${number === 1 ? "was" : "were"} not changed`,
  more: (number: number) => `and ${number} more`,
};
