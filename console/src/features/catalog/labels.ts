/** The catalog's things in words. Pure. */

import type { Orchestration } from "../../api/types";
import { text } from "../../strings";

/** Return what a trigger takes. */
export function triggerOf(trigger: Orchestration["trigger"]): string {
  const place = `${trigger.bucket ? `s3://${trigger.bucket}/` : ""}${trigger.prefix ?? ""}*`;
  return trigger.formats?.length ? `${place} (${trigger.formats.join(", ")})` : place;
}

/** Return the address of the tasks that an orchestration made. */
export function tasksOf(name: string): string {
  return `/tasks?orchestration=${encodeURIComponent(name)}`;
}

/** Return what a kind of document may not have done to it; undefined when anything. */
export function presetRefusal(kind: Orchestration["kind"]): string | undefined {
  return kind === "PRESET" ? text.templates.presetRefused : undefined;
}
