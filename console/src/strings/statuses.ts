/** The API's enumerations, in words. */

import type { DisplayStatus, Kind, Outcome, SubtaskType, TaskStatus, Verdict } from "../api/types";

export const taskStatuses: Record<TaskStatus, string> = {
  WAITING: "Waiting",
  IN_PROGRESS: "In progress",
  COMPLETED: "Completed",
};

export const inProgress = (percent: number) => `In progress, ${percent}%`;

export const outcomes: Record<Outcome, string> = {
  SUCCEEDED: "Succeeded",
  PARTIALLY_FAILED: "Partially failed",
  FAILED: "Failed",
  ENDED: "Ended",
};

export const subtaskStatuses: Record<DisplayStatus, string> = {
  WAITING: "Waiting",
  RETRYING: "Retrying",
  IN_PROGRESS: "In progress",
  SUCCESSFUL: "Successful",
  FAILED: "Failed",
  SKIPPED: "Skipped",
  CANCELED: "Canceled",
};

export const subtaskTypes: Record<SubtaskType, string> = {
  TRANSCODE: "Transcode",
  STREAM: "Adaptive streaming",
  ENHANCE: "Enhance",
  SCREENSHOT: "Screenshot",
  SAMPLE_SCREENSHOTS: "Screenshot series",
  SPRITE: "Sprite",
  ANIMATE: "Animated image",
  ANALYZE: "Analysis",
  RECOGNIZE: "Recognition",
  MODERATE: "Moderation",
  INSPECT: "Quality inspection",
  SEPARATE_AUDIO: "Audio separation",
};

export const verdicts: Record<Verdict, string> = {
  MATCHED: "Task created",
  DUPLICATE: "Already processed",
  NO_MATCH: "No matching orchestration",
  WRONG_FORMAT: "Unsupported format",
  EMPTY_OBJECT: "Empty file",
  OWN_OUTPUT: "Reelmill output",
  SUPERSEDED: "Overwritten",
  INVALID_ORCHESTRATION: "Invalid orchestration",
};

export const suggestions: Readonly<Record<string, string>> = { PASS: "Pass", REVIEW: "Review", BLOCK: "Block" };

export const kinds: Record<Kind, string> = { PRESET: "Preset", CUSTOM: "Custom" };
