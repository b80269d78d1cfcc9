/** Times, lengths and sizes as people read them. */

import { text } from "./strings";

const MOMENT = new Intl.DateTimeFormat(text.locale, { dateStyle: "medium", timeStyle: "medium" });
const SHORT = new Intl.DateTimeFormat(text.locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const TIME = new Intl.DateTimeFormat(text.locale, { hour: "2-digit", minute: "2-digit" });
const THIS_YEAR = new Intl.DateTimeFormat(text.locale, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const NUMBER = new Intl.NumberFormat(text.locale, { maximumFractionDigits: 1 });
const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Return a moment in the reader's own zone, with the year only if it is not this one; `short` without seconds. What is none stays as it is. */
export function moment(iso: string, short = false): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  if (at.getFullYear() !== new Date().getFullYear()) return MOMENT.format(at);
  return (short ? SHORT : THIS_YEAR).format(at);
}

/** Return when something was, in epoch milliseconds: the time alone if it was today. */
export function timeOf(at: number): string {
  const then = new Date(at);
  return (then.toDateString() === new Date().toDateString() ? TIME : SHORT).format(then);
}

/** Return a moment in UTC, as logs name it. */
export function inUtc(iso: string): string {
  return `${new Date(iso).toISOString().replace("T", " ").replace(/\.\d+Z$/, "")} UTC`;
}

/** Return a length of time; below a minute with a tenth of a second. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${NUMBER.format(Math.max(0, seconds))} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** Return the seconds between two moments. */
export function secondsBetween(from: string, to: string | number): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}

/** Return a position in a film, or its length: m:ss.hh, with hours where there are some. */
export function clock(seconds: number): string {
  const hundredths = Math.round(seconds * 100);
  const whole = Math.floor(hundredths / 100);
  const minutes = `${Math.floor((whole % 3600) / 60)}`;
  const rest = ((hundredths % 6000) / 100).toFixed(2).padStart(5, "0");
  return whole < 3600 ? `${minutes}:${rest}` : `${Math.floor(whole / 3600)}:${minutes.padStart(2, "0")}:${rest}`;
}

/** Return a number of bytes in units of 1000. */
export function size(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${NUMBER.format(amount)} ${UNITS[unit] ?? ""}`;
}

/** Return a number as the reader's language writes it. */
export function number(value: number): string {
  return NUMBER.format(value);
}

/** Return the last part of a key. */
export function fileName(key: string): string {
  return key.split("/").pop() ?? key;
}

/** Return `frameRate` as "Frame rate". */
export function words(name: string): string {
  const spaced = name.replace(/[-_]/g, " ").replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
