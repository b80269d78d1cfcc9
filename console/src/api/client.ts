/** The API, typed by its own OpenAPI document, with errors that a person can act on. */

import createClient, { type Middleware } from "openapi-fetch";
import { auth } from "../auth/auth";
import { API } from "../config";
import { text } from "../strings";
import type { paths } from "./schema";

/** The API said no, and why. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** Undefined when the answer isn't ours: that of a gateway, say. */
    readonly code: string | undefined,
    message: string,
    readonly requestId?: string,
  ) {
    super(message);
  }
}

/** Nothing answered: the network, or the stack, is away. */
class Unreachable extends Error {}

interface Problem {
  code?: string;
  message?: string;
  requestId?: string;
}

const signed: Middleware = {
  async onRequest({ request }) {
    for (const [name, value] of Object.entries(await auth().headers())) request.headers.set(name, value);
    return request;
  },
  async onResponse({ response }) {
    if (response.status === 401) await auth().refused?.();
  },
};

export const api = createClient<paths>({ baseUrl: API });
api.use(signed);

/** Return an answer's body; throw ApiError or Unreachable. */
export async function take<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer.catch((reason: unknown) => {
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
