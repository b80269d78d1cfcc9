import KeyValuePairs, { type KeyValuePairsProps } from "@cloudscape-design/components/key-value-pairs";
import type { SubtaskDetail, SubtaskType } from "../../api/types";
import { text } from "../../strings";
import { Advice } from "./MarkStrip";
import type { Mark } from "./marks";

const FINDERS: ReadonlySet<SubtaskType> = new Set(["ANALYZE", "RECOGNIZE", "MODERATE", "INSPECT"]);

/** What one that looks for something says of the whole, also when it found nothing. */
export function Gist({ detail: { type, result }, marks }: { detail: SubtaskDetail; marks: readonly Mark[] }) {
  if (!result || !FINDERS.has(type)) return null;
  const { score, suggestion } = result;
  const items: KeyValuePairsProps.Item[] = [];
  if (typeof score === "number") items.push({ label: text.marks.score, value: text.marks.ofHundred(score) });
  if (typeof suggestion === "string") items.push({ label: text.marks.columns.suggestion, value: <Advice suggestion={suggestion} /> });
  if (!marks.length) items.push({ label: text.marks.title, value: text.marks.nothing });
  return items.length ? <KeyValuePairs columns={3} items={items} /> : null;
}
