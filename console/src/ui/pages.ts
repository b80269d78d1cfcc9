/** The pages of a list that the server cuts. */

import { useState } from "react";

/** Return which page is shown, and the tokens that lead there. Another list begins at its first page. */
export function usePages(list: string) {
  const [state, setState] = useState<{ list: string; tokens: (string | undefined)[]; current: number }>();
  const { tokens, current } = state?.list === list ? state : { tokens: [undefined], current: 1 };
  const go = (page: number, nextToken: string | null | undefined) => {
    const known = page > tokens.length && nextToken ? [...tokens, nextToken] : tokens;
    setState({ list, tokens: known, current: Math.min(page, known.length) });
  };
  return { current, known: tokens.length, token: tokens[current - 1], go };
}
