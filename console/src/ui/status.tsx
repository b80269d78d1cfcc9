/** The status of a task or a subtask as a word and a color. A subtask that did nothing is never green. */

import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { DisplayStatus, Outcome, Subtask, Task } from "../api/types";
import * as text from "../strings";

const OUTCOMES: Record<Outcome, StatusIndicatorProps.Type> = {
  SUCCEEDED: "success",
  PARTIALLY_FAILED: "warning",
  FAILED: "error",
  ENDED: "stopped",
};

const INDICATORS: Record<DisplayStatus, StatusIndicatorProps.Type> = {
  WAITING: "pending",
  RETRYING: "pending",
  IN_PROGRESS: "in-progress",
  SUCCESSFUL: "success",
  FAILED: "error",
  SKIPPED: "not-started",
  CANCELED: "stopped",
};

/** Return the status of a subtask as people see it. */
export function displayStatus(subtask: Pick<Subtask, "status" | "skipped" | "error" | "retryAt">): DisplayStatus {
  const code = subtask.error?.code ?? "";
  if (subtask.skipped || code.startsWith("Skipped.")) return "SKIPPED";
  if (code.startsWith("Canceled.")) return "CANCELED";
  return subtask.status === "WAITING" && subtask.retryAt ? "RETRYING" : subtask.status;
}

export function TaskStatusLabel({ task }: { task: Pick<Task, "status" | "outcome" | "progress"> }) {
  if (task.outcome) return <StatusIndicator type={OUTCOMES[task.outcome]}>{text.outcomes[task.outcome]}</StatusIndicator>;
  if (task.status === "IN_PROGRESS") {
    return <StatusIndicator type="in-progress">{text.inProgress(task.progress)}</StatusIndicator>;
  }
  return <StatusIndicator type="pending">{text.taskStatuses.WAITING}</StatusIndicator>;
}

export function SubtaskStatusLabel({ subtask }: { subtask: Subtask }) {
  const status = displayStatus(subtask);
  return <StatusIndicator type={INDICATORS[status]}>{text.subtaskStatuses[status]}</StatusIndicator>;
}
