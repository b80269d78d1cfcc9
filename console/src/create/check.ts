/** Whether subtasks can be as they are written, told before they are sent. The API has the last word. Pure. */

import { type OutputUnit, Validator } from "@cfworker/json-schema";
import type { Operation, SubtaskRule } from "../api/types";
import { text } from "../strings";

const ABOUT_OTHERS = new Set(["$ref", "anyOf", "oneOf", "allOf", "properties", "items", "additionalProperties"]); // what they tell is told deeper
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Return what is wrong with parameters, by JSON pointer. */
export function problemsOf(operation: Operation | undefined, params: Record<string, unknown>): ReadonlyMap<string, string> {
  const problems = new Map<string, string>();
  if (!operation) return problems;
  const { errors } = new Validator(operation.params, "2020-12", false).validate(params);
  const told = errors.filter((one) => !ABOUT_OTHERS.has(one.keyword)).map(placed);
  for (const [pointer, problem] of told) {
    // Of the ways in which a value may be given the first is meant, and what is wrong inside it says more.
    const isDeepest = !told.some(([other]) => other.startsWith(`${pointer}/`));
    if (isDeepest && !problems.has(pointer)) problems.set(pointer, problem);
  }
  return problems;
}

/** Return where something is wrong, and what. */
function placed({ keyword, instanceLocation, error }: OutputUnit): [string, string] {
  const pointer = instanceLocation.replace(/^#/, "");
  if (keyword === "false") return [pointer, text.plan.noParameter];
  const missing = keyword === "required" ? /"(.+)"/.exec(error)?.[1] : undefined;
  return missing ? [`${pointer}/${missing}`, text.plan.wanted] : [pointer, error];
}

/** Return what is wrong with a subtask's own words, by field. */
export function wrongWords(rule: SubtaskRule, rules: readonly SubtaskRule[]): { name?: string; needs?: string } {
  const names = rules.map((one) => one.name);
  const wrong: { name?: string; needs?: string } = {};
  if (!NAME.test(rule.name)) wrong.name = text.plan.badName;
  else if (names.filter((one) => one === rule.name).length > 1) wrong.name = text.plan.twice(rule.name);
  const unknown = predecessors(rule).find((one) => !names.includes(one));
  if (unknown) wrong.needs = text.plan.unknown(unknown);
  else if (isCircular(rule, rules)) wrong.needs = text.plan.circle;
  return wrong;
}

/** Return the names that a subtask waits for: its input, and those that its rule asks about, are needed unsaid. */
export function predecessors(rule: SubtaskRule): string[] {
  const asked = (rule.when ?? "").replace(/'[^']*'|"[^"]*"/g, "").matchAll(/([a-z0-9][a-z0-9-]*)\.[A-Za-z]/g);
  return [...new Set([...(rule.needs ?? []), ...(rule.input ? [rule.input] : []), ...[...asked].map((one) => one[1] ?? "")])];
}

function isCircular(rule: SubtaskRule, rules: readonly SubtaskRule[]): boolean {
  const seen = new Set<string>();
  const open = predecessors(rule);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === rule.name) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    const next = rules.find((one) => one.name === name);
    if (next) open.push(...predecessors(next));
  }
  return false;
}

/** Return whether anything is wrong with a list of subtasks. */
export function isSound(rules: readonly SubtaskRule[], operations: readonly Operation[]): boolean {
  return (
    rules.length > 0 &&
    rules.every((rule) => {
      const operation = operations.find((one) => one.type === rule.type);
      // Required parameters may come from the template.
      const params = rule.template ? 0 : problemsOf(operation, rule.params ?? {}).size;
      return Object.keys(wrongWords(rule, rules)).length === 0 && params === 0;
    })
  );
}
