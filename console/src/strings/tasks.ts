import { labels } from "./common";
import { count } from "./count";

export const tasks = {
  about: "A task processes one source file in one or more subtasks. The status shows the result.",
  selected: (number: number) => `(${number} selected)`,
  pageSelected: (number: number) => `All ${count(number, "task")} on this page are selected.`,
  selectMatching: "Select all tasks that match the filter",
  matchingSelected: "All tasks that match the filter are selected, including those on other pages.",
  allMatching: "(all matching)",
  clearSelection: "Clear selection",
  find: "Find tasks by ID, status, outcome, orchestration or exact source key",
  date: "Date",
  dateForm: "YYYY/MM/DD",
  time: "Time",
  timeForm: "24-hour format, your local time zone",
  noMatch: "No matching tasks",
  noMatchHint: "Remove a filter or widen the time range.",
  noKeyHint: "Enter the complete source key, for example uploads/film.mp4. A file name alone doesn't match.",
  empty: "No tasks yet",
  emptyHint:
    "Upload a video or audio file and choose how to process it. Files placed in the input bucket start tasks automatically.",
  first: "Create your first task",
  playSource: "Play source video",
  actionsFor: (id: string) => `Actions for task ${id}`,
  skipped: (number: number) => `(${number} skipped)`,
  columns: {
    id: "Task ID",
    status: labels.status,
    source: labels.source,
    orchestration: labels.orchestration,
    created: labels.created,
    ended: labels.ended,
    duration: labels.duration,
    size: labels.sourceSize,
    run: labels.run,
    priority: labels.priority,
    actions: labels.actions,
  },
  filters: {
    taskId: { label: "Task ID", values: "Task IDs" },
    status: { label: "Status", values: "Statuses" },
    outcome: { label: "Outcome", values: "Outcomes" },
    orchestration: { label: "Orchestration", values: "Orchestrations" },
    sourceKey: { label: "Source key (exact)", values: "Source keys" },
    createdAfter: { label: "Created after", values: "Times" },
    createdBefore: { label: "Created before", values: "Times" },
  },
  tableLabels: {
    tableLabel: "Tasks",
    selectionGroupLabel: "Select tasks",
    allItemsSelectionLabel: () => "Select all tasks on this page",
    itemSelectionLabel: (_: unknown, task: { taskId: string }) => `Select task ${task.taskId}`,
  },
};

export const preferences = {
  title: "Preferences",
  pageSize: "Rows per page",
  rows: (number: number) => `${number} rows`,
  columns: "Columns",
  compact: "Compact mode",
  compactWhy: "Shows more rows on the screen",
};
