import Box from "@cloudscape-design/components/box";
import type { SubtaskRule } from "../../api/types";
import { predecessors } from "./validate";
import { text } from "../../strings";
import { Graph } from "../../ui/Graph";

/** An orchestration's subtasks, with what each waits for. */
export function RuleGraph({ rules }: { rules: readonly SubtaskRule[] }) {
  if (!rules.length) return null;
  return (
    <Graph
      label={text.task.graph}
      nodes={rules.map((rule, index) => ({
        id: rule.name,
        needs: predecessors(rule),
        title: `${index + 1}. ${rule.name}`,
        content: <Box variant="small">{[text.types[rule.type], rule.template].filter(Boolean).join(" · ")}</Box>,
      }))}
    />
  );
}
