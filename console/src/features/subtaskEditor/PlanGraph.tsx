import Box from "@cloudscape-design/components/box";
import type { PlannedSubtask } from "../../api/types";
import * as text from "../../strings";
import { Graph } from "../../ui/Graph";
import { predecessors } from "./validate";

/** Planned subtasks and their dependencies. */
export function PlanGraph({ subtasks }: { subtasks: readonly PlannedSubtask[] }) {
  if (!subtasks.length) return null;
  return (
    <Graph
      label={text.labels.graph}
      nodes={subtasks.map((subtask, index) => ({
        id: subtask.name,
        needs: predecessors(subtask),
        title: `${index + 1}. ${subtask.name}`,
        content: <Box variant="small">{[text.subtaskTypes[subtask.type], subtask.template].filter(Boolean).join(" · ")}</Box>,
      }))}
    />
  );
}
