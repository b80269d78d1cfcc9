import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs, { type KeyValuePairsProps } from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import type { TaskDetail } from "../../api/types";
import { byteSize, duration, fileName, secondsBetween } from "../../format";
import * as text from "../../strings";
import { Copyable } from "../../ui/CopyButton";
import { useFollow } from "../../ui/links";
import { TaskStatusLabel } from "../../ui/status";
import { Timestamp } from "../../ui/Timestamp";

/** A task at a glance. `now` is in epoch milliseconds. */
export function TaskOverview({ task, now }: { task: TaskDetail; now: number }) {
  const follow = useFollow();
  const { source, orchestration } = task;
  const uri = `s3://${source.bucket}/${source.key}`;
  const labels = text.labels;
  const items: KeyValuePairsProps.Item[] = [
    { label: labels.status, value: <TaskStatusLabel task={task} /> },
    { label: labels.created, value: <Timestamp at={task.createdAt} /> },
    { label: labels.started, value: <Timestamp at={task.startedAt} /> },
    { label: labels.ended, value: <Timestamp at={task.endedAt} /> },
    { label: labels.source, value: <Copyable value={uri} shown={fileName(source.key)} /> },
    { label: labels.sourceSize, value: byteSize(source.size) },
    {
      label: labels.orchestration,
      value: orchestration ? (
        <Link href={`/orchestrations/${orchestration.name}`} onFollow={follow}>
          {text.task.version(orchestration.name, orchestration.version)}
        </Link>
      ) : (
        text.labels.customSubtasks
      ),
    },
    { label: labels.subtasks, value: countsOf(task) },
    {
      label: labels.duration,
      value: task.startedAt ? duration(secondsBetween(task.startedAt, task.endedAt ?? now)) : text.none,
    },
    { label: labels.run, value: task.run },
    { label: labels.priority, value: text.task.priority(task.priority, text.task.queues[task.queue]) },
    {
      label: labels.progress,
      // A full progress bar on a failed task would look like success.
      value: task.outcome && task.outcome !== "SUCCEEDED" ? text.none : <ProgressBar value={task.progress} ariaLabel={labels.progress} />,
    },
  ];
  if (task.sessionContext) items.push({ label: text.task.context, value: task.sessionContext });
  return (
    <Container header={<Header variant="h2">{text.labels.overview}</Header>}>
      <KeyValuePairs columns={4} items={items} />
    </Container>
  );
}

function countsOf(task: TaskDetail): string {
  const successful = (task.subtaskCounts.SUCCESSFUL ?? 0) - task.skippedCount;
  const counts = text.task.counts(successful, task.subtasks.length);
  return task.skippedCount ? `${counts} ${text.tasks.skipped(task.skippedCount)}` : counts;
}
