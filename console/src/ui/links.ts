/** Links of the design system that stay inside the console. */

import { useCallback } from "react";
import { useNavigate } from "react-router";

interface Followed {
  detail: { href?: string; external?: boolean; button?: number; ctrlKey?: boolean; metaKey?: boolean };
  preventDefault: () => void;
}

type Ask = (way: () => void) => void;

let asking: Ask | undefined;
let place = 0;

/** Have something be asked before the page is left by a link or by the browser's buttons, until the returned function is called. */
export function askFirst(ask: Ask): () => void {
  asking = ask;
  place = placeOf(history.state);
  return () => {
    asking = undefined;
  };
}

// It hears before the router does, which begins to listen when it is shown.
addEventListener("popstate", (event) => {
  if (!asking) return;
  event.stopImmediatePropagation();
  const steps = placeOf(event.state) - place;
  if (steps === 0) return;
  history.go(-steps); // the browser has moved already when it tells
  asking(() => {
    asking = undefined;
    history.go(steps);
  });
});

/** Return the place in the browser's history, which the router keeps in its state. */
function placeOf(state: unknown): number {
  return (state as { idx?: number } | null)?.idx ?? 0;
}

/** Leave what the page has, unless something is to be asked before. */
export function leave(way: () => void): void {
  if (asking) asking(way);
  else way();
}

/** Return the handler that follows a link without loading the page anew. */
export function useFollow(): (event: Followed) => void {
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
