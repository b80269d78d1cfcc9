/** Entries of the catalog in words. Pure. */

import type { Orchestration } from "../../api/types";
import * as text from "../../strings";

/** Return the keys that a trigger matches. */
export function describeTrigger(trigger: Orchestration["trigger"]): string {
  const pattern = `${trigger.bucket ? `s3://${trigger.bucket}/` : ""}${trigger.prefix ?? ""}*`;
  return trigger.formats?.length ? `${pattern} (${trigger.formats.join(", ")})` : pattern;
}

/** Return the path of the list of an orchestration's tasks. */
export function tasksPathOf(name: string): string {
  return `/tasks?orchestration=${encodeURIComponent(name)}`;
}

/** Return why a document can't be changed; undefined if it can. */
export function whyReadOnly(kind: Orchestration["kind"]): string | undefined {
  return kind === "PRESET" ? text.templates.presetRejected : undefined;
}
