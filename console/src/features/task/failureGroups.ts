/** What failed, grouped by its cause, with what a person can do about it. Pure. */

import type { Subtask } from "../../api/types";
import { text } from "../../strings";

export interface FailureGroup {
  code: string;
  message: string;
  fix: string;
  subtasks: Subtask[];
  /** Subtasks that never began, since one of these failed. */
  skipped: Subtask[];
}

/** Return the failures by cause, the first subtask's first; what was cancelled by a person is none. */
export function failuresOf(subtasks: readonly Subtask[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const subtask of subtasks) {
    const { error } = subtask;
    if (!error || error.code.startsWith("Skipped.") || error.code.startsWith("Cancelled.")) continue;
    const key = `${error.code}\n${error.message}`;
    const group = groups.get(key) ?? { ...error, fix: fixOf(error.code), subtasks: [], skipped: [] };
    group.subtasks.push(subtask);
    groups.set(key, group);
  }
  for (const group of groups.values()) group.skipped = skippedBy(group.subtasks, subtasks);
  return [...groups.values()];
}

function skippedBy(failed: readonly Subtask[], all: readonly Subtask[]): Subtask[] {
  const doomed = new Set(failed.map((one) => one.no));
  let before = 0;
  while (before !== doomed.size) {
    before = doomed.size;
    for (const one of all) if (one.needs.some((no) => doomed.has(no))) doomed.add(one.no);
  }
  return all.filter((one) => doomed.has(one.no) && one.error?.code.startsWith("Skipped."));
}

/** Return what to do about an error: by its code, or else by its kind. */
export function fixOf(code: string): string {
  const fixes: Record<string, string> = text.fixes;
  return fixes[code] ?? fixes[code.split(".")[0] ?? ""] ?? text.fixes.InternalError;
}
