import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { loadSubtask } from "../../api/tasks";
import type { SubtaskDetail, TaskDetail } from "../../api/types";
import * as text from "../../strings";
import { CodeBlock } from "../../ui/CodeBlock";
import { LoadError, Loading } from "../../ui/Loaded";
import { type FailureGroup, groupFailures } from "./failureGroups";

/** The failures of a run: one alert per cause, with the fix, the last log lines and the ffmpeg command. */
export function Failures({ task, onDetails }: { task: TaskDetail; onDetails: (no: number) => void }) {
  const groups = groupFailures(task.subtasks);
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
      action={<Button onClick={() => onDetails(first.no)}>{text.buttons.details}</Button>}
    >
      <SpaceBetween size="xs">
        <div>
          {group.message} <code>{group.code}</code>
        </div>
        <div>
          <strong>{text.task.howToFix}</strong> {group.remedy}
        </div>
        {group.skipped.length > 0 && (
          <div>{text.task.skippedAsResult(group.skipped.map((one) => `${one.no} (${one.name})`).join(", "))}</div>
        )}
        <AttemptLog task={task} no={first.no} />
      </SpaceBetween>
    </Alert>
  );
}

/** The last log lines and the commands of a subtask's last attempt, loaded when the section is opened. */
function AttemptLog({ task, no }: { task: TaskDetail; no: number }) {
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
      {error && <LoadError error={error} onRetry={load} />}
      {!error && !detail && <Loading />}
      {detail && !last && text.task.noAttemptRecord}
      {last && (
        <SpaceBetween size="m">
          {last.logTail ? <CodeBlock label={text.task.logOf(text.task.subtaskNo(no))}>{last.logTail}</CodeBlock> : text.task.noLog}
          {last.commands.map((command, place) => (
            <CodeBlock key={command} label={text.task.commandOf(place + 1, text.task.subtaskNo(no))} copy={text.task.copyCommand}>
              {command}
            </CodeBlock>
          ))}
        </SpaceBetween>
      )}
    </ExpandableSection>
  );
}
