/** Validation of documents before they are sent: against the API's schema, and against the catalog. */

import { components } from "../../../openapi.json";
import type { OrchestrationBody, TemplateBody } from "../../api/types";
import type { ParameterCatalog } from "../subtaskEditor/outputName";
import { parameterErrors, schemaErrors, validateSubtasks } from "../subtaskEditor/validate";

const schemaOf = (name: "OrchestrationBody" | "TemplateBody") => ({ $ref: `#/components/schemas/${name}`, components });
const ORCHESTRATION = schemaOf("OrchestrationBody");
const TEMPLATE = schemaOf("TemplateBody");

/** Return the errors in an orchestration, by JSON pointer. */
export function validateOrchestration(body: unknown, catalog: ParameterCatalog): ReadonlyMap<string, string> {
  const errors = schemaErrors(ORCHESTRATION, body);
  if (errors.size) return errors; // without the right structure, its subtasks can't be validated
  return below("/subtasks", validateSubtasks((body as OrchestrationBody).subtasks, catalog));
}

/** Return the errors in a template, by JSON pointer. */
export function validateTemplate(body: unknown, { operations }: Pick<ParameterCatalog, "operations">): ReadonlyMap<string, string> {
  const errors = schemaErrors(TEMPLATE, body);
  if (errors.size) return errors;
  const { operation, params } = body as TemplateBody;
  return below("/params", parameterErrors(operations.find((one) => one.type === operation), params));
}

function below(parent: string, errors: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...errors].map(([pointer, message]) => [`${parent}${pointer}`, message]));
}
