/** What is stored in the catalog, asked for once a page. */

import { useEffect, useState } from "react";
import { api, take } from "../api/client";
import type { Operation, Orchestration, Template } from "../api/types";

/** Load something once; undefined until it is there, and when it never comes. */
function useOnce<T>(load: () => Promise<T>): T | undefined {
  const [value, setValue] = useState<T>();
  useEffect(() => {
    let gone = false;
    load().then(
      (found) => {
        if (!gone) setValue(found);
      },
      () => undefined, // a list to choose from is a help: without it one can still type
    );
    return () => {
      gone = true;
    };
  }, [load]);
  return value;
}

const loadOrchestrations = async () => (await take(api.GET("/orchestrations"))).orchestrations;
const loadTemplates = async () => (await take(api.GET("/templates"))).templates;
const loadOperations = async () => (await take(api.GET("/operations"))).operations;

/** Return all orchestrations. */
export function useOrchestrations(): Orchestration[] | undefined {
  return useOnce(loadOrchestrations);
}

/** Return the orchestrations' names. */
export function useOrchestrationNames(): string[] {
  return (useOrchestrations() ?? []).map((one) => one.name);
}

/** Return all templates. */
export function useTemplates(): Template[] | undefined {
  return useOnce(loadTemplates);
}

/** Return the kinds of subtask. */
export function useOperations(): Operation[] | undefined {
  return useOnce(loadOperations);
}
