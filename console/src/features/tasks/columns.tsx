import ButtonDropdown, { type ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown";
import Link from "@cloudscape-design/components/link";
import Popover from "@cloudscape-design/components/popover";
import type { TableProps } from "@cloudscape-design/components/table";
import type { BulkAction, Task } from "../../api/types";
import { byteSize, duration, fileName, secondsBetween } from "../../format";
import * as text from "../../strings";
import type { useFollow } from "../../ui/links";
import { TaskStatusLabel } from "../../ui/status";
import { Timestamp } from "../../ui/Timestamp";
import { ACTIONS, menuItemOf } from "../taskActions/actions";

/** What the menu of a row offers. */
export type RowAction = BulkAction | "DETAILS" | "PLAY";

interface Options {
  narrow: boolean;
  follow: ReturnType<typeof useFollow>;
  onAction: (action: RowAction, task: Task) => void;
}

const rowItems = (task: Task): ButtonDropdownProps.Items => [
  { id: "DETAILS", text: text.buttons.details, href: `/tasks/${task.taskId}` },
  { id: "PLAY", text: text.tasks.playSource },
  { id: "ACTIONS", text: text.labels.actions, items: ACTIONS.map((action) => menuItemOf(action, task)) },
];

/** Return the columns of the list of tasks. */
export function columnsOf({ narrow, follow, onAction }: Options): TableProps.ColumnDefinition<Task>[] {
  const { columns } = text.tasks;
  return [
    {
      id: "id",
      header: columns.id,
      isRowHeader: true,
      minWidth: narrow ? 110 : 150,
      cell: (task) => (
        <Link href={`/tasks/${task.taskId}`} onFollow={follow}>
          {narrow ? `${task.taskId.slice(0, 4)}…${task.taskId.slice(-5)}` : task.taskId}
        </Link>
      ),
    },
    { id: "status", header: columns.status, minWidth: narrow ? 175 : 150, cell: (task) => <Status task={task} /> },
    {
      id: "source",
      header: columns.source,
      minWidth: 140,
      maxWidth: "clamp(150px, 100vw - 1290px, 480px)", // the width that the other columns leave
      cell: (task) => <span title={`s3://${task.source.bucket}/${task.source.key}`}>{fileName(task.source.key)}</span>,
    },
    {
      id: "orchestration",
      header: columns.orchestration,
      minWidth: 130,
      maxWidth: 160,
      cell: ({ orchestration: one }) =>
        one ? (
          <span title={one.name}>
            <Link href={`/orchestrations/${one.name}`} onFollow={follow}>
              {one.name}
            </Link>
          </span>
        ) : (
          text.labels.customSubtasks
        ),
    },
    { id: "created", header: columns.created, minWidth: 120, cell: (task) => <Timestamp at={task.createdAt} short /> },
    { id: "ended", header: columns.ended, minWidth: 120, cell: (task) => <Timestamp at={task.endedAt} short /> },
    {
      id: "duration",
      header: columns.duration,
      minWidth: 100,
      cell: (task) =>
        task.startedAt && task.endedAt ? duration(secondsBetween(task.startedAt, task.endedAt)) : text.none,
    },
    { id: "size", header: columns.size, minWidth: 90, cell: (task) => byteSize(task.source.size) },
    { id: "run", header: columns.run, minWidth: 70, cell: (task) => task.run },
    { id: "priority", header: columns.priority, minWidth: 90, cell: (task) => task.priority },
    {
      id: "actions",
      header: columns.actions,
      minWidth: 100,
      cell: (task) => (
        <ButtonDropdown
          variant="inline-icon"
          expandToViewport
          ariaLabel={text.tasks.actionsFor(task.taskId)}
          items={rowItems(task)}
          onItemFollow={follow}
          onItemClick={(event) => {
            if (event.detail.id !== "DETAILS") onAction(event.detail.id as RowAction, task);
          }}
        />
      ),
    },
  ];
}

function Status({ task }: { task: Task }) {
  const skipped = task.skippedCount ? ` ${text.tasks.skipped(task.skippedCount)}` : "";
  if (!task.error) {
    return (
      <>
        <TaskStatusLabel task={task} />
        {skipped}
      </>
    );
  }
  return (
    <Popover header={task.error.code} content={task.error.message} dismissAriaLabel={text.buttons.close} triggerType="text">
      <TaskStatusLabel task={task} />
    </Popover>
  );
}
