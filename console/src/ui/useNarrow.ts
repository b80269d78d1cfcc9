/** Whether the page is as narrow as on a phone. */

import { useSyncExternalStore } from "react";

const query = matchMedia("(max-width: 688px)"); // the design system's own breakpoint for stacking

function subscribe(onChange: () => void): () => void {
  query.addEventListener("change", onChange);
  return () => query.removeEventListener("change", onChange);
}

/** Return whether the page is narrow. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => query.matches);
}
