import { labels } from "./common";
import { count } from "./count";

export const matchForm = {
  title: "Test a key",
  about: "Shows which orchestrations would match, without creating a task.",
  key: "Key in the input bucket",
  test: "Test",
};

/** What the pages of orchestrations and of templates share. */
export const catalog = {
  duplicate: "Duplicate",
  editing: (name: string) => `Edit ${name}`,
  startFrom: "Start from",
  startFromWhy: "Copies everything except the name.",
  blank: "Blank",
  saved: (name: string, version: number) => `Saved ${name} as version ${version}.`,
  notSaved: (why: string) => `Not saved. ${why.split("\n")[0] ?? ""}`, // the editor shows the other lines
  deleteTitle: (name: string) => `Delete ${name}?`,
  deleted: (name: string) => `${name} deleted.`,
  version: "Version",
  kind: "Kind",
  updated: "Updated",
};

export const yamlEditor = {
  form: "Form",
  yaml: "YAML",
  invalid: "Invalid",
  valid: "Valid",
  hasErrors: "The YAML has errors",
  discard: "Discard YAML changes",
};

export const orchestrations = {
  about: "An orchestration runs the same subtasks for every new file in a folder.",
  none: "No orchestrations",
  noneHint: "Create one to process every new file in a folder automatically.",
  on: "Enabled",
  off: "Disabled",
  enable: "Enable",
  disable: "Disable",
  enabled: (name: string) => `${name} is enabled.`,
  disabled: (name: string) => `${name} is disabled. Running tasks continue.`,
  viewTasks: "View tasks",
  nameWhy: "Lowercase letters, digits and hyphens. Can't be changed later.",
  description: "Description",
  automatic: "Process new files automatically",
  folder: "Folder",
  folderWhy: "Matches keys with this prefix.",
  formats: "Formats",
  formatsWhy: "File extensions, separated by commas. Leave empty for all supported formats.",
  deleteWhat: "New files will no longer be processed. Existing tasks are kept.",
  trigger: "Trigger",
};

export const templates = {
  about: "A template is a named set of parameters for one operation.",
  find: "Find templates",
  any: "All operations",
  none: "No templates",
  noneHint: "Clear the filter or create a template.",
  nameWhy: "Lowercase letters, digits and hyphens.",
  summary: "Summary",
  usedBy: "Used by",
  presetRejected: "Presets can't be changed. Duplicate the preset to customize it.",
  deleteWhat: "Orchestrations that use this template stop creating tasks until they use another one.",
};

export const versions = {
  title: "Versions",
  current: "Current",
  only: "No earlier versions. Each change creates one.",
  deleted: "This item was deleted. Restore one of its versions to bring it back.",
  older: "Show older versions",
  changes: "Changes",
  changesIn: (version: number) => `Changes in version ${version}`,
  restore: "Restore",
  restoreVersion: (version: number) => `Restore version ${version}`,
  restoring: (version: number) => `You're restoring version ${version}. Saving creates a new version.`,
  difference: "Difference",
  from: "From version",
  to: "To version",
  counts: (added: number, removed: number) => `${count(added, "line")} added, ${removed} removed`,
  same: "No differences.",
  columns: {
    version: catalog.version,
    updated: catalog.updated,
    kind: catalog.kind,
    enabled: labels.status,
    actions: labels.actions,
  },
};
