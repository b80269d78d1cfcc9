import { labels } from "./common";
import { count } from "./count";

export const createTask = {
  about: "Select a source file and choose how to process it.",
  origin: "Source location",
  upload: "Upload from this computer",
  uploadWhy: "Uploads directly to the input bucket and resumes after a lost connection.",
  object: "S3 object",
  objectWhy: "Select an object that's already in a bucket.",
  files: "Files",
  filesWhy: "Select files or drop them here. Each file becomes a separate task.",
  dropzone: {
    uploadButtonText: () => "Select files",
    dropzoneText: () => "Drop files to upload",
    removeFileAriaLabel: (index: number) => `Remove file ${index + 1}`,
    limitShowFewer: "Show fewer",
    limitShowMore: "Show more",
    errorIconAriaLabel: "Error",
    warningIconAriaLabel: "Warning",
  },
  folder: "Folder in the input bucket",
  folderWhy: "Some orchestrations start automatically for files in their folder.",
  uri: "Object",
  uriForm: "s3://bucket/key",
  browse: "Browse",
  noFile: "Select a file first.",
  sameKey: (key: string) => `Two files would have the same key (${key}). Remove one, or upload it to another folder.`,
  invalidUri: "Enter an S3 URI (s3://bucket/key) or select Browse.",
  processing: "Processing",
  how: "How should it be processed?",
  auto: "Use the folder's orchestrations",
  autoWhy: "Upload only. Any orchestration that watches the folder creates a task.",
  orchestrationWhy: "A saved workflow of subtasks.",
  selectOrchestration: "Select an orchestration",
  customWhy: "Define subtasks for this task only.",
  prefixWhy: "Folder in the output bucket. Variables: {inputDir} {inputName} {inputFormat} {taskId} {run}.",
  invalidPlan: "Add at least one subtask and fix the highlighted errors.",
  more: "Priority and context",
  priorityWhy: "Above 0: urgent queue. Below 0: background queue.",
  context: "Context",
  contextWhy: "Free text stored with the task.",
  copyCurl: "Copy cURL command",
  copyCli: "Copy CLI command",
  submit: (number: number) => (number > 1 ? `Create ${number} tasks` : "Create task"),
  submitUpload: "Upload",
  uploaded: (number: number) => `${count(number, "file")} uploaded.`,
  created: (number: number) => `${count(number, "task")} created.`,
};

export const uploading = {
  states: {
    queued: "Queued",
    sending: "Uploading",
    waiting: "Connection lost. The upload resumes automatically.",
    done: "Uploaded",
    failed: "Failed",
    canceled: "Canceled",
  },
  cancel: (name: string) => `Cancel upload of ${name}`,
  canceled: "Upload canceled.",
  failed: (name: string) => `Couldn't upload ${name}`,
  broken: "The connection to the storage was lost.",
  rejected: (status: number) =>
    `The storage rejected the upload (${status}). Try again; the upload restarts from the beginning.`,
};

export const objectPicker = {
  title: "Objects in the input bucket",
  about: "Sorted by key.",
  prefix: "Key prefix",
  select: "Select",
  more: "Load more",
  none: "No objects here",
  noneHint: "Upload a file or change the prefix.",
  columns: { key: "Key", size: labels.size, uploaded: labels.uploaded },
};

export const preview = {
  title: "What will happen",
  selectFirst: "Select a file to preview its subtasks and output names.",
  task: "Creates a task with these subtasks and outputs:",
  byOrchestration: (name: string) => `Orchestration ${name} creates a task with these subtasks and outputs:`,
  second: (names: readonly string[]) =>
    names.length === 1
      ? `Orchestration ${names[0] ?? ""} also watches this folder and will create a second task. To avoid that, choose another folder.`
      : `Orchestrations ${names.join(", ")} also watch this folder and will create more tasks. To avoid that, choose another folder.`,
  noTask: "The file will be uploaded, but no task will be created.",
  folder: "Each attempt writes to its own subfolder.",
};
