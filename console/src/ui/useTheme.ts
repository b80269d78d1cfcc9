/** Light or dark: as the reader chose, or else as their system is. */

import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { useEffect, useState } from "react";

const KEY = "reelmill.theme";

/** Return whether the page is dark, and the switch. */
export function useTheme(): [dark: boolean, toggle: () => void] {
  const [dark, setDark] = useState(() => {
    const chosen = localStorage.getItem(KEY);
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  });
  useEffect(() => {
    applyMode(dark ? Mode.Dark : Mode.Light);
    // For what the browser paints itself, and for light-dark() in our own colours.
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
  }, [dark]);
  const toggle = () => {
    localStorage.setItem(KEY, dark ? "light" : "dark");
    setDark(!dark);
  };
  return [dark, toggle];
}
