/** Light or dark mode: the user's choice, or else the system's setting. */

import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { useEffect, useState } from "react";

const KEY = "reelmill.theme";

/** Return whether the page is dark, and the function that toggles it. */
export function useTheme(): [dark: boolean, toggle: () => void] {
  const [dark, setDark] = useState(() => {
    const stored = localStorage.getItem(KEY);
    return stored ? stored === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  });
  useEffect(() => {
    applyMode(dark ? Mode.Dark : Mode.Light);
    // For the parts that the browser draws, and for light-dark() in our colors.
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
  }, [dark]);
  const toggle = () => {
    localStorage.setItem(KEY, dark ? "light" : "dark");
    setDark(!dark);
  };
  return [dark, toggle];
}
