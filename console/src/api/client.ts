/** The API, typed by its OpenAPI document, with errors that people can act on. */

import createClient, { type Middleware } from "openapi-fetch";
import { auth } from "../auth/auth";
import { API } from "../config";
import * as text from "../strings";
import type { paths } from "./schema";

/** An error response of the API. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** Undefined if the response comes from something else, such as a gateway. */
    readonly code: string | undefined,
    message: string,
    readonly requestId?: string,
  ) {
    super(message);
  }
}

/** The API didn't respond: the network or the stack is down. */
class Unreachable extends Error {}

interface Problem {
  code?: string;
  message?: string;
  requestId?: string;
}

const authentication: Middleware = {
  async onRequest({ request }) {
    for (const [name, value] of Object.entries(await auth().headers())) request.headers.set(name, value);
    return request;
  },
  async onResponse({ response }) {
    if (response.status === 401) await auth().onUnauthorized?.();
  },
};

export const api = createClient<paths>({ baseUrl: API });
api.use(authentication);

/** Return the body of a response. Throw ApiError or Unreachable. */
export async function unwrap<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call.catch((reason: unknown) => {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    throw new Unreachable(text.errors.unreachable);
  });
  if (response.ok) return data as T;
  const problem = (typeof error === "object" && error ? error : {}) as Problem;
  throw new ApiError(
    response.status,
    problem.code,
    problem.message ?? text.errors.unexplained(response.status),
    problem.requestId,
  );
}
