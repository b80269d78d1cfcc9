/** What an analysis detected in a video, as segments of its timeline. Pure. */

import { humanize } from "../../format";

export interface Detection {
  start: number;
  end: number;
  label: string;
  category: string;
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

/** Return all segments that a result lists, by time. The name of their list becomes their category. */
export function detectionsOf(result: Readonly<Record<string, unknown>> | null): Detection[] {
  const detections = Object.entries(result ?? {}).flatMap(([category, value]) =>
    Array.isArray(value) ? value.filter(isSegment).map((segment) => detectionOf(segment, category)) : [],
  );
  return detections.sort((a, b) => a.start - b.start);
}

function detectionOf(segment: Segment, category: string): Detection {
  const word = (value: unknown) => (typeof value === "string" && value ? value : undefined);
  return {
    start: segment.start,
    end: segment.end,
    category,
    label: readable(word(segment.label) ?? word(segment.type) ?? word(segment.kind) ?? category, category),
    confidence: typeof segment.confidence === "number" ? segment.confidence : undefined,
    suggestion: word(segment.suggestion),
    text: word(segment.text),
  };
}

/** Return `AUDIO_MISSING` as "Audio missing". A keyword that was searched for stays as it is. */
function readable(label: string, category: string): string {
  return category !== "found" && /^[A-Z_]+$/.test(label) ? humanize(label.toLowerCase()) : label;
}
