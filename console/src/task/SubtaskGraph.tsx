import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TaskDetail } from "../api/types";
import { text } from "../strings";
import { Graph } from "../ui/Graph";
import { SubtaskStatusLabel } from "../ui/status";

/** The subtasks of a run, with what each waits for. */
export function SubtaskGraph({ task }: { task: TaskDetail }) {
  return (
    <Graph
      label={text.task.graph}
      nodes={task.subtasks.map((subtask) => ({
        id: `${subtask.no}`,
        needs: subtask.needs.map(String),
        title: `${subtask.no}. ${subtask.name}`,
        content: (
          <SpaceBetween direction="horizontal" size="xs">
            <Box variant="small">{text.types[subtask.type]}</Box>
            <SubtaskStatusLabel subtask={subtask} />
            {subtask.status === "IN_PROGRESS" && `${subtask.progress} %`}
          </SpaceBetween>
        ),
      }))}
    />
  );
}
