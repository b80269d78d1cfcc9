import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Popover from "@cloudscape-design/components/popover";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Subtask, TaskDetail } from "../../api/types";
import { duration, fileName } from "../../format";
import * as text from "../../strings";
import { Copyable } from "../../ui/CopyButton";
import { DataTable } from "../../ui/DataTable";
import { displayStatus, SubtaskStatusLabel } from "../../ui/status";
import { Timestamp } from "../../ui/Timestamp";
import { useNarrow } from "../../ui/useNarrow";
import { secondsLeft } from "./progress";

export type SubtaskAction = "details" | "show" | "download";

interface Props {
  task: TaskDetail;
  now: number;
  onAction: (action: SubtaskAction, subtask: Subtask) => void;
}

/** The types whose outputs are played; those of the others are viewed. */
export const PLAYED: ReadonlySet<Subtask["type"]> = new Set(["TRANSCODE", "STREAM", "ENHANCE", "SEPARATE_AUDIO"]);
const WRAPPED = { whiteSpace: "normal" } as const; // or long names push the last column over the others

export function SubtaskTable({ task, now, onAction }: Props) {
  const narrow = useNarrow();
  const { columns } = text.task;
  return (
    <DataTable<Subtask>
      variant="container"
      header={<Header variant="h2" counter={`(${task.subtasks.length})`}>{text.labels.subtasks}</Header>}
      items={task.subtasks}
      trackBy={(subtask) => `${subtask.no}`}
      stickyColumns={{ last: narrow ? 0 : 1 }}
      enableKeyboardNavigation
      ariaLabels={{ tableLabel: text.labels.subtasks }}
      columnDefinitions={[
        { id: "no", header: columns.no, minWidth: 50, cell: (one) => one.no },
        { id: "type", header: columns.type, isRowHeader: true, minWidth: 150, maxWidth: 190, cell: (one) => <Type subtask={one} /> },
        { id: "status", header: columns.status, minWidth: 130, cell: (one) => <Status subtask={one} /> },
        { id: "progress", header: columns.progress, minWidth: 130, maxWidth: 150, cell: (one) => <Progress subtask={one} now={now} /> },
        { id: "started", header: columns.started, minWidth: 130, cell: (one) => <Timestamp at={one.startedAt} /> },
        { id: "ended", header: columns.ended, minWidth: 130, cell: (one) => <Timestamp at={one.endedAt} /> },
        { id: "output", header: columns.output, minWidth: 100, maxWidth: 140, cell: (one) => <Output subtask={one} /> },
        { id: "actions", header: columns.actions, minWidth: 228, cell: (one) => <Actions subtask={one} onAction={onAction} /> },
      ]}
    />
  );
}

function Type({ subtask }: { subtask: Subtask }) {
  return (
    <div style={WRAPPED}>
      <div>{text.subtaskTypes[subtask.type]}</div>
      <Box variant="small">{subtask.template ? `${subtask.name} · ${subtask.template}` : subtask.name}</Box>
    </div>
  );
}

function Status({ subtask }: { subtask: Subtask }) {
  const label = <SubtaskStatusLabel subtask={subtask} />;
  const reason =
    subtask.error?.message ??
    subtask.waiting?.message ??
    (subtask.skipped ? text.task.conditionNotMet(subtask.when ?? "") : undefined) ??
    (subtask.carriedFrom ? text.task.reused(subtask.carriedFrom) : undefined);
  return reason ? (
    <Popover header={subtask.error?.code} content={reason} dismissAriaLabel={text.buttons.close} triggerType="text">
      {label}
    </Popover>
  ) : (
    label
  );
}

function Progress({ subtask, now }: { subtask: Subtask; now: number }) {
  const status = displayStatus(subtask);
  if (status === "SKIPPED" || status === "CANCELED") return <>{text.none}</>;
  const left = secondsLeft(subtask, now);
  const details = [subtask.phase, left === undefined ? undefined : text.task.left(duration(left))];
  return (
    <div style={WRAPPED}>
      <ProgressBar
        value={subtask.progress}
        ariaLabel={text.task.progressOf(subtask.no)}
        description={details.filter(Boolean).join(", ") || undefined}
      />
    </div>
  );
}

function Output({ subtask: { output } }: { subtask: Subtask }) {
  if (!output) return <>{text.none}</>;
  // For several files, this is the folder of their attempt. Its parent folder has the meaningful name.
  const folder = /([^/]+\/)[^/]+\/$/.exec(output)?.[1];
  return (
    <span title={output}>
      <Copyable value={output} shown={folder ?? fileName(output)} />
    </span>
  );
}

function Actions({ subtask, onAction }: { subtask: Subtask; onAction: Props["onAction"] }) {
  const noFiles = text.task.noFiles[displayStatus(subtask)];
  const hasResult = subtask.status === "SUCCESSFUL" && !subtask.skipped;
  const shows = PLAYED.has(subtask.type) ? "play" : "view";
  const { details, download, ...show } = text.task.subtaskButtons;
  const buttons = [
    { action: "details", label: text.buttons.details, name: details, disabled: undefined },
    { action: "show", label: text.task[shows], name: show[shows], disabled: hasResult ? undefined : noFiles },
    { action: "download", label: text.task.download, name: download, disabled: subtask.output ? undefined : noFiles },
  ] as const;
  return (
    <SpaceBetween size="s" direction="horizontal">
      {buttons.map(({ action, label, name, disabled }) => (
        <Button
          key={action}
          variant="inline-link"
          disabled={disabled !== undefined}
          disabledReason={disabled}
          ariaLabel={name(subtask.no)}
          onClick={() => onAction(action, subtask)}
        >
          {label}
        </Button>
      ))}
    </SpaceBetween>
  );
}
