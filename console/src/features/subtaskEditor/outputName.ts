/** The names that outputs will have, as the service makes them. Pure. */

import type { Operation, SubtaskRule, Template } from "../../api/types";
import type { Schema } from "./schema";

/** What stands behind the names in a subtask: parameters under a name, and those that hold when nobody says more. */
export interface Known {
  templates: readonly Template[];
  operations: readonly Operation[];
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const FILE_NAME = "{inputName}-{subtask}.{format}";

/** Return the variables that a source's key gives. */
function variablesOf(key: string): Record<string, string> {
  const parts = key.split("/").filter(Boolean);
  const file = parts.pop() ?? "";
  const dot = file.lastIndexOf(".");
  const hasFormat = dot > 0 && dot < file.length - 1;
  return {
    inputDir: parts.join("/"),
    inputName: hasFormat ? file.slice(0, dot) : file,
    inputFormat: hasFormat ? file.slice(dot + 1).toLowerCase() : "",
  };
}

/** Return the key of a subtask's first output, below the folder that each attempt gets for itself. */
export function outputName(prefix: string, key: string, rule: SubtaskRule, { templates, operations }: Known): string {
  const params = { ...templates.find((one) => one.name === rule.template)?.params, ...rule.params };
  const schema = operations.find((one) => one.type === rule.type)?.params as Schema | undefined;
  const usual = schema?.properties ?? {};
  const format = params.container ?? params.format ?? usual.container?.default ?? usual.format?.default;
  const variables: Record<string, string> = {
    ...variablesOf(key),
    subtask: rule.name,
    template: rule.template ?? "",
    format: typeof format === "string" ? format.replace("jpeg", "jpg") : "…",
  };
  const filled = `${prefix}/${rule.fileName ?? FILE_NAME}`.replace(PLACEHOLDER, (_, name: string) => variables[name] ?? `‹${name}›`);
  return filled.split("/").filter(Boolean).join("/");
}
