import Box from "@cloudscape-design/components/box";
import type { TaskDetail } from "../../api/types";
import * as text from "../../strings";
import { Graph } from "../../ui/Graph";
import { SubtaskStatusLabel } from "../../ui/status";

/** The subtasks of a run and their dependencies. */
export function SubtaskGraph({ task }: { task: TaskDetail }) {
  return (
    <Graph
      label={text.labels.graph}
      nodes={task.subtasks.map((subtask) => ({
        id: `${subtask.no}`,
        needs: subtask.needs.map(String),
        title: `${subtask.no}. ${subtask.name}`,
        content: (
          <>
            <Box variant="small">{text.subtaskTypes[subtask.type]}</Box>
            <div>
              <SubtaskStatusLabel subtask={subtask} /> {subtask.status === "IN_PROGRESS" && text.percent(subtask.progress)}
            </div>
          </>
        ),
      }))}
    />
  );
}
