import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Popover from "@cloudscape-design/components/popover";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Subtask, TaskDetail } from "../../api/types";
import { duration, fileName } from "../../format";
import { text } from "../../strings";
import { List } from "../../ui/DataTable";
import { Copyable } from "../../ui/CopyButton";
import { Moment } from "../../ui/Timestamp";
import { useNarrow } from "../../ui/useNarrow";
import { standing, SubtaskStatusLabel } from "../../ui/status";
import { secondsLeft } from "./progress";

export type SubtaskWay = "details" | "play" | "download";

interface Props {
  task: TaskDetail;
  now: number;
  onWay: (way: SubtaskWay, subtask: Subtask) => void;
}

export const MOVING: ReadonlySet<Subtask["type"]> = new Set(["TRANSCODE", "STREAM", "ENHANCE", "SEPARATE_AUDIO"]); // what is played
const WRAPPED = { whiteSpace: "normal" } as const; // so that long names keep the last column off the others

export function SubtaskTable({ task, now, onWay }: Props) {
  const narrow = useNarrow();
  const { columns } = text.task;
  return (
    <List<Subtask>
      variant="container"
      header={<Header variant="h2" counter={`(${task.subtasks.length})`}>{text.task.subtasks}</Header>}
      items={task.subtasks}
      trackBy={(subtask) => `${subtask.no}`}
      stickyColumns={{ last: narrow ? 0 : 1 }}
      enableKeyboardNavigation
      ariaLabels={{ tableLabel: text.task.subtasks }}
      columnDefinitions={[
        { id: "no", header: columns.no, minWidth: 50, cell: (one) => one.no },
        { id: "type", header: columns.type, isRowHeader: true, minWidth: 150, maxWidth: 190, cell: (one) => <Type subtask={one} /> },
        { id: "status", header: columns.status, minWidth: 130, cell: (one) => <Status subtask={one} /> },
        { id: "progress", header: columns.progress, minWidth: 130, maxWidth: 150, cell: (one) => <Progress subtask={one} now={now} /> },
        { id: "started", header: columns.started, minWidth: 130, cell: (one) => <Moment at={one.startedAt} /> },
        { id: "ended", header: columns.ended, minWidth: 130, cell: (one) => <Moment at={one.endedAt} /> },
        { id: "output", header: columns.output, minWidth: 100, maxWidth: 140, cell: (one) => <Output subtask={one} /> },
        { id: "operation", header: columns.operation, minWidth: 228, cell: (one) => <Ways subtask={one} onWay={onWay} /> },
      ]}
    />
  );
}

function Type({ subtask }: { subtask: Subtask }) {
  return (
    <div style={WRAPPED}>
      <div>{text.types[subtask.type]}</div>
      <Box variant="small">{subtask.template ? `${subtask.name} · ${subtask.template}` : subtask.name}</Box>
    </div>
  );
}

function Status({ subtask }: { subtask: Subtask }) {
  const label = <SubtaskStatusLabel subtask={subtask} />;
  const why =
    subtask.error?.message ??
    subtask.waiting?.message ??
    (subtask.skipped ? text.task.ruleNotMet(subtask.when ?? "") : undefined) ??
    (subtask.carriedFrom ? text.task.carried(subtask.carriedFrom) : undefined);
  return why ? (
    <Popover header={subtask.error?.code} content={why} dismissAriaLabel={text.close} triggerType="text">
      {label}
    </Popover>
  ) : (
    label
  );
}

function Progress({ subtask, now }: { subtask: Subtask; now: number }) {
  const stands = standing(subtask);
  if (stands === "SKIPPED" || stands === "CANCELLED") return <>{text.none}</>;
  const left = secondsLeft(subtask, now);
  const more = [subtask.phase, left === undefined ? undefined : text.task.left(duration(left))];
  return (
    <div style={WRAPPED}>
      <ProgressBar
        value={subtask.progress}
        ariaLabel={text.task.progressOf(subtask.no)}
        description={more.filter(Boolean).join(", ") || undefined}
      />
    </div>
  );
}

function Output({ subtask: { output } }: { subtask: Subtask }) {
  if (!output) return <>{text.none}</>;
  // Of several files it is the folder of their attempt, whose name says nothing: the one above it does.
  const folder = /([^/]+\/)[^/]+\/$/.exec(output)?.[1];
  return (
    <span title={output}>
      <Copyable value={output} shown={folder ?? fileName(output)} />
    </span>
  );
}

function Ways({ subtask, onWay }: { subtask: Subtask; onWay: Props["onWay"] }) {
  const nothing = subtask.output ? undefined : text.task.noOutput(text.standings[standing(subtask)].toLowerCase());
  const found = subtask.status === "SUCCESSFUL" && !subtask.skipped;
  const ways = [
    { way: "details" as const, label: text.tasks.details, disabled: undefined },
    {
      way: "play" as const,
      label: MOVING.has(subtask.type) ? text.task.play : text.task.view,
      disabled: found ? undefined : text.task.noOutput(text.standings[standing(subtask)].toLowerCase()),
    },
    { way: "download" as const, label: text.task.download, disabled: nothing },
  ];
  return (
    <SpaceBetween size="s" direction="horizontal">
      {ways.map(({ way, label, disabled }) => (
        <Button
          key={way}
          variant="inline-link"
          disabled={disabled !== undefined}
          disabledReason={disabled}
          ariaLabel={text.task.wayOf(label, subtask.no)}
          onClick={() => onWay(way, subtask)}
        >
          {label}
        </Button>
      ))}
    </SpaceBetween>
  );
}
