/** What the browser keeps for the next visit. */

/** Return what was kept under a key; null when that is nothing that can be read. */
export function recall(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}
