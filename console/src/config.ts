/** What the bundle can't know: how one signs in, and where files go. Each home serves its own /config.json. */

export interface OidcSettings {
  kind: "oidc";
  authority: string;
  clientId: string;
  scope: string;
  /** Where the provider ends its own session; Cognito names none in its discovery document. */
  logoutUrl?: string;
}

export interface Config {
  auth: { kind: "none" } | OidcSettings;
  inputBucket: string;
}

let current: Config | undefined;

/** Read /config.json; to be awaited once, before anything is shown. */
export async function loadConfig(): Promise<Config> {
  const answer = await fetch("/config.json", { cache: "no-cache" });
  if (!answer.ok) throw new Error(`/config.json: HTTP ${answer.status}`);
  current = (await answer.json()) as Config;
  return current;
}

/** Return what /config.json said. */
export function config(): Config {
  if (!current) throw new Error("the configuration is read before it is loaded");
  return current;
}

/** The API lies beside the console in both homes. */
export const API = "/api";

/** Return the API's address as another program must name it. */
export function absoluteApiUrl(): string {
  return location.origin + API;
}
