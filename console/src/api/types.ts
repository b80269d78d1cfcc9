/** The API's objects by short names. */

import type { components } from "./schema";

export type Schemas = components["schemas"];

export type Task = Schemas["TaskSummary"];
export type TaskDetail = Schemas["TaskView"];
export type TaskStatus = Schemas["TaskStatus"];
export type Outcome = Schemas["Outcome"];
export type Subtask = Schemas["SubtaskView"];
/** What a subtask's status is called here: a successful one that did nothing is skipped. */
export type Standing = Subtask["status"] | "SKIPPED" | "CANCELLED" | "RETRYING";
export type SubtaskDetail = Schemas["SubtaskDetail"];
export type SubtaskType = Schemas["SubtaskType"];
export type Attempt = Schemas["AttemptView"];
export type OutputFile = Schemas["OutputView"];
export type BulkAction = Schemas["Action"];
export type BulkResult = Schemas["BulkResultView"];
export type BulkPage = Schemas["BulkResultPage"];
export type TaskFilter = Schemas["FilterBody"];
export type Orchestration = Schemas["OrchestrationView"];
export type OrchestrationBody = Schemas["OrchestrationBody"];
export type SubtaskRule = Schemas["SubtaskRule"];
export type Template = Schemas["TemplateView"];
export type TemplateBody = Schemas["TemplateBody"];
/** A version of either; only an orchestration's is enabled or not. */
export type Version = Schemas["VersionView"] & Partial<Pick<Schemas["OrchestrationVersionView"], "enabled">>;
export type Operation = Schemas["OperationView"];
export type Verdict = Schemas["Verdict"];
export type VerdictRow = Schemas["VerdictView"];
export type Grant = Schemas["UploadView"];
