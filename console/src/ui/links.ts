/** Links of the design system that stay inside the console. */

import { useCallback } from "react";
import { useNavigate } from "react-router";

interface Followed {
  detail: { href?: string; external?: boolean; button?: number; ctrlKey?: boolean; metaKey?: boolean };
  preventDefault: () => void;
}

/** Return the handler that follows a link without loading the page anew. */
export function useFollow(): (event: Followed) => void {
  const navigate = useNavigate();
  return useCallback(
    (event) => {
      const { href, external, ctrlKey, metaKey } = event.detail;
      if (!href || external || ctrlKey || metaKey) return;
      event.preventDefault();
      void navigate(href);
    },
    [navigate],
  );
}
