import "@cloudscape-design/global-styles/index.css";
import { I18nProvider } from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./app";
import { signIn } from "./auth/signIn";
import { loadConfig } from "./config";
import { text } from "./strings";
import { reloadForNewParts } from "./ui/ErrorBoundary";
import { NoticesProvider } from "./ui/notifications";

async function start(place: HTMLElement): Promise<void> {
  try {
    // The top bar measures its words once: in the right font, or it cuts them short.
    const fonts = Promise.allSettled(["400 1em 'Open Sans'", "700 1em 'Open Sans'"].map((font) => document.fonts.load(font)));
    if (!(await signIn(await loadConfig()))) return;
    await fonts;
  } catch (error) {
    place.textContent = text.errors.start(error instanceof Error ? error.message : String(error));
    return;
  }
  reloadForNewParts();
  createRoot(place).render(
    <StrictMode>
      <I18nProvider locale={text.locale} messages={[messages]}>
        <BrowserRouter>
          <NoticesProvider>
            <App />
          </NoticesProvider>
        </BrowserRouter>
      </I18nProvider>
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (root) void start(root);
