/** Navigation inside the console, with a guard for pages that must not be left unasked. */

import { useCallback } from "react";
import { useNavigate } from "react-router";

interface FollowEvent {
  detail: { href?: string; external?: boolean; button?: number; ctrlKey?: boolean; metaKey?: boolean };
  preventDefault: () => void;
}

type Guard = (proceed: () => void) => void;

let guard: Guard | undefined;
let guardedIndex = 0;

/** Call `ask` instead of leaving the page by a link or by the browser's buttons. Return the function that removes the guard. */
export function guardLeaving(ask: Guard): () => void {
  guard = ask;
  guardedIndex = historyIndexOf(history.state);
  return () => {
    guard = undefined;
  };
}

// Registered before the router's listener, which starts when the router renders.
addEventListener("popstate", (event) => {
  if (!guard) return;
  event.stopImmediatePropagation();
  const steps = historyIndexOf(event.state) - guardedIndex;
  if (steps === 0) return;
  history.go(-steps); // the browser has already moved when it sends the event
  guard(() => {
    guard = undefined;
    history.go(steps);
  });
});

/** Return the index in the browser's history, which the router stores in its state. */
function historyIndexOf(state: unknown): number {
  return (state as { idx?: number } | null)?.idx ?? 0;
}

/** Leave the page, after its guard agrees if it has one. */
export function leave(proceed: () => void): void {
  if (guard) guard(proceed);
  else proceed();
}

/** Return the handler that follows a link without reloading the document. */
export function useFollow(): (event: FollowEvent) => void {
  const navigate = useNavigate();
  return useCallback(
    (event) => {
      const { href, external, ctrlKey, metaKey } = event.detail;
      if (!href || external || ctrlKey || metaKey) return;
      event.preventDefault();
      leave(() => void navigate(href));
    },
    [navigate],
  );
}
