import Box from "@cloudscape-design/components/box";
import type { TaskDetail } from "../../api/types";
import { text } from "../../strings";
import { Graph } from "../../ui/Graph";
import { SubtaskStatusLabel } from "../../ui/status";

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
          <>
            <Box variant="small">{text.types[subtask.type]}</Box>
            <div>
              <SubtaskStatusLabel subtask={subtask} /> {subtask.status === "IN_PROGRESS" && `${subtask.progress} %`}
            </div>
          </>
        ),
      }))}
    />
  );
}
