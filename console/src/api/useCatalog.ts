/** What is stored in the catalog, for the forms and lists that choose from it. */

import { api, take } from "./client";
import type { Operation, Orchestration, Template } from "./types";
import { type Polled, usePolled } from "./usePolled";

export interface Catalog {
  orchestrations: Orchestration[];
  templates: Template[];
  operations: Operation[];
}

const loadOrchestrations = async (signal: AbortSignal) => (await take(api.GET("/orchestrations", { signal }))).orchestrations;

async function loadCatalog(signal: AbortSignal): Promise<Catalog> {
  const [orchestrations, { templates }, { operations }] = await Promise.all([
    loadOrchestrations(signal),
    take(api.GET("/templates", { signal })),
    take(api.GET("/operations", { signal })),
  ]);
  return { orchestrations, templates, operations };
}

/** Return all that a form may choose from, loaded once: without it no form can be filled in. */
export function useCatalog(): Polled<Catalog> {
  return usePolled("catalog", loadCatalog, () => null);
}

/** Return all orchestrations, loaded once. */
export function useOrchestrations(): Polled<Orchestration[]> {
  return usePolled("orchestrations", loadOrchestrations, () => null);
}
