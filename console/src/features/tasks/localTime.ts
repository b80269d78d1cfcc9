/** Times of the filters: ISO 8601 in the URL and for the API, local date and time in the form. Pure. */

const WHOLE_DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Return a time as the form's local date and time; the start of today if there is none. */
export function localTimeOf(value: string | null): { date: string; time: string } {
  const at = value ? new Date(value) : new Date(new Date().setHours(0, 0, 0, 0));
  if (Number.isNaN(at.getTime())) return { date: "", time: "" };
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
  return { date: local.slice(0, 10), time: local.slice(11, 19) };
}

/** Return the time that a form shows, in ISO 8601; null while the form is incomplete. */
export function isoTimeOf(date: string, time: string): string | null {
  if (!WHOLE_DATE.test(date)) return null;
  const [hours = "00", minutes = "00", seconds = "00"] = time.split(":").map((part) => part.padStart(2, "0") || "00");
  const at = new Date(`${date}T${hours}:${minutes}:${seconds}`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
