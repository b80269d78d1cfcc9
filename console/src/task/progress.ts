/** How long what runs will still take. Pure. */

import type { Subtask } from "../api/types";
import { secondsBetween } from "../format";

const ENOUGH = 4; // percent: earlier, the speed is a guess

/** Return the seconds that are left, by the speed so far; undefined while nobody can say. */
export function secondsLeft(subtask: Pick<Subtask, "status" | "progress" | "startedAt">, now: number): number | undefined {
  const { status, progress, startedAt } = subtask;
  if (status !== "IN_PROGRESS" || !startedAt || progress < ENOUGH || progress >= 100) return undefined;
  const spent = secondsBetween(startedAt, now);
  return (spent * (100 - progress)) / progress;
}

export interface Span {
  /** Epoch milliseconds since which nothing but a worker was missing; undefined when that is not known. */
  ready: number | undefined;
  started: number | undefined;
  ended: number | undefined;
}

/** Return when a subtask was ready, began and ended. `begun` is when its run was asked for, if that is known. */
export function spanOf(subtask: Subtask, all: readonly Subtask[], begun: number | undefined): Span {
  const at = (iso: string | null) => (iso ? new Date(iso).getTime() : undefined);
  const freed = subtask.needs.map((no) => at(all.find((one) => one.no === no)?.endedAt ?? null));
  const ready = freed.length
    ? freed.every((time) => time !== undefined) ? Math.max(...freed) : undefined
    : begun;
  return { ready, started: at(subtask.startedAt), ended: at(subtask.endedAt) };
}
