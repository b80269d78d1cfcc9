/** Failures grouped by cause, with their remedies. Pure. */

import type { Subtask } from "../../api/types";
import * as text from "../../strings";

export interface FailureGroup {
  code: string;
  message: string;
  remedy: string;
  subtasks: Subtask[];
  /** Subtasks that were skipped because one of these failed. */
  skipped: Subtask[];
}

/** Return the failures by cause, in the order of the subtasks. Canceled subtasks don't count. */
export function groupFailures(subtasks: readonly Subtask[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const subtask of subtasks) {
    const { error } = subtask;
    if (!error || error.code.startsWith("Skipped.") || error.code.startsWith("Canceled.")) continue;
    const key = `${error.code}\n${error.message}`;
    const group = groups.get(key) ?? { ...error, remedy: remedyFor(error.code), subtasks: [], skipped: [] };
    group.subtasks.push(subtask);
    groups.set(key, group);
  }
  for (const group of groups.values()) group.skipped = skippedBy(group.subtasks, subtasks);
  return [...groups.values()];
}

function skippedBy(failed: readonly Subtask[], all: readonly Subtask[]): Subtask[] {
  const affected = new Set(failed.map((one) => one.no));
  let before = 0;
  while (before !== affected.size) {
    before = affected.size;
    for (const one of all) if (one.needs.some((no) => affected.has(no))) affected.add(one.no);
  }
  return all.filter((one) => affected.has(one.no) && one.error?.code.startsWith("Skipped."));
}

/** Return the remedy for an error code, or else for its first part. */
export function remedyFor(code: string): string {
  const remedies: Record<string, string> = text.remedies;
  return remedies[code] ?? remedies[code.split(".")[0] ?? ""] ?? text.remedies.InternalError;
}
