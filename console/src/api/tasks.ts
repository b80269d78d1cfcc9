/** What the pages of one task ask the API. */

import { api, take } from "./client";
import type { SubtaskDetail, TaskDetail } from "./types";

/** Return a task as it stands, or as an earlier run left it. */
export function loadTask(taskId: string, run: number | undefined, signal?: AbortSignal): Promise<TaskDetail> {
  return take(api.GET("/tasks/{task_id}", { params: { path: { task_id: taskId }, query: { run } }, signal }));
}

/** Return all there is to know of a subtask. */
export function loadSubtask(taskId: string, no: number, run?: number, signal?: AbortSignal): Promise<SubtaskDetail> {
  const params = { path: { task_id: taskId, no }, query: { run } };
  return take(api.GET("/tasks/{task_id}/subtasks/{no}", { params, signal }));
}

/** Return a link that saves the files of a subtask: a zip of several, which may take minutes to be made. */
export function loadDownload(taskId: string, no: number, run?: number) {
  const params = { path: { task_id: taskId, no }, query: { run } };
  // A plain link carries no token, so the link is asked for; what leads on meanwhile is followed.
  return take(api.GET("/tasks/{task_id}/subtasks/{no}/download", { params, headers: { accept: "application/json" } }));
}

/** Return a link that plays a task's source. */
export function loadSource(taskId: string) {
  return take(api.GET("/tasks/{task_id}/source", { params: { path: { task_id: taskId } } }));
}
