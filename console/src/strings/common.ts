/** What several pages say. */

export const locale = "en-US";
export const product = "Reelmill";
export const none = "–";
export const loading = "Loading…";
export const newTab = "Opens in a new tab";

export const buttons = {
  refresh: "Refresh",
  actions: "Actions",
  tryAgain: "Try again",
  close: "Close",
  cancel: "Cancel",
  confirm: "Confirm",
  stop: "Stop",
  edit: "Edit",
  save: "Save",
  delete: "Delete",
  remove: "Remove",
  add: "Add",
  details: "Details",
  clearFilters: "Clear filters",
};

export const copying = {
  copy: "Copy",
  json: "Copy JSON",
  value: (value: string) => `Copy ${value}`,
  copied: "Copied",
  failed: "Copy failed",
};

export const pagination = {
  nextPageLabel: "Next page",
  previousPageLabel: "Previous page",
  pageLabel: (page: number) => `Page ${page}`,
};

/** Labels of columns and fields that several pages show. */
export const labels = {
  name: "Name",
  type: "Type",
  size: "Size",
  status: "Status",
  created: "Created",
  started: "Started",
  ended: "Ended",
  uploaded: "Uploaded",
  duration: "Duration",
  source: "Source",
  sourceSize: "Source size",
  orchestration: "Orchestration",
  operation: "Operation",
  template: "Template",
  subtasks: "Subtasks",
  priority: "Priority",
  progress: "Progress",
  run: "Run",
  reason: "Reason",
  result: "Result",
  parameters: "Parameters",
  actions: "Actions",
  overview: "Overview",
  views: "Views",
  graph: "Graph",
  json: "JSON",
  customSubtasks: "Custom subtasks",
  outputPath: "Output path",
};

const listed = {
  tasks: ["Task", "Tasks"],
  orchestrations: ["Orchestration", "Orchestrations"],
  templates: ["Template", "Templates"],
  versions: ["Version", "Versions"],
  uploads: ["The result of", "The results of"],
} as const;

export type Listed = keyof typeof listed;

/** Return what a list says about what only a newer version of Reelmill can read. */
export function newerVersion(list: Listed, names: readonly string[]): string {
  const [one, many] = listed[list];
  const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  return names.length === 1
    ? `${one} ${shown} was stored by a newer version of Reelmill. Deploy that version again to see it.`
    : `${many} ${shown} were stored by a newer version of Reelmill. Deploy that version again to see them.`;
}

export const percent = (value: number | string) => `${value}%`;
