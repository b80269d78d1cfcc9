/** What appears in place of a page that fails to render or load. */

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { Component, type ReactNode } from "react";
import { loadConfig } from "../config";
import * as text from "../strings";

const KEY = "reelmill.reloaded";
const RELOAD_INTERVAL = 60_000; // ms between two reloads

interface Props {
  /** Another location clears the error. */
  location: string;
  children: ReactNode;
}

interface State {
  failed: boolean;
  location: string;
}

/** Confines a rendering error to its page. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { failed: false, location: this.props.location };

  static getDerivedStateFromError(): Partial<State> {
    return { failed: true };
  }

  static getDerivedStateFromProps({ location }: Props, before: State): State | null {
    return before.location === location ? null : { failed: false, location };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Alert type="error" header={text.errors.broken} action={<Button onClick={() => window.location.reload()}>{text.errors.reload}</Button>}>
        {text.errors.brokenWhy}
      </Alert>
    );
  }
}

/** Reload the document when one of its chunks is missing, since a newer deployment has other chunks. Reload once, and only while the server responds. */
export function reloadOnMissingChunk(): void {
  addEventListener("vite:preloadError", () => {
    if (Date.now() - Number(sessionStorage.getItem(KEY)) < RELOAD_INTERVAL) return;
    sessionStorage.setItem(KEY, `${Date.now()}`);
    void loadConfig().then(() => location.reload(), () => undefined);
  });
}
