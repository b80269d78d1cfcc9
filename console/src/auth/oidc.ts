/** Signing in at a provider's hosted page, as Cognito's: authorization code with PKCE, no secret in the browser. */

import { ErrorResponse, ErrorTimeout, type User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { OidcSettings } from "../config";
import { text } from "../strings";
import type { Auth } from "./auth";

const RENEW_BEFORE = 60; // seconds: no request shall carry a token that ends on the way

/** Take up a session or an answer of the hosted page; return null when the browser is on its way there. */
export async function signInByCode(settings: OidcSettings): Promise<Auth | null> {
  const home = `${location.origin}/`;
  const tab = new WebStorageStateStore({ store: sessionStorage }); // it all ends with the tab
  const manager = new UserManager({
    authority: settings.authority,
    client_id: settings.clientId,
    redirect_uri: home,
    post_logout_redirect_uri: home,
    scope: settings.scope,
    automaticSilentRenew: false, // it would need a hidden frame; the refresh token is asked when one is needed
    userStore: tab,
    stateStore: tab,
  });
  const query = new URLSearchParams(location.search);
  const answered = query.has("state") && (query.has("code") || query.has("error"));
  const user = answered ? await answer(manager, query.get("state")) : await manager.getUser();
  const session = new Session(manager, answered);
  const current = user && (await session.renewed(user));
  if (!current) {
    await session.leave();
    return null;
  }
  return {
    user: current.profile.email ?? current.profile.preferred_username ?? current.profile.sub,
    headers: () => session.headers(),
    refused: () => session.refused(),
    signOut: async () => {
      await manager.removeUser();
      if (settings.logoutUrl) location.assign(settings.logoutUrl);
      // A provider without an end of its own knows the person still, and says so.
      else await manager.signoutRedirect().catch(() => location.assign(home));
    },
  };
}

/** Take the hosted page's answer out of the address, and return whom it names; throw a sentence when it is none for us. */
async function answer(manager: UserManager, state: string | null): Promise<User> {
  const address = location.href;
  history.replaceState(null, "", "/"); // an answer holds once: a page that is loaded again begins anew
  if (!state || !(await manager.settings.stateStore.get(state))) throw new Error(text.errors.signInUnknown);
  const user = await manager.signinRedirectCallback(address).catch((reason: unknown) => {
    throw reason instanceof ErrorResponse ? new Error(text.errors.signInRefused(reason.message), { cause: reason }) : reason;
  });
  if (typeof user.state === "string") history.replaceState(null, "", user.state);
  return user;
}

/** A person's tokens, for as long as the page lives. */
class Session {
  private renewal: Promise<User | null> | undefined;
  private leaving: Promise<void> | undefined;

  constructor(
    private readonly manager: UserManager,
    /** Whether the tokens come from the hosted page just now: it has none that are better. */
    private fresh: boolean,
  ) {}

  /** Return what a request bears. When only the hosted page can help, go there: what asked meanwhile waits for no answer. */
  async headers(): Promise<Record<string, string>> {
    const user = await this.manager.getUser();
    const current = user && (await this.renewed(user));
    if (current) return { authorization: `Bearer ${current.access_token}` };
    await this.leave();
    return new Promise(() => undefined);
  }

  /** The API takes the tokens for nobody's. */
  async refused(): Promise<void> {
    if (this.fresh) return; // or the browser would go round and round
    await this.leave();
  }

  /** Return the user with a token that still lasts; null when the provider gives no more. */
  async renewed(user: User): Promise<User | null> {
    if ((user.expires_in ?? 0) > RENEW_BEFORE) return user;
    if (!user.refresh_token) return null;
    // A refresh token may hold once, so that all who ask at the same time must share one answer.
    this.renewal ??= this.manager
      .signinSilent()
      .catch((reason: unknown) => {
        // A provider that is out of reach has no page to go to, either.
        if (reason instanceof TypeError || reason instanceof ErrorTimeout) throw reason;
        return null;
      })
      .finally(() => {
        this.renewal = undefined;
        this.fresh = false;
      });
    return this.renewal;
  }

  /** Send the browser to the hosted page, once, whoever asks; it comes back to this address. */
  leave(): Promise<void> {
    this.leaving ??= this.manager.signinRedirect({ state: location.pathname + location.search }).finally(() => {
      this.leaving = undefined; // it failed, or the person has come back by the browser's own button
    });
    return this.leaving;
  }
}
