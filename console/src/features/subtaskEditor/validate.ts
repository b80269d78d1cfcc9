/** Validation of planned subtasks before they are sent. The API validates them again. Pure. */

import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import type { Operation, PlannedSubtask } from "../../api/types";
import * as text from "../../strings";
import type { ParameterCatalog } from "./outputName";

const WRAPPERS = new Set(["$ref", "anyOf", "oneOf", "allOf", "properties", "items", "additionalProperties"]); // deeper errors say more
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Return the errors in an operation's parameters, by JSON pointer. */
export function parameterErrors(operation: Operation | undefined, params: Record<string, unknown>): Map<string, string> {
  return operation ? schemaErrors(operation.params, params) : new Map<string, string>();
}

/** Return the errors of a value against a schema, by JSON pointer. */
export function schemaErrors(schema: Schema, value: unknown): Map<string, string> {
  const messages = new Map<string, string>();
  const { errors } = new Validator(schema, "2020-12", false).validate(value);
  const located = errors.filter((one) => !WRAPPERS.has(one.keyword)).map(locate);
  for (const [pointer, message] of located) {
    // Of several variants, the first is meant, and errors inside it say more.
    const isDeepest = !located.some(([other]) => other.startsWith(`${pointer}/`));
    if (isDeepest && !messages.has(pointer)) messages.set(pointer, message);
  }
  return messages;
}

/** Return the JSON pointer and the message of an error. */
function locate({ keyword, instanceLocation, error }: OutputUnit): [string, string] {
  const pointer = instanceLocation.replace(/^#/, "");
  if (keyword === "false") return [pointer, text.subtaskEditor.unknownField];
  if (keyword === "enum") return [pointer, text.subtaskEditor.oneOf(/\[(.+)\]/.exec(error)?.[1]?.replace(/"/g, "").replaceAll(",", ", ") ?? "")];
  const missing = keyword === "required" ? /"(.+)"/.exec(error)?.[1] : undefined;
  return missing ? [`${pointer}/${missing}`, text.subtaskEditor.required] : [pointer, error];
}

/** Return the errors in a subtask's name and dependencies. */
export function validateSubtask(subtask: PlannedSubtask, subtasks: readonly PlannedSubtask[]): { name?: string; needs?: string } {
  const names = subtasks.map((one) => one.name);
  const errors: { name?: string; needs?: string } = {};
  if (!NAME.test(subtask.name)) errors.name = text.subtaskEditor.invalidName;
  else if (names.filter((one) => one === subtask.name).length > 1) errors.name = text.subtaskEditor.duplicateName(subtask.name);
  const unknown = predecessors(subtask).find((one) => !names.includes(one));
  if (unknown) errors.needs = text.subtaskEditor.unknownSubtask(unknown);
  else if (isCircular(subtask, subtasks)) errors.needs = text.subtaskEditor.circular;
  return errors;
}

/** Return the names that a subtask depends on, including its input and the subtasks in its condition. */
export function predecessors(subtask: PlannedSubtask): string[] {
  const inCondition = (subtask.when ?? "").replace(/'[^']*'|"[^"]*"/g, "").matchAll(/([a-z0-9][a-z0-9-]*)\.[A-Za-z]/g);
  return [...new Set([...(subtask.needs ?? []), ...(subtask.input ? [subtask.input] : []), ...[...inCondition].map((one) => one[1] ?? "")])];
}

function isCircular(subtask: PlannedSubtask, subtasks: readonly PlannedSubtask[]): boolean {
  const seen = new Set<string>();
  const open = predecessors(subtask);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === subtask.name) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    const next = subtasks.find((one) => one.name === name);
    if (next) open.push(...predecessors(next));
  }
  return false;
}

/** Return the errors in a list of subtasks, by JSON pointer. */
export function validateSubtasks(subtasks: readonly PlannedSubtask[], { operations, templates }: ParameterCatalog): Map<string, string> {
  const messages = new Map<string, string>();
  for (const [index, subtask] of subtasks.entries()) {
    const operation = operations.find((one) => one.type === subtask.type);
    const template = templates.find((one) => one.name === subtask.template);
    for (const [field, message] of Object.entries(validateSubtask(subtask, subtasks))) messages.set(`/${index}/${field}`, message);
    if (subtask.template && template?.operation !== subtask.type) messages.set(`/${index}/template`, text.subtaskEditor.unknownTemplate(subtask.template));
    const params = parameterErrors(operation, { ...template?.params, ...subtask.params });
    for (const [pointer, message] of params) messages.set(`/${index}/params${pointer}`, message);
  }
  return messages;
}

/** Return the first error with its location: "subtasks[0].params.at: …"; undefined if there is none. */
export function firstError(errors: ReadonlyMap<string, string>): string | undefined {
  const [first] = errors;
  if (!first) return undefined;
  const location = first[0].slice(1).replace(/\/(\d+)(?=\/|$)/g, "[$1]").replaceAll("/", ".");
  return location ? `${location}: ${first[1]}` : first[1];
}
