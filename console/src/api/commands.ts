/** API calls as shell commands: curl and the `reelmill` command. */

import { auth } from "../auth/auth";
import { absoluteApiUrl } from "../config";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Return a word quoted for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Return an API call as a curl command. On AWS it names the token's variable instead of the token. */
export function curlCommand(method: string, path: string, body?: unknown): string {
  const parts = [`curl --fail-with-body -X ${method} ${quoted(absoluteApiUrl() + path)}`];
  if (auth().signOut) parts.push(`-H "authorization: Bearer $REELMILL_TOKEN"`);
  if (body !== undefined) parts.push("-H 'content-type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  return parts.join(" \\\n  ");
}

/** Return a call of the `reelmill` command. */
export function cliCommand(...words: string[]): string {
  const isDefault = LOOPBACK.has(location.hostname) && location.port === "8080"; // the command's default address
  return ["reelmill", ...(isDefault ? [] : ["--api-url", absoluteApiUrl()]), ...words].map(quoted).join(" ");
}
