/** Errors as sentences for people. */

import { ApiError } from "../api/client";
import * as text from "../strings";

/** Return what went wrong and, for an error of the server, what to do. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.code === "TokenReused") return text.errors.tokenReused;
    const request = error.status >= 500 && error.requestId ? ` ${text.errors.request(error.requestId)}` : "";
    const advice = error.status >= 500 && !error.code ? ` ${text.errors.notOurs}` : "";
    return error.message.charAt(0).toUpperCase() + error.message.slice(1).replace(/\.?$/, ".") + advice + request;
  }
  return error instanceof Error ? error.message : String(error);
}
