/** How a task or a subtask stands, in one word and colour: what did nothing is never green. */

import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { Outcome, Standing, Subtask, Task } from "../api/types";
import { text } from "../strings";

const OUTCOMES: Record<Outcome, StatusIndicatorProps.Type> = {
  SUCCEEDED: "success",
  PARTIALLY_FAILED: "warning",
  FAILED: "error",
  ENDED: "stopped",
};

const STANDINGS: Record<Standing, StatusIndicatorProps.Type> = {
  WAITING: "pending",
  RETRYING: "pending",
  IN_PROGRESS: "in-progress",
  SUCCESSFUL: "success",
  FAILED: "error",
  SKIPPED: "not-started",
  CANCELLED: "stopped",
};

/** Return how a subtask stands, for a person. */
export function standing(subtask: Pick<Subtask, "status" | "skipped" | "error" | "retryAt">): Standing {
  const code = subtask.error?.code ?? "";
  if (subtask.skipped || code.startsWith("Skipped.")) return "SKIPPED";
  if (code.startsWith("Cancelled.")) return "CANCELLED";
  return subtask.status === "WAITING" && subtask.retryAt ? "RETRYING" : subtask.status;
}

export function TaskStatusLabel({ task }: { task: Pick<Task, "status" | "outcome" | "progress"> }) {
  if (task.outcome) return <StatusIndicator type={OUTCOMES[task.outcome]}>{text.outcomes[task.outcome]}</StatusIndicator>;
  if (task.status === "IN_PROGRESS") {
    return <StatusIndicator type="in-progress">{text.running(task.progress)}</StatusIndicator>;
  }
  return <StatusIndicator type="pending">{text.statuses.WAITING}</StatusIndicator>;
}

export function SubtaskStatusLabel({ subtask }: { subtask: Subtask }) {
  const stands = standing(subtask);
  return <StatusIndicator type={STANDINGS[stands]}>{text.standings[stands]}</StatusIndicator>;
}
