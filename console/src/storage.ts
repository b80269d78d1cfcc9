/** Values that the browser stores for the next visit. */

/** Return the stored value of a key; null if it is missing or unreadable. */
export function readStored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}
