/** Whether the page is shown on a phone. */

import { useSyncExternalStore } from "react";

const query = matchMedia("(max-width: 688px)"); // where the design system itself begins to stack

function subscribe(changed: () => void): () => void {
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}

/** Return whether there is room for little. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => query.matches);
}
