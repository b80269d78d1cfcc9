/** Estimates and times of subtasks. Pure. */

import type { Subtask } from "../../api/types";
import { secondsBetween } from "../../format";

const IN_MINUTES = 120; // seconds
const MIN_PROGRESS = 4; // percent: below that, the speed is a guess

/** Return the remaining seconds at the speed so far, rounded up to minutes if it is several; undefined while unknown. */
export function secondsLeft(subtask: Pick<Subtask, "status" | "progress" | "startedAt">, now: number): number | undefined {
  const { status, progress, startedAt } = subtask;
  if (status !== "IN_PROGRESS" || !startedAt || progress < MIN_PROGRESS || progress >= 100) return undefined;
  const left = (secondsBetween(startedAt, now) * (100 - progress)) / progress;
  const step = left > IN_MINUTES ? 60 : 1; // hides that the estimate grows between two reports
  return Math.ceil(left / step) * step;
}

export interface Span {
  /** When the subtask became ready to run, in epoch milliseconds; undefined until then. */
  ready: number | undefined;
  started: number | undefined;
  ended: number | undefined;
}

/** Return when a subtask was ready, started and ended in a run that was requested at `runStart`. */
export function spanOf(subtask: Subtask, all: readonly Subtask[], runStart: number): Span {
  if (subtask.carriedFrom) return { ready: undefined, started: undefined, ended: undefined };
  const at = (iso: string | null) => (iso ? new Date(iso).getTime() : undefined);
  const freed = subtask.needs.map((no) => at(all.find((one) => one.no === no)?.endedAt ?? null));
  const ready = freed.every((time) => time !== undefined) ? Math.max(runStart, ...freed) : undefined;
  return { ready, started: at(subtask.startedAt), ended: at(subtask.endedAt) };
}
