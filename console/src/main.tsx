import "@cloudscape-design/global-styles/index.css";
import { I18nProvider } from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./app";
import { signIn } from "./auth/signIn";
import { loadConfig } from "./config";
import * as text from "./strings";
import { reloadOnMissingChunk } from "./ui/ErrorBoundary";
import { NotificationsProvider } from "./ui/notifications";

async function start(root: HTMLElement): Promise<void> {
  try {
    // The top bar measures its text once, so the fonts must be loaded by then.
    const fonts = Promise.allSettled(["400 1em 'Open Sans'", "700 1em 'Open Sans'"].map((font) => document.fonts.load(font)));
    if (!(await signIn(await loadConfig()))) return;
    await fonts;
  } catch (error) {
    root.textContent = text.errors.start(error instanceof Error ? error.message : String(error));
    return;
  }
  reloadOnMissingChunk();
  createRoot(root).render(
    <StrictMode>
      <I18nProvider locale={text.locale} messages={[messages]}>
        <BrowserRouter>
          <NotificationsProvider>
            <App />
          </NotificationsProvider>
        </BrowserRouter>
      </I18nProvider>
    </StrictMode>,
  );
}

const element = document.getElementById("root");
if (element) void start(element);
