/** Who is at the keyboard: nobody in particular on loopback, a signed-in person on AWS. */

import type { Config } from "../config";

export interface Auth {
  /** The person's name, if they signed in. */
  user?: string;
  /** Return the headers that a request to the API needs. */
  headers: () => Promise<Record<string, string>>;
  /** Sign in anew, unless that was done just now: the API took the headers for nobody's. */
  refused?: () => Promise<void>;
  signOut?: () => Promise<void>;
}

const nobody: Auth = { headers: () => Promise.resolve({}) };
let current: Auth = nobody;

/** Sign in, where this home asks for it. Return false when the browser is on its way to the sign-in page. */
export async function signIn(config: Config): Promise<boolean> {
  if (config.auth.kind === "none") return true;
  const { signInByCode } = await import("./oidc"); // nobody on loopback needs it
  const signedIn = await signInByCode(config.auth);
  if (!signedIn) return false;
  current = signedIn;
  return true;
}

/** Return the way of signing in that was set up. */
export function auth(): Auth {
  return current;
}
