import type { Config } from "../config";
import { setAuth } from "./auth";

/** Sign in if the configuration requires it. Return false if the browser is leaving for the sign-in page. */
export async function signIn(config: Config): Promise<boolean> {
  if (config.auth.kind === "none") return true;
  const { signInByCode } = await import("./oidc"); // loopback doesn't need it
  const signedIn = await signInByCode(config.auth);
  if (!signedIn) return false;
  setAuth(signedIn);
  return true;
}
