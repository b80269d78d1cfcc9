/** The current user: anonymous on loopback, signed in on AWS. */

export interface Auth {
  /** The user's name, if they signed in. */
  user?: string;
  /** Return the headers that authenticate a request to the API. */
  headers: () => Promise<Record<string, string>>;
  /** Called when the API rejects the headers. Starts a new sign-in unless one has just finished. */
  onUnauthorized?: () => Promise<void>;
  signOut?: () => Promise<void>;
}

let current: Auth = { headers: () => Promise.resolve({}) };

/** Return the authentication that is in use. */
export function auth(): Auth {
  return current;
}

/** Set the authentication to use. */
export function setAuth(next: Auth): void {
  current = next;
}
