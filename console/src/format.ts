/** Times, durations and sizes as people read them. */

import * as text from "./strings";

const FULL = new Intl.DateTimeFormat(text.locale, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
const MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const SHORT = new Intl.DateTimeFormat(text.locale, { day: "numeric", month: "short", ...MINUTE });
const TIME = new Intl.DateTimeFormat(text.locale, MINUTE);
const THIS_YEAR = new Intl.DateTimeFormat(text.locale, {
  day: "numeric",
  month: "short",
  ...MINUTE,
  second: "2-digit",
});
const NUMBER = new Intl.NumberFormat(text.locale, { maximumFractionDigits: 1 });
const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Return a time in the local time zone, with the year if it isn't this year; `short` omits seconds. Return invalid input as it is. */
export function dateTime(iso: string, short = false): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  if (at.getFullYear() !== new Date().getFullYear()) return FULL.format(at);
  return (short ? SHORT : THIS_YEAR).format(at);
}

/** Return a time, given in epoch milliseconds, without the date if it is today. */
export function shortTime(at: number): string {
  const then = new Date(at);
  return (then.toDateString() === new Date().toDateString() ? TIME : SHORT).format(then);
}

/** Return a time in UTC, as logs write it. */
export function utcTime(iso: string): string {
  return `${new Date(iso).toISOString().replace("T", " ").replace(/\.\d+Z$/, "")} UTC`;
}

/** Return a duration: below a minute with tenths of a second. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${NUMBER.format(Math.max(0, seconds))} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** Return the seconds between two times. */
export function secondsBetween(from: string, to: string | number): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}

/** Return a position in a video, or its duration: m:ss.hh, or h:mm:ss.hh. */
export function clock(seconds: number): string {
  const hundredths = Math.round(seconds * 100);
  const whole = Math.floor(hundredths / 100);
  const minutes = `${Math.floor((whole % 3600) / 60)}`;
  const rest = ((hundredths % 6000) / 100).toFixed(2).padStart(5, "0");
  return whole < 3600 ? `${minutes}:${rest}` : `${Math.floor(whole / 3600)}:${minutes.padStart(2, "0")}:${rest}`;
}

/** Return a number of bytes in decimal units. */
export function byteSize(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${NUMBER.format(amount)} ${UNITS[unit] ?? ""}`;
}

/** Return a number in the console's locale. */
export function number(value: number): string {
  return NUMBER.format(value);
}

/** Return the file name of a key. */
export function fileName(key: string): string {
  return key.split("/").pop() ?? key;
}

/** Return `frameRate` as "Frame rate". */
export function humanize(name: string): string {
  const spaced = name.replace(/[-_]/g, " ").replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
