import { labels } from "./common";

export const uploads = {
  about: "The result of every upload to the input bucket.",
  upload: "Upload files",
  find: "Find by exact key",
  any: "All results",
  none: "No uploads yet",
  noneHint: "Uploads to the input bucket appear here within seconds.",
  noMatch: "No matching uploads",
  noMatchHint: "A new upload appears here within seconds.",
  columns: {
    key: "Key",
    result: labels.result,
    reason: labels.reason,
    task: "Task",
    size: labels.size,
    uploaded: labels.uploaded,
  },
};
