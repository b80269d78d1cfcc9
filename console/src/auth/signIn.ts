import type { Config } from "../config";
import { setAuth } from "./auth";

/** Sign in, where this home asks for it. Return false when the browser is on its way to the sign-in page. */
export async function signIn(config: Config): Promise<boolean> {
  if (config.auth.kind === "none") return true;
  const { signInByCode } = await import("./oidc"); // nobody on loopback needs it
  const signedIn = await signInByCode(config.auth);
  if (!signedIn) return false;
  setAuth(signedIn);
  return true;
}
