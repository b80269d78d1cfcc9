/** What was found in a film, as stretches of its time line. Pure. */

import { words } from "../../format";

export interface Mark {
  start: number;
  end: number;
  label: string;
  list: string;
  confidence?: number;
  suggestion?: string;
  text?: string;
}

interface Segment {
  start: number;
  end: number;
  label?: unknown;
  type?: unknown;
  kind?: unknown;
  confidence?: unknown;
  suggestion?: unknown;
  text?: unknown;
}

const isSegment = (value: unknown): value is Segment =>
  typeof value === "object" && value !== null && "start" in value && "end" in value &&
  typeof value.start === "number" && typeof value.end === "number";

/** Return all stretches that a result lists, by time; `list` is the name of the list that holds them. */
export function marksOf(result: Readonly<Record<string, unknown>> | null): Mark[] {
  const marks = Object.entries(result ?? {}).flatMap(([list, value]) =>
    Array.isArray(value) ? value.filter(isSegment).map((segment) => markOf(segment, list)) : [],
  );
  return marks.sort((a, b) => a.start - b.start);
}

function markOf(segment: Segment, list: string): Mark {
  const word = (value: unknown) => (typeof value === "string" && value ? value : undefined);
  return {
    start: segment.start,
    end: segment.end,
    list,
    label: said(word(segment.label) ?? word(segment.type) ?? word(segment.kind) ?? list, list),
    confidence: typeof segment.confidence === "number" ? segment.confidence : undefined,
    suggestion: word(segment.suggestion),
    text: word(segment.text),
  };
}

/** Return `AUDIO_MISSING` as "Audio missing"; a word that was looked for stays as it is. */
function said(label: string, list: string): string {
  return list !== "found" && /^[A-Z_]+$/.test(label) ? words(label.toLowerCase()) : label;
}
