/** The API's calls about one task. */

import { api, unwrap } from "./client";
import type { SubtaskDetail, TaskDetail } from "./types";

/** Return a task in its current state, or as an earlier run left it. */
export function loadTask(taskId: string, run: number | undefined, signal?: AbortSignal): Promise<TaskDetail> {
  return unwrap(api.GET("/tasks/{task_id}", { params: { path: { task_id: taskId }, query: { run } }, signal }));
}

/** Return all details of a subtask. */
export function loadSubtask(taskId: string, no: number, run?: number, signal?: AbortSignal): Promise<SubtaskDetail> {
  const params = { path: { task_id: taskId, no }, query: { run } };
  return unwrap(api.GET("/tasks/{task_id}/subtasks/{no}", { params, signal }));
}

/** Return a download link for the files of a subtask. Several files become one ZIP file, which may take minutes. */
export function loadDownload(taskId: string, no: number, run?: number) {
  const params = { path: { task_id: taskId, no }, query: { run } };
  // A plain link carries no token, so request the link with one. The browser follows the redirects of a ZIP in preparation.
  return unwrap(api.GET("/tasks/{task_id}/subtasks/{no}/download", { params, headers: { accept: "application/json" } }));
}

/** Return a link to a task's source, for playing. */
export function loadSource(taskId: string) {
  return unwrap(api.GET("/tasks/{task_id}/source", { params: { path: { task_id: taskId } } }));
}
