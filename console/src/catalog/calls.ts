/** What the catalog's pages ask the API. */

import { api, take } from "../api/client";
import type { Orchestration, OrchestrationBody, Template } from "../api/types";
import type { Schemas } from "../api/client";

const at = (name: string) => ({ params: { path: { name } } });

export const loadOrchestration = (name: string, signal?: AbortSignal): Promise<Orchestration> =>
  take(api.GET("/orchestrations/{name}", { ...at(name), signal }));

export const storeOrchestration = (name: string, body: OrchestrationBody): Promise<Orchestration> =>
  take(api.PUT("/orchestrations/{name}", { ...at(name), body }));

export const switchOrchestration = (name: string, enabled: boolean): Promise<Orchestration> =>
  take(enabled ? api.POST("/orchestrations/{name}/enable", at(name)) : api.POST("/orchestrations/{name}/disable", at(name)));

export async function deleteOrchestration(name: string): Promise<void> {
  await take<unknown>(api.DELETE("/orchestrations/{name}", { ...at(name), parseAs: "text" }));
}

export const loadTemplate = (name: string, signal?: AbortSignal): Promise<Template> =>
  take(api.GET("/templates/{name}", { ...at(name), signal }));

export const storeTemplate = (name: string, body: Schemas["TemplateBody"]): Promise<Template> =>
  take(api.PUT("/templates/{name}", { ...at(name), body }));

export async function deleteTemplate(name: string): Promise<void> {
  await take<unknown>(api.DELETE("/templates/{name}", { ...at(name), parseAs: "text" }));
}

/** Return what is written of a stored orchestration, without what the storing added. */
export function bodyOf({ description, enabled, trigger, output, priority, subtasks }: Orchestration): OrchestrationBody {
  return { description, enabled, trigger, output, priority, subtasks: subtasks.map(tidy) };
}

/** Return a subtask without the fields that say nothing. */
function tidy(rule: Orchestration["subtasks"][number]): Orchestration["subtasks"][number] {
  const { needs, params, ...rest } = rule;
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  return {
    ...(said as typeof rest),
    ...(needs?.length ? { needs } : {}),
    ...(params && Object.keys(params).length ? { params } : {}),
  };
}
