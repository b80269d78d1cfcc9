import Alert from "@cloudscape-design/components/alert";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { lazy, Suspense } from "react";
import { loadSubtask } from "../../api/tasks";
import type { SubtaskDetail, TaskDetail } from "../../api/types";
import { BUSY_INTERVAL, usePolled } from "../../api/usePolled";
import { duration, humanize, secondsBetween } from "../../format";
import * as text from "../../strings";
import { JsonBlock } from "../../ui/CodeBlock";
import { EmptyState } from "../../ui/EmptyState";
import { Loaded, Loading } from "../../ui/Loaded";
import { displayStatus, SubtaskStatusLabel } from "../../ui/status";
import { Timestamp } from "../../ui/Timestamp";
import { Attempts } from "./Attempts";
import { remedyFor } from "./failureGroups";
import { OutputFiles } from "./OutputFiles";
import { PLAYED } from "./SubtaskTable";

const ResultView = lazy(() => import("../player/ResultView"));

const LINK_INTERVAL = 55 * 60_000; // ms: links last an hour

interface Props {
  task: TaskDetail;
  no: number;
  run: number | undefined;
  tab: string | undefined;
  startAt: number;
  onTab: (tab: string) => void;
  onClose: () => void;
}

/** All details of a subtask: its outputs, attempts and errors. */
export function SubtaskDialog({ task, no, run, tab, startAt, onTab, onClose }: Props) {
  const status = task.subtasks[no - 1]?.status ?? "";
  const detail = usePolled(
    `${task.taskId}#${run ?? ""}#${no}#${task.run}#${status}`,
    (signal) => loadSubtask(task.taskId, no, run, signal),
    // After the end, its files and result don't change, but the links to them expire.
    (loaded) => (loaded.status === "SUCCESSFUL" || loaded.status === "FAILED" ? LINK_INTERVAL : BUSY_INTERVAL),
  );
  const subtask = task.subtasks[no - 1];
  return (
    <Modal
      visible
      size="max"
      header={subtask ? `${no}. ${subtask.name} · ${text.subtaskTypes[subtask.type]}` : humanize(text.task.subtaskNo(no))}
      closeAriaLabel={text.buttons.close}
      onDismiss={onClose}
    >
      <Loaded polled={detail}>
        {(loaded) => (
          <Tabs
            activeTabId={tab ?? "details"}
            onChange={(event) => onTab(event.detail.activeTabId)}
            tabs={[
              { id: "details", label: text.buttons.details, content: <Details detail={loaded} /> },
              { id: "play", label: PLAYED.has(loaded.type) ? text.task.play : text.task.view, content: <Outputs task={task} detail={loaded} startAt={startAt} refresh={detail.refresh} /> },
              { id: "files", label: text.task.files(loaded.outputs.length), content: <OutputFiles outputs={loaded.outputs} /> },
              { id: "attempts", label: text.task.attempts(loaded.attempts.length), content: <Attempts attempts={loaded.attempts} /> },
              { id: "params", label: text.labels.parameters, content: <JsonBlock value={loaded.params} label={text.labels.parameters} /> },
              { id: "json", label: text.labels.json, content: <JsonBlock value={loaded} label={text.labels.json} /> },
            ]}
          />
        )}
      </Loaded>
    </Modal>
  );
}

function Outputs(props: { task: TaskDetail; detail: SubtaskDetail; startAt: number; refresh: () => void }) {
  const { detail } = props;
  if (!detail.outputs.length && !detail.result) {
    return <EmptyState title={text.task.noResult} hint={text.task.noFiles[displayStatus(detail)]} />;
  }
  return (
    <Suspense fallback={<Loading />}>
      <ResultView {...props} />
    </Suspense>
  );
}

function Details({ detail }: { detail: SubtaskDetail }) {
  const { error } = detail;
  const labels = text.labels;
  return (
    <SpaceBetween size="m">
      {error && !error.code.startsWith("Canceled.") && (
        <Alert type="error" header={error.code}>
          <div>{error.message}</div>
          <strong>{text.task.howToFix}</strong> {remedyFor(error.code)}
        </Alert>
      )}
      {detail.waiting && <Alert type="info">{detail.waiting.message}</Alert>}
      {detail.skipped && <Alert type="info">{text.task.conditionNotMet(detail.when ?? "")}</Alert>}
      {detail.warnings.map((warning) => (
        <Alert key={warning} type="warning">
          {warning}
        </Alert>
      ))}
      <KeyValuePairs
        columns={4}
        items={[
          { label: labels.status, value: <SubtaskStatusLabel subtask={detail} /> },
          { label: labels.started, value: <Timestamp at={detail.startedAt} /> },
          { label: labels.ended, value: <Timestamp at={detail.endedAt} /> },
          {
            label: labels.duration,
            value: detail.startedAt && detail.endedAt ? duration(secondsBetween(detail.startedAt, detail.endedAt)) : text.none,
          },
          { label: text.labels.template, value: detail.template ?? text.none },
          { label: text.task.input, value: detail.input ? text.task.subtaskNo(detail.input) : text.task.sourceFile },
          { label: text.task.dependsOn, value: detail.needs.length ? detail.needs.map(text.task.subtaskNo).join(", ") : text.none },
          { label: text.task.condition, value: detail.when ? <code>{detail.when}</code> : text.none },
        ]}
      />
    </SpaceBetween>
  );
}
