/** How long what runs will still take. Pure. */

import type { Subtask } from "../../api/types";
import { secondsBetween } from "../../format";

const IN_MINUTES = 120; // seconds
const ENOUGH = 4; // percent: earlier, the speed is a guess

/** Return the seconds that are left, by the speed so far, from some minutes on in minutes; undefined while nobody can say. */
export function secondsLeft(subtask: Pick<Subtask, "status" | "progress" | "startedAt">, now: number): number | undefined {
  const { status, progress, startedAt } = subtask;
  if (status !== "IN_PROGRESS" || !startedAt || progress < ENOUGH || progress >= 100) return undefined;
  const left = (secondsBetween(startedAt, now) * (100 - progress)) / progress;
  const step = left > IN_MINUTES ? 60 : 1; // between two reports it grows, which no one shall see
  return Math.ceil(left / step) * step;
}

export interface Span {
  /** Epoch milliseconds since which nothing but a worker was missing; undefined while that is not so. */
  ready: number | undefined;
  started: number | undefined;
  ended: number | undefined;
}

/** Return when a subtask was ready, began and ended in this run, which was asked for at `begun`. */
export function spanOf(subtask: Subtask, all: readonly Subtask[], begun: number): Span {
  if (subtask.carriedFrom) return { ready: undefined, started: undefined, ended: undefined };
  const at = (iso: string | null) => (iso ? new Date(iso).getTime() : undefined);
  const freed = subtask.needs.map((no) => at(all.find((one) => one.no === no)?.endedAt ?? null));
  const ready = freed.every((time) => time !== undefined) ? Math.max(begun, ...freed) : undefined;
  return { ready, started: at(subtask.startedAt), ended: at(subtask.endedAt) };
}
