/** The names of outputs, as the service will choose them. Pure. */

import type { Operation, PlannedSubtask, Template } from "../../api/types";
import type { Schema } from "./schema";

/** The templates and operations that determine a subtask's parameters. */
export interface ParameterCatalog {
  templates: readonly Template[];
  operations: readonly Operation[];
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const FILE_NAME = "{inputName}-{subtask}.{format}";

/** Return the variables that a source key provides. */
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

/** Return the key of a subtask's first output, without the subfolder of its attempt. */
export function outputName(prefix: string, key: string, subtask: PlannedSubtask, { templates, operations }: ParameterCatalog): string {
  const params = { ...templates.find((one) => one.name === subtask.template)?.params, ...subtask.params };
  const schema = operations.find((one) => one.type === subtask.type)?.params as Schema | undefined;
  const defaults = schema?.properties ?? {};
  const format = params.container ?? params.format ?? defaults.container?.default ?? defaults.format?.default;
  const variables: Record<string, string> = {
    ...variablesOf(key),
    subtask: subtask.name,
    template: subtask.template ?? "",
    format: typeof format === "string" ? format.replace("jpeg", "jpg") : "…",
  };
  const name = `${prefix}/${subtask.fileName ?? FILE_NAME}`.replace(PLACEHOLDER, (_, variable: string) => variables[variable] ?? `‹${variable}›`);
  return name.split("/").filter(Boolean).join("/");
}
