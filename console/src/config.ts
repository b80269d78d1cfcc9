/** The deployment's settings, which /config.json serves: how to sign in, and the input bucket. */

export interface OidcSettings {
  kind: "oidc";
  authority: string;
  clientId: string;
  scope: string;
  /** Where the provider ends its session. Cognito's discovery document doesn't name it. */
  logoutUrl?: string;
}

export interface Config {
  auth: { kind: "none" } | OidcSettings;
  inputBucket: string;
}

let current: Config | undefined;

/** Load /config.json. Await this once before rendering. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch("/config.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`/config.json: HTTP ${response.status}`);
  current = (await response.json()) as Config;
  return current;
}

/** Return the loaded configuration. Throw if it isn't loaded yet. */
export function config(): Config {
  if (!current) throw new Error("the configuration isn't loaded yet; await loadConfig() first");
  return current;
}

/** The API's path: it is served beside the console, on the laptop and on AWS. */
export const API = "/api";

/** Return the API's absolute URL, for other programs. */
export function absoluteApiUrl(): string {
  return location.origin + API;
}
