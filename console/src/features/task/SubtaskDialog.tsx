import Alert from "@cloudscape-design/components/alert";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { lazy, Suspense } from "react";
import type { SubtaskDetail, TaskDetail } from "../../api/types";
import { duration, secondsBetween, words } from "../../format";
import { BUSY, usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { Json } from "../../ui/Code";
import { Empty } from "../../ui/EmptyState";
import { Loaded, Waiting } from "../../ui/Loaded";
import { Moment } from "../../ui/Timestamp";
import { standing, SubtaskStatusLabel } from "../../ui/status";
import { Attempts } from "./Attempts";
import { loadSubtask } from "../../api/tasks";
import { fixOf } from "./failureGroups";
import { Files } from "./OutputFiles";
import { MOVING } from "./SubtaskTable";

const Viewing = lazy(() => import("../player/ResultView"));

const FRESH = 55 * 60_000; // ms: the links last an hour

interface Props {
  task: TaskDetail;
  no: number;
  run: number | undefined;
  tab: string | undefined;
  startAt: number;
  onTab: (tab: string) => void;
  onClose: () => void;
}

/** All there is to know of a subtask: what it made, how, and why not. */
export function SubtaskDialog({ task, no, run, tab, startAt, onTab, onClose }: Props) {
  const status = task.subtasks[no - 1]?.status ?? "";
  const detail = usePolled(
    `${task.taskId}#${run ?? ""}#${no}#${task.run}#${status}`,
    (signal) => loadSubtask(task.taskId, no, run, signal),
    // Its files and findings are fixed once it has ended, but not the links to them.
    (found) => (found.status === "SUCCESSFUL" || found.status === "FAILED" ? FRESH : BUSY),
  );
  const subtask = task.subtasks[no - 1];
  return (
    <Modal
      visible
      size="max"
      header={subtask ? `${no}. ${subtask.name} · ${text.types[subtask.type]}` : words(text.task.subtaskNo(no))}
      closeAriaLabel={text.close}
      onDismiss={onClose}
    >
      <Loaded polled={detail}>
        {(found) => (
          <Tabs
            activeTabId={tab ?? "details"}
            onChange={(event) => onTab(event.detail.activeTabId)}
            tabs={[
              { id: "details", label: text.tasks.details, content: <Facts detail={found} /> },
              { id: "play", label: MOVING.has(found.type) ? text.task.play : text.task.view, content: <Shown task={task} detail={found} startAt={startAt} refresh={detail.refresh} /> },
              { id: "files", label: text.task.files(found.outputs.length), content: <Files outputs={found.outputs} /> },
              { id: "attempts", label: text.task.attempts(found.attempts.length), content: <Attempts attempts={found.attempts} /> },
              { id: "params", label: text.task.params, content: <Json value={found.params} label={text.task.params} /> },
              { id: "json", label: text.task.json, content: <Json value={found} label={text.task.json} /> },
            ]}
          />
        )}
      </Loaded>
    </Modal>
  );
}

function Shown(props: { task: TaskDetail; detail: SubtaskDetail; startAt: number; refresh: () => void }) {
  const { detail } = props;
  if (!detail.outputs.length && !detail.result) {
    return <Empty title={text.task.nothingYet} hint={text.task.noOutput(text.standings[standing(detail)].toLowerCase())} />;
  }
  return (
    <Suspense fallback={<Waiting />}>
      <Viewing {...props} />
    </Suspense>
  );
}

function Facts({ detail }: { detail: SubtaskDetail }) {
  const { error } = detail;
  const labels = text.task.overview;
  return (
    <SpaceBetween size="m">
      {error && !error.code.startsWith("Cancelled.") && (
        <Alert type="error" header={error.code}>
          <div>{error.message}</div>
          <strong>{text.task.fix}</strong> {fixOf(error.code)}
        </Alert>
      )}
      {detail.waiting && <Alert type="info">{detail.waiting.message}</Alert>}
      {detail.skipped && <Alert type="info">{text.task.ruleNotMet(detail.when ?? "")}</Alert>}
      {detail.warnings.map((warning) => (
        <Alert key={warning} type="warning">
          {warning}
        </Alert>
      ))}
      <KeyValuePairs
        columns={4}
        items={[
          { label: labels.status, value: <SubtaskStatusLabel subtask={detail} /> },
          { label: labels.started, value: <Moment at={detail.startedAt} /> },
          { label: labels.ended, value: <Moment at={detail.endedAt} /> },
          {
            label: labels.duration,
            value: detail.startedAt && detail.endedAt ? duration(secondsBetween(detail.startedAt, detail.endedAt)) : text.none,
          },
          { label: text.task.template, value: detail.template ?? text.none },
          { label: text.task.reads, value: detail.input ? text.task.subtaskNo(detail.input) : text.task.theSource },
          { label: text.task.needs, value: detail.needs.length ? detail.needs.map(text.task.subtaskNo).join(", ") : text.none },
          { label: text.task.rule, value: detail.when ? <code>{detail.when}</code> : text.none },
        ]}
      />
    </SpaceBetween>
  );
}
