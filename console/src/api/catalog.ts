/** The API's calls about orchestrations and templates. */

import { api, unwrap } from "./client";
import type { Orchestration, OrchestrationBody, Template, TemplateBody, Version } from "./types";

export interface PageQuery {
  maxResults: number;
  nextToken: string | undefined;
}

export interface VersionPage {
  versions: Version[];
  nextToken: string | null;
  newerVersion: string[];
}

const at = (name: string) => ({ params: { path: { name } } });

export const loadOrchestration = (name: string, version: number | undefined, signal?: AbortSignal): Promise<Orchestration> =>
  unwrap(api.GET("/orchestrations/{name}", { params: { path: { name }, query: { version } }, signal }));

export const loadOrchestrationVersions = (name: string, page: PageQuery, signal: AbortSignal): Promise<VersionPage> =>
  unwrap(api.GET("/orchestrations/{name}/versions", { params: { path: { name }, query: page }, signal }));

export const saveOrchestration = (name: string, body: OrchestrationBody): Promise<Orchestration> =>
  unwrap(api.PUT("/orchestrations/{name}", { ...at(name), body }));

export const enableOrchestration = (name: string, enabled: boolean): Promise<Orchestration> =>
  unwrap(enabled ? api.POST("/orchestrations/{name}/enable", at(name)) : api.POST("/orchestrations/{name}/disable", at(name)));

export async function deleteOrchestration(name: string): Promise<void> {
  await unwrap<unknown>(api.DELETE("/orchestrations/{name}", { ...at(name), parseAs: "text" }));
}

export const loadTemplate = (name: string, version: number | undefined, signal?: AbortSignal): Promise<Template> =>
  unwrap(api.GET("/templates/{name}", { params: { path: { name }, query: { version } }, signal }));

export const loadTemplateVersions = (name: string, page: PageQuery, signal: AbortSignal): Promise<VersionPage> =>
  unwrap(api.GET("/templates/{name}/versions", { params: { path: { name }, query: page }, signal }));

export const saveTemplate = (name: string, body: TemplateBody): Promise<Template> =>
  unwrap(api.PUT("/templates/{name}", { ...at(name), body }));

export async function deleteTemplate(name: string): Promise<void> {
  await unwrap<unknown>(api.DELETE("/templates/{name}", { ...at(name), parseAs: "text" }));
}

/** Return the editable part of a stored orchestration. */
export function editableOf({ description, enabled, trigger, output, priority, subtasks }: Orchestration): OrchestrationBody {
  return { description, enabled, trigger, output, priority, subtasks: subtasks.map(withoutEmpty) };
}

/** Return a subtask without its empty fields. */
function withoutEmpty(subtask: Orchestration["subtasks"][number]): Orchestration["subtasks"][number] {
  const { needs, params, ...rest } = subtask;
  const filled = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  return {
    ...(filled as typeof rest),
    ...(needs?.length ? { needs } : {}),
    ...(params && Object.keys(params).length ? { params } : {}),
  };
}
