/** The same thing for a shell: curl and the `reelmill` command. */

import { auth } from "../auth/auth";
import { absoluteApiUrl } from "../config";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Return a word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Return a call of the API for curl. On AWS the token is named, never shown. */
export function curl(method: string, path: string, body?: unknown): string {
  const parts = [`curl --fail-with-body -X ${method} ${quoted(absoluteApiUrl() + path)}`];
  if (auth().signOut) parts.push(`-H "authorization: Bearer $REELMILL_TOKEN"`);
  if (body !== undefined) parts.push("-H 'content-type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  return parts.join(" \\\n  ");
}

/** Return a call of the command. */
export function cli(...words: string[]): string {
  const here = LOOPBACK.has(location.hostname) && location.port === "8080"; // where the command looks by itself
  return ["reelmill", ...(here ? [] : ["--api-url", absoluteApiUrl()]), ...words].map(quoted).join(" ");
}
