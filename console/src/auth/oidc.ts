/** Sign-in on a provider's hosted page, such as Cognito's: authorization code with PKCE, no secret in the browser. */

import { ErrorResponse, ErrorTimeout, type User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { OidcSettings } from "../config";
import { forgetUploads } from "../storage";
import * as text from "../strings";
import type { Auth } from "./auth";

const RENEW_BEFORE = 60; // seconds: a token must not expire while a request is on its way

/** Resume a session, or complete a sign-in that returns from the hosted page. Return null if the browser is leaving for that page. */
export async function signInByCode(settings: OidcSettings): Promise<Auth | null> {
  const home = `${location.origin}/`;
  const tab = new WebStorageStateStore({ store: sessionStorage }); // all of it ends with the tab
  const manager = new UserManager({
    authority: settings.authority,
    client_id: settings.clientId,
    redirect_uri: home,
    post_logout_redirect_uri: home,
    scope: settings.scope,
    automaticSilentRenew: false, // it needs a hidden frame; headers() uses the refresh token on demand
    userStore: tab,
    stateStore: tab,
  });
  const query = new URLSearchParams(location.search);
  const isResponse = query.has("state") && (query.has("code") || query.has("error"));
  const user = isResponse ? await completeSignIn(manager, query.get("state")) : await manager.getUser();
  const session = new Session(manager, isResponse);
  const current = user && (await session.renew(user));
  if (!current) {
    await session.redirect();
    return null;
  }
  return {
    user: current.profile.email ?? current.profile.preferred_username ?? current.profile.sub,
    headers: () => session.headers(),
    onUnauthorized: () => session.onUnauthorized(),
    signOut: async () => {
      forgetUploads();
      await manager.removeUser();
      if (settings.logoutUrl) location.assign(settings.logoutUrl);
      // A provider without an end-session endpoint keeps its session; just return to the console.
      else await manager.signoutRedirect().catch(() => location.assign(home));
    },
  };
}

/** Complete a sign-in with the response in the address, and remove it from there. Throw a sentence if it isn't ours. */
async function completeSignIn(manager: UserManager, state: string | null): Promise<User> {
  const address = location.href;
  history.replaceState(null, "", "/"); // a response is valid once: a reload starts a new sign-in
  if (!state || !(await manager.settings.stateStore.get(state))) throw new Error(text.errors.signInUnknown);
  const user = await manager.signinRedirectCallback(address).catch((reason: unknown) => {
    throw reason instanceof ErrorResponse ? new Error(text.errors.signInDenied(reason.message), { cause: reason }) : reason;
  });
  if (typeof user.state === "string") history.replaceState(null, "", user.state);
  return user;
}

/** The user's tokens, for the lifetime of the page. */
class Session {
  private renewal: Promise<User | null> | undefined;
  private redirection: Promise<void> | undefined;

  constructor(
    private readonly manager: UserManager,
    /** Whether the tokens have just come from the hosted page: another sign-in wouldn't bring better ones. */
    private fresh: boolean,
  ) {}

  /** Return the headers of a request. If only a sign-in helps, redirect to the hosted page and never resolve. */
  async headers(): Promise<Record<string, string>> {
    const user = await this.manager.getUser();
    const current = user && (await this.renew(user));
    if (current) return { authorization: `Bearer ${current.access_token}` };
    await this.redirect();
    return new Promise(() => undefined);
  }

  /** The API rejected the tokens: sign in again, once. */
  async onUnauthorized(): Promise<void> {
    if (this.fresh) return; // or the browser would redirect forever
    await this.redirect();
  }

  /** Return the user with a valid token; null if the provider issues no more. */
  async renew(user: User): Promise<User | null> {
    if ((user.expires_in ?? 0) > RENEW_BEFORE) return user;
    if (!user.refresh_token) return null;
    // A refresh token may be valid once only, so concurrent requests share one renewal.
    this.renewal ??= this.manager
      .signinSilent()
      .catch((reason: unknown) => {
        // If the provider is unreachable, so is its sign-in page.
        if (reason instanceof TypeError || reason instanceof ErrorTimeout) throw reason;
        return null;
      })
      .finally(() => {
        this.renewal = undefined;
        this.fresh = false;
      });
    return this.renewal;
  }

  /** Send the browser to the hosted page, once; it returns to the current address. */
  redirect(): Promise<void> {
    this.redirection ??= this.manager.signinRedirect({ state: location.pathname + location.search }).finally(() => {
      this.redirection = undefined; // it failed, or the user came back with the browser's Back button
    });
    return this.redirection;
  }
}
