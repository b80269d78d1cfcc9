/** The pages of a list that the API pages. */

import { useLocation, useNavigate } from "react-router";

interface Pages {
  list: string;
  tokens: (string | undefined)[];
  current: number;
}

/** Return the current page, its token, and the function that goes to another page. The browser's history keeps the page of each list. */
export function usePages(list: string) {
  const location = useLocation();
  const navigate = useNavigate();
  const state = location.state as Pages | null;
  const { tokens, current } = state?.list === list ? state : { tokens: [undefined], current: 1 };
  const go = (page: number, nextToken: string | null | undefined) => {
    const known = page > tokens.length && nextToken ? [...tokens, nextToken] : tokens;
    const next: Pages = { list, tokens: known, current: Math.min(page, known.length) };
    void navigate(location, { replace: true, state: next });
  };
  return { current, known: tokens.length, token: tokens[current - 1], go };
}
