/** Whether a document can be stored, told before it is sent: by the API's own schema, and by what stands behind its words. */

import { components } from "../../../openapi.json";
import type { OrchestrationBody, TemplateBody } from "../../api/types";
import { problemsBy, problemsOf, problemsOfRules } from "../subtaskEditor/validate";
import type { Known } from "../subtaskEditor/outputName";

const bodyOf = (name: "OrchestrationBody" | "TemplateBody") => ({ $ref: `#/components/schemas/${name}`, components });
const ORCHESTRATION = bodyOf("OrchestrationBody");
const TEMPLATE = bodyOf("TemplateBody");

/** Return what is wrong with an orchestration, by JSON pointer. */
export function problemsOfOrchestration(body: unknown, known: Known): ReadonlyMap<string, string> {
  const problems = problemsBy(ORCHESTRATION, body);
  if (problems.size) return problems; // what is of another form can't be looked into
  return under("/subtasks", problemsOfRules((body as OrchestrationBody).subtasks, known));
}

/** Return what is wrong with a template, by JSON pointer. */
export function problemsOfTemplate(body: unknown, { operations }: Pick<Known, "operations">): ReadonlyMap<string, string> {
  const problems = problemsBy(TEMPLATE, body);
  if (problems.size) return problems;
  const { operation, params } = body as TemplateBody;
  return under("/params", problemsOf(operations.find((one) => one.type === operation), params));
}

function under(place: string, problems: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...problems].map(([pointer, problem]) => [`${place}${pointer}`, problem]));
}
