/** Whether subtasks can be as they are written, told before they are sent. The API has the last word. Pure. */

import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import type { Operation, SubtaskRule } from "../../api/types";
import { text } from "../../strings";
import type { Known } from "./outputName";

const ABOUT_OTHERS = new Set(["$ref", "anyOf", "oneOf", "allOf", "properties", "items", "additionalProperties"]); // what they tell is told deeper
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Return what is wrong with parameters, by JSON pointer. */
export function problemsOf(operation: Operation | undefined, params: Record<string, unknown>): Map<string, string> {
  return operation ? problemsBy(operation.params, params) : new Map<string, string>();
}

/** Return what a schema has against a value, by JSON pointer. */
export function problemsBy(schema: Schema, value: unknown): Map<string, string> {
  const problems = new Map<string, string>();
  const { errors } = new Validator(schema, "2020-12", false).validate(value);
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
  if (keyword === "false") return [pointer, text.plan.noSuch];
  if (keyword === "enum") return [pointer, text.plan.oneOf(/\[(.+)\]/.exec(error)?.[1]?.replace(/"/g, "").replaceAll(",", ", ") ?? "")];
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

/** Return what is wrong with a list of subtasks, by JSON pointer. */
export function problemsOfRules(rules: readonly SubtaskRule[], { operations, templates }: Known): Map<string, string> {
  const problems = new Map<string, string>();
  for (const [index, rule] of rules.entries()) {
    const operation = operations.find((one) => one.type === rule.type);
    const template = templates.find((one) => one.name === rule.template);
    for (const [word, problem] of Object.entries(wrongWords(rule, rules))) problems.set(`/${index}/${word}`, problem);
    if (rule.template && template?.operation !== rule.type) problems.set(`/${index}/template`, text.plan.unknownTemplate(rule.template));
    const params = problemsOf(operation, { ...template?.params, ...rule.params });
    for (const [pointer, problem] of params) problems.set(`/${index}/params${pointer}`, problem);
  }
  return problems;
}

/** Return the first problem as a sentence with its place: "subtasks[0].params.at: …"; undefined without any. */
export function firstOf(problems: ReadonlyMap<string, string>): string | undefined {
  const [first] = problems;
  if (!first) return undefined;
  const place = first[0].slice(1).replace(/\/(\d+)(?=\/|$)/g, "[$1]").replaceAll("/", ".");
  return place ? `${place}: ${first[1]}` : first[1];
}
