import KeyValuePairs, { type KeyValuePairsProps } from "@cloudscape-design/components/key-value-pairs";
import type { SubtaskDetail, SubtaskType } from "../../api/types";
import * as text from "../../strings";
import { SuggestionLabel } from "./DetectionList";
import type { Detection } from "./detections";

const ANALYSES: ReadonlySet<SubtaskType> = new Set(["ANALYZE", "RECOGNIZE", "MODERATE", "INSPECT"]);

/** The summary of an analysis, including one without detections. */
export function ResultSummary({ detail: { type, result }, detections }: { detail: SubtaskDetail; detections: readonly Detection[] }) {
  if (!result || !ANALYSES.has(type)) return null;
  const { score, suggestion } = result;
  const items: KeyValuePairsProps.Item[] = [];
  if (typeof score === "number") items.push({ label: text.detections.score, value: text.detections.outOf100(score) });
  if (typeof suggestion === "string") items.push({ label: text.detections.columns.suggestion, value: <SuggestionLabel suggestion={suggestion} /> });
  if (!detections.length) items.push({ label: text.detections.title, value: text.detections.none });
  return items.length ? <KeyValuePairs columns={3} items={items} /> : null;
}
