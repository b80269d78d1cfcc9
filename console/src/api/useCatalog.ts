/** The catalog, for the forms and lists that offer its entries. */

import { api, unwrap } from "./client";
import type { Operation, Orchestration, Template } from "./types";
import { type Polled, usePolled } from "./usePolled";

export interface Catalog {
  orchestrations: Orchestration[];
  templates: Template[];
  operations: Operation[];
}

const loadOrchestrations = async (signal: AbortSignal) => (await unwrap(api.GET("/orchestrations", { signal }))).orchestrations;

async function loadCatalog(signal: AbortSignal): Promise<Catalog> {
  const [orchestrations, { templates }, { operations }] = await Promise.all([
    loadOrchestrations(signal),
    unwrap(api.GET("/templates", { signal })),
    unwrap(api.GET("/operations", { signal })),
  ]);
  return { orchestrations, templates, operations };
}

/** Return everything that forms offer, loaded once. */
export function useCatalog(): Polled<Catalog> {
  return usePolled("catalog", loadCatalog, () => null);
}

/** Return all orchestrations, loaded once. */
export function useOrchestrations(): Polled<Orchestration[]> {
  return usePolled("orchestrations", loadOrchestrations, () => null);
}
