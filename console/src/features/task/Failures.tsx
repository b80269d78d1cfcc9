import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { SubtaskDetail, TaskDetail } from "../../api/types";
import { text } from "../../strings";
import { Code } from "../../ui/Code";
import { LoadError, Waiting } from "../../ui/Loaded";
import { loadSubtask } from "../../api/tasks";
import { type FailureGroup, failuresOf } from "./failureGroups";

/** All that failed in a run: one alert for each cause, with what to do, the log's end and the command. */
export function Failures({ task, onDetails }: { task: TaskDetail; onDetails: (no: number) => void }) {
  const groups = failuresOf(task.subtasks);
  if (!groups.length) return null;
  return (
    <SpaceBetween size="s">
      {groups.map((group) => (
        <Group key={`${group.code}${group.message}`} task={task} group={group} onDetails={onDetails} />
      ))}
    </SpaceBetween>
  );
}

function Group(props: { task: TaskDetail; group: FailureGroup; onDetails: (no: number) => void }) {
  const { task, group, onDetails } = props;
  const [first] = group.subtasks;
  const names = group.subtasks.map((one) => `${one.no} (${one.name})`).join(", ");
  if (!first) return null;
  return (
    <Alert
      type="error"
      header={text.task.failed(names, group.subtasks.length)}
      action={<Button onClick={() => onDetails(first.no)}>{text.tasks.details}</Button>}
    >
      <SpaceBetween size="xs">
        <div>
          {group.message} <code>{group.code}</code>
        </div>
        <div>
          <strong>{text.task.fix}</strong> {group.fix}
        </div>
        {group.skipped.length > 0 && (
          <div>{text.task.skippedToo(group.skipped.map((one) => `${one.no} (${one.name})`).join(", "))}</div>
        )}
        <Evidence task={task} no={first.no} />
      </SpaceBetween>
    </Alert>
  );
}

/** The log's end and the commands of a subtask's last attempt; asked for when somebody opens them. */
function Evidence({ task, no }: { task: TaskDetail; no: number }) {
  const [detail, setDetail] = useState<SubtaskDetail>();
  const [error, setError] = useState<Error>();
  const load = () => {
    setError(undefined);
    loadSubtask(task.taskId, no, task.run).then(setDetail, setError);
  };
  const last = detail?.attempts.at(-1);
  return (
    <ExpandableSection
      headerText={text.task.evidence}
      onChange={(event) => {
        if (event.detail.expanded && !detail) load();
      }}
    >
      {error && <LoadError error={error} again={load} />}
      {!error && !detail && <Waiting />}
      {detail && !last && text.task.noEvidence}
      {last && (
        <SpaceBetween size="m">
          {last.logTail ? <Code label={text.task.logOf(text.task.subtaskNo(no))}>{last.logTail}</Code> : text.task.noLog}
          {last.commands.map((command, place) => (
            <Code key={command} label={text.task.commandOf(place + 1, text.task.subtaskNo(no))} copy={text.task.copyCommand}>
              {command}
            </Code>
          ))}
        </SpaceBetween>
      )}
    </ExpandableSection>
  );
}
