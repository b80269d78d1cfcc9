/** What is shown in place of a page that can't be. */

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { Component, type ReactNode } from "react";
import { loadConfig } from "../config";
import { text } from "../strings";

const KEY = "reelmill.reloaded";
const LONG_AGO = 60_000; // ms

interface Props {
  /** Another place is another try. */
  place: string;
  children: ReactNode;
}

interface State {
  failed: boolean;
  place: string;
}

/** Keeps an error while rendering to the page that has it. */
export class Boundary extends Component<Props, State> {
  override state: State = { failed: false, place: this.props.place };

  static getDerivedStateFromError(): Partial<State> {
    return { failed: true };
  }

  static getDerivedStateFromProps({ place }: Props, before: State): State | null {
    return before.place === place ? null : { failed: false, place };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Alert type="error" header={text.errors.broken} action={<Button onClick={() => location.reload()}>{text.errors.reload}</Button>}>
        {text.errors.brokenWhy}
      </Alert>
    );
  }
}

/** Load the document anew when a part of it can't be loaded: a newer one names other parts. Once, and only if it is there. */
export function reloadForNewParts(): void {
  addEventListener("vite:preloadError", () => {
    if (Date.now() - Number(sessionStorage.getItem(KEY)) < LONG_AGO) return;
    sessionStorage.setItem(KEY, `${Date.now()}`);
    void loadConfig().then(() => location.reload(), () => undefined);
  });
}
