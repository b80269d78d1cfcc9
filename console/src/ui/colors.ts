/** Colors of bars, marks and lines, for which the design system has no component. Each has a light and a dark value. */

export const GOOD = "light-dark(#1d8102, #2bb534)";
export const BAD = "light-dark(#d13212, #ff6b70)";
export const BUSY = "light-dark(#0972d3, #42b4ff)";
export const CAUTION = "light-dark(#c66a00, #f2b530)";
export const QUIET = "light-dark(#7d8998, #8c8c94)";
export const LINE = "light-dark(#c6c6cd, #424650)";
export const TRACK = "light-dark(#f0f0f3, #1d2530)";
export const SURFACE = "light-dark(#ffffff, #161d26)";
