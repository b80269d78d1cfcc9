/** Making the tasks of a form, once its files are in the bucket. */

import { api, take } from "../../api/client";
import type { Schemas } from "../../api/types";

interface Made {
  taskId: string;
}

type Plan = Omit<Schemas["TaskBody"], "source" | "clientToken">;

const LOOKS = 20;
const LONGEST_UPLOAD = 6 * 3_600_000; // ms: as long as its links last
const PAUSE = 500; // ms between two looks for the verdict

/** Make a task for each object; said again, it finds those that it made, and makes what is new or was changed. */
export async function makeTasks(sources: readonly { bucket: string; key: string }[], plan: Plan, form: string): Promise<Made[]> {
  const made: Made[] = [];
  for (const source of sources) {
    const body = { ...plan, source };
    made.push(await take(api.POST("/tasks", { body: { ...body, clientToken: await tokenOf(form, body) } })));
  }
  return made;
}

/** Return a word of 64 letters that says what is asked for, and in which form. */
async function tokenOf(form: string, body: object): Promise<string> {
  const bytes = new TextEncoder().encode(form + JSON.stringify(body));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the task that an orchestration made of an upload of the last few hours; null when none came in time. */
export async function findTask(key: string): Promise<Made | null> {
  // An upload in parts has the time of its beginning.
  const query = { key, uploadedAfter: new Date(Date.now() - LONGEST_UPLOAD).toISOString(), maxResults: 10 };
  for (let look = 0; look < LOOKS; look += 1) {
    const { verdicts } = await take(api.GET("/uploads/verdicts", { params: { query } }));
    const taskId = verdicts.find((one) => one.taskId)?.taskId;
    if (verdicts.length && !taskId) return null;
    if (taskId && (await isMade(taskId))) return { taskId };
    await new Promise((done) => setTimeout(done, PAUSE));
  }
  return null;
}

/** Whether a task is there: its verdict, which names it, comes first. */
async function isMade(taskId: string): Promise<boolean> {
  const { tasks } = await take(api.GET("/tasks", { params: { query: { taskId } } }));
  return tasks.length > 0;
}
