/** What is known of a file, for a person. Pure. */

import type { OutputFile } from "../../api/types";
import { clock, number, words } from "../../format";
import { text } from "../../strings";

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

/** Return a file's facts in one line. */
export function factsOf(file: OutputFile): string {
  const plain = Object.entries(file.facts).filter(([, value]) => value !== null && typeof value !== "object");
  return plain.map(([name, value]) => `${words(name)}: ${measured(name, value)}`).join(", ") || text.none;
}

function measured(name: string, value: unknown): string {
  return typeof value === "number" && UNITS[name] ? UNITS[name](value) : String(value);
}
