/** Values that the browser stores for the next visit. */

/** The beginning of the keys of interrupted uploads. */
export const STORED_UPLOADS = "reelmill.upload/";

/** Forget interrupted uploads: their keys contain the names of files. */
export function forgetUploads(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(STORED_UPLOADS)) localStorage.removeItem(key);
}

/** Return the stored value of a key; null if it is missing or unreadable. */
export function readStored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}
