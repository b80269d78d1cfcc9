/** Who is at the keyboard: nobody in particular on loopback, a signed-in person on AWS. */

export interface Auth {
  /** The person's name, if they signed in. */
  user?: string;
  /** Return the headers that a request to the API needs. */
  headers: () => Promise<Record<string, string>>;
  /** Sign in anew, unless that was done just now: the API took the headers for nobody's. */
  refused?: () => Promise<void>;
  signOut?: () => Promise<void>;
}

let current: Auth = { headers: () => Promise.resolve({}) };

/** Return the way of signing in that was set up. */
export function auth(): Auth {
  return current;
}

/** Set up a way of signing in. */
export function setAuth(next: Auth): void {
  current = next;
}
