/** What the catalog's pages ask the API. */

import { api, take } from "./client";
import type { Orchestration, OrchestrationBody, Template, TemplateBody, Version } from "./types";

export interface PageQuery {
  maxResults: number;
  nextToken: string | undefined;
}

export interface VersionPage {
  versions: Version[];
  nextToken: string | null;
}

const at = (name: string) => ({ params: { path: { name } } });

export const loadOrchestration = (name: string, version: number | undefined, signal?: AbortSignal): Promise<Orchestration> =>
  take(api.GET("/orchestrations/{name}", { params: { path: { name }, query: { version } }, signal }));

export const loadOrchestrationVersions = (name: string, page: PageQuery, signal: AbortSignal): Promise<VersionPage> =>
  take(api.GET("/orchestrations/{name}/versions", { params: { path: { name }, query: page }, signal }));

export const storeOrchestration = (name: string, body: OrchestrationBody): Promise<Orchestration> =>
  take(api.PUT("/orchestrations/{name}", { ...at(name), body }));

export const switchOrchestration = (name: string, enabled: boolean): Promise<Orchestration> =>
  take(enabled ? api.POST("/orchestrations/{name}/enable", at(name)) : api.POST("/orchestrations/{name}/disable", at(name)));

export async function deleteOrchestration(name: string): Promise<void> {
  await take<unknown>(api.DELETE("/orchestrations/{name}", { ...at(name), parseAs: "text" }));
}

export const loadTemplate = (name: string, version: number | undefined, signal?: AbortSignal): Promise<Template> =>
  take(api.GET("/templates/{name}", { params: { path: { name }, query: { version } }, signal }));

export const loadTemplateVersions = (name: string, page: PageQuery, signal: AbortSignal): Promise<VersionPage> =>
  take(api.GET("/templates/{name}/versions", { params: { path: { name }, query: page }, signal }));

export const storeTemplate = (name: string, body: TemplateBody): Promise<Template> =>
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
