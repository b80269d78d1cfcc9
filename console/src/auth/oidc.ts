/** Signing in at a provider's hosted page, as Cognito's: authorization code with PKCE, no secret in the browser. */

import { User, UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { OidcSettings } from "../config";
import type { Auth } from "./auth";

const RENEW_BEFORE = 60; // seconds: no request shall carry a token that ends on the way

/** Take up a session or an answer of the hosted page; return null when the browser is on its way there. */
export async function signInByCode(settings: OidcSettings): Promise<Auth | null> {
  const manager = new UserManager({
    authority: settings.authority,
    client_id: settings.clientId,
    redirect_uri: `${location.origin}/`,
    scope: settings.scope,
    automaticSilentRenew: false, // it would need a hidden frame; the refresh token is asked when one is needed
    userStore: new WebStorageStateStore({ store: sessionStorage }),
  });
  const query = new URLSearchParams(location.search);
  let user: User | null;
  if (query.has("state") && (query.has("code") || query.has("error"))) {
    user = await manager.signinCallback() ?? null;
    history.replaceState(null, "", typeof user?.state === "string" ? user.state : "/");
  } else {
    user = await renewed(manager, await manager.getUser());
  }
  if (!user) {
    await toHostedPage(manager);
    return null;
  }
  return {
    user: user.profile.email ?? user.profile.preferred_username ?? user.profile.sub,
    headers: async (): Promise<Record<string, string>> => {
      const now = await renewed(manager, await manager.getUser());
      if (now) return { authorization: `Bearer ${now.access_token}` };
      await toHostedPage(manager);
      return {};
    },
    signOut: async () => {
      await manager.removeUser();
      location.assign(settings.logoutUrl ?? "/");
    },
  };
}

/** Return the user with a token that still lasts; null when only the hosted page can help. */
async function renewed(manager: UserManager, user: User | null): Promise<User | null> {
  if (!user || (user.expires_in ?? 0) > RENEW_BEFORE) return user;
  if (!user.refresh_token) return null;
  return manager.signinSilent().catch(() => null);
}

async function toHostedPage(manager: UserManager): Promise<void> {
  await manager.signinRedirect({ state: location.pathname + location.search });
}
