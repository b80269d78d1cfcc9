/** Short names for the API's types. */

import type { components } from "./schema";

export type Schemas = components["schemas"];

export type Task = Schemas["TaskSummary"];
export type TaskDetail = Schemas["TaskView"];
export type TaskStatus = Schemas["TaskStatus"];
export type Outcome = Schemas["Outcome"];
export type Subtask = Schemas["SubtaskView"];
/** A subtask's status as people see it: a successful subtask that did nothing is skipped. */
export type DisplayStatus = Subtask["status"] | "SKIPPED" | "CANCELED" | "RETRYING";
export type SubtaskDetail = Schemas["SubtaskDetail"];
export type SubtaskType = Schemas["SubtaskType"];
export type Attempt = Schemas["AttemptView"];
export type OutputFile = Schemas["OutputView"];
export type BulkAction = Schemas["BulkAction"];
export type BulkResult = Schemas["BulkResultView"];
export type BulkPage = Schemas["BulkResultPage"];
export type TaskFilter = Schemas["FilterBody"];
export type Orchestration = Schemas["OrchestrationView"];
export type OrchestrationBody = Schemas["OrchestrationBody"];
/** A subtask as an orchestration or a new task defines it. */
export type PlannedSubtask = Schemas["SubtaskDocument"];
export type Template = Schemas["TemplateView"];
export type TemplateBody = Schemas["TemplateBody"];
/** A version of an orchestration or a template. Only orchestrations have `enabled`. */
export type Version = Schemas["VersionView"] & Partial<Pick<Schemas["OrchestrationVersionView"], "enabled">>;
export type Operation = Schemas["OperationView"];
export type Kind = Schemas["DocumentOrigin"];
export type Verdict = Schemas["Verdict"];
export type VerdictRow = Schemas["VerdictView"];
export type Grant = Schemas["UploadView"];
