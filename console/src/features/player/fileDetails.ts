/** The details of an output file, in words. Pure. */

import type { OutputFile } from "../../api/types";
import { clock, humanize, number } from "../../format";
import * as text from "../../strings";

const UNITS: Readonly<Record<string, (value: number) => string>> = {
  bitRate: (bits) => `${number(bits / 1000)} kbit/s`,
  duration: clock,
  every: (seconds) => `${number(seconds)} s`,
  frameRate: (frames) => `${number(frames)} fps`,
  height: (pixels) => `${pixels} px`,
  sampleRate: (hertz) => `${number(hertz / 1000)} kHz`,
  time: clock,
  width: (pixels) => `${pixels} px`,
};

/** Return a file's details in one line. */
export function detailsOf(file: OutputFile): string {
  const scalars = Object.entries(file.facts).filter(([, value]) => value !== null && typeof value !== "object");
  return scalars.map(([name, value]) => `${humanize(name)}: ${withUnit(name, value)}`).join(", ") || text.none;
}

function withUnit(name: string, value: unknown): string {
  return typeof value === "number" && UNITS[name] ? UNITS[name](value) : String(value);
}
