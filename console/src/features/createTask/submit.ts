/** Creates the tasks of the form after its files are in the bucket. */

import { api, unwrap } from "../../api/client";
import type { Schemas } from "../../api/types";

interface CreatedTask {
  taskId: string;
}

type Plan = Omit<Schemas["TaskBody"], "source" | "clientToken">;

const MOST_POLLS = 20;
const LONGEST_UPLOAD = 6 * 3_600_000; // ms: the links expire then
const PAUSE = 500; // ms between two polls

/** Create a task for each object. Called again for the same form, it returns existing tasks and creates those that are new or changed. */
export async function createTasks(sources: readonly { bucket: string; key: string }[], plan: Plan, formId: string): Promise<CreatedTask[]> {
  const created: CreatedTask[] = [];
  for (const source of sources) {
    const body = { ...plan, source };
    created.push(await unwrap(api.POST("/tasks", { body: { ...body, clientToken: await tokenOf(formId, body) } })));
  }
  return created;
}

/** Return the client token of a request: a hash of the form's ID and the body. */
async function tokenOf(formId: string, body: object): Promise<string> {
  const bytes = new TextEncoder().encode(formId + JSON.stringify(body));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the task that an orchestration created for a recent upload; null if there is none in time. */
export async function findTask(key: string): Promise<CreatedTask | null> {
  // A multipart upload is dated by its start.
  const query = { key, uploadedAfter: new Date(Date.now() - LONGEST_UPLOAD).toISOString(), maxResults: 10 };
  for (let poll = 0; poll < MOST_POLLS; poll += 1) {
    const { verdicts } = await unwrap(api.GET("/uploads/verdicts", { params: { query } }));
    const taskId = verdicts.find((one) => one.taskId)?.taskId;
    if (verdicts.length && !taskId) return null;
    if (taskId && (await exists(taskId))) return { taskId };
    await new Promise((done) => setTimeout(done, PAUSE));
  }
  return null;
}

/** Return whether a task exists: the verdict that names it is written first. */
async function exists(taskId: string): Promise<boolean> {
  const { tasks, newerVersion } = await unwrap(api.GET("/tasks", { params: { query: { taskId } } }));
  return tasks.length + newerVersion.length > 0;
}
