import ButtonDropdown, { type ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown";
import Link from "@cloudscape-design/components/link";
import Popover from "@cloudscape-design/components/popover";
import type { TableProps } from "@cloudscape-design/components/table";
import type { BulkAction, Task } from "../../api/types";
import { duration, fileName, secondsBetween, size } from "../../format";
import { text } from "../../strings";
import type { useFollow } from "../../ui/links";
import { Moment } from "../../ui/Timestamp";
import { TaskStatusLabel } from "../../ui/status";
import { moveItem, MOVES } from "../taskActions/actions";

/** What a row lets one do: the moves, and two ways to look. */
export type RowAction = BulkAction | "DETAILS" | "PLAY";

interface Ways {
  narrow: boolean;
  follow: ReturnType<typeof useFollow>;
  act: (action: RowAction, task: Task) => void;
}

const rowItems = (task: Task): ButtonDropdownProps.Items => [
  { id: "DETAILS", text: text.tasks.details, href: `/tasks/${task.taskId}` },
  { id: "PLAY", text: text.tasks.playSource },
  { id: "moves", text: text.tasks.operation, items: MOVES.map((action) => moveItem(action, task)) },
];

/** Return the list's columns. */
export function columnsOf({ narrow, follow, act }: Ways): TableProps.ColumnDefinition<Task>[] {
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
      maxWidth: "clamp(150px, 100vw - 1290px, 480px)", // what the other columns leave of the screen
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
          text.tasks.ownSubtasks
        ),
    },
    { id: "created", header: columns.created, minWidth: 120, cell: (task) => <Moment at={task.createdAt} short /> },
    { id: "ended", header: columns.ended, minWidth: 120, cell: (task) => <Moment at={task.endedAt} short /> },
    {
      id: "duration",
      header: columns.duration,
      minWidth: 100,
      cell: (task) =>
        task.startedAt && task.endedAt ? duration(secondsBetween(task.startedAt, task.endedAt)) : text.none,
    },
    { id: "size", header: columns.size, minWidth: 90, cell: (task) => size(task.source.size) },
    { id: "run", header: columns.run, minWidth: 70, cell: (task) => task.run },
    { id: "priority", header: columns.priority, minWidth: 90, cell: (task) => task.priority },
    {
      id: "operation",
      header: columns.operation,
      minWidth: 100,
      cell: (task) => (
        <ButtonDropdown
          variant="inline-icon"
          expandToViewport
          ariaLabel={text.tasks.operationsOf(task.taskId)}
          items={rowItems(task)}
          onItemFollow={follow}
          onItemClick={(event) => {
            if (event.detail.id !== "DETAILS") act(event.detail.id as RowAction, task);
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
    <Popover header={task.error.code} content={task.error.message} dismissAriaLabel={text.close} triggerType="text">
      <TaskStatusLabel task={task} />
    </Popover>
  );
}
