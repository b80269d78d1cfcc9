/** Uploads directly to the bucket: in one piece, or in parts that survive a lost connection and a closed page. */

import { api, unwrap } from "../../api/client";
import type { Grant } from "../../api/types";
import { readStored } from "../../storage";
import * as text from "../../strings";

const CONCURRENCY = 3;
const TRIES = 6; // of one part while the browser is online
const LONGEST_PAUSE = 30_000; // ms

/** Receives the progress: the bytes sent, and whether the upload is waiting for the connection. */
type OnProgress = (sent: number, waiting: boolean) => void;

interface StoredUpload {
  grant: Grant;
  tags: Record<number, string>;
}

/** The storage rejected the upload. */
class RejectedUpload extends Error {
  constructor(readonly status: number) {
    super(text.uploading.rejected(status));
  }
}

const storageKeyOf = (file: File, key: string) => `reelmill.upload/${key}/${file.size}/${file.lastModified}`;

/** The reason to abort an upload whose parts stay for the next try. */
export const PAGE_LEFT = new DOMException(text.uploading.canceled, "AbortError");

/** Upload a file under a key, and resume an interrupted upload. Throw the signal's reason if it is aborted. */
export async function upload(file: File, key: string, signal: AbortSignal, onProgress: OnProgress): Promise<Grant> {
  const storageKey = storageKeyOf(file, key);
  const stored = readUnexpired(storageKey);
  const contentType = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : "application/octet-stream";
  const grant = stored?.grant ?? (await unwrap(api.POST("/uploads", { body: { key, size: file.size, contentType }, signal })));
  try {
    if (grant.parts) await sendParts(file, grant, stored?.tags ?? {}, storageKey, signal, onProgress);
    else await withRetries(() => put(grant.url ?? "", file, grant.headers ?? {}, signal, (sent) => onProgress(sent, false)), signal, () => onProgress(0, true));
  } catch (error) {
    if (signal.aborted && signal.reason !== PAGE_LEFT && grant.abort) {
      localStorage.removeItem(storageKey);
      await fetch(grant.abort.url, { method: grant.abort.method }).catch(() => undefined); // the bucket's lifecycle rule removes the parts anyway
    }
    if (error instanceof RejectedUpload) localStorage.removeItem(storageKey); // its links have expired: the next try starts over
    throw error;
  }
  localStorage.removeItem(storageKey);
  return grant;
}

/** Return an interrupted upload whose links are still valid; null if there is none. */
function readUnexpired(storageKey: string): StoredUpload | null {
  const stored = readStored(storageKey) as StoredUpload | null;
  return stored && new Date(stored.grant.expiresAt).getTime() > Date.now() + 60_000 ? stored : null;
}

async function sendParts(
  file: File,
  grant: Grant,
  tags: Record<number, string>,
  storageKey: string,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<void> {
  const size = grant.partSize ?? file.size;
  const blobOf = (number: number) => file.slice((number - 1) * size, number * size);
  const sent = new Map(Object.keys(tags).map((number) => [Number(number), blobOf(Number(number)).size]));
  const waiting = new Set<number>(); // part numbers: some parts can wait while others are being sent
  const report = () => onProgress([...sent.values()].reduce((sum, one) => sum + one, 0), waiting.size > 0);
  const pending = (grant.parts ?? []).filter((part) => !tags[part.number]);
  report();

  const work = async () => {
    for (let part = pending.shift(); part; part = pending.shift()) {
      const { number, url } = part;
      const progress = (bytes: number) => {
        sent.set(number, bytes);
        waiting.delete(number);
        report();
      };
      const send = () => put(url, blobOf(number), {}, signal, progress);
      const tag = await withRetries(send, signal, () => {
        sent.delete(number);
        waiting.add(number);
        report();
      });
      tags[number] = tag;
      localStorage.setItem(storageKey, JSON.stringify({ grant, tags } satisfies StoredUpload));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  await withRetries(() => completeUpload(grant, tags, signal), signal, () => onProgress(file.size, true));
}

/** Complete a multipart upload. */
async function completeUpload(grant: Grant, tags: Record<number, string>, signal: AbortSignal): Promise<void> {
  const parts = (grant.parts ?? [])
    .map(({ number }) => `<Part><PartNumber>${number}</PartNumber><ETag>${(tags[number] ?? "").replaceAll('"', "&quot;")}</ETag></Part>`)
    .join("");
  const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`;
  const response = await fetch(grant.complete?.url ?? "", { method: "POST", body, headers: { "content-type": "text/xml" }, signal });
  // S3 may send status 200 before it has finished, and then an error in the body.
  if (!response.ok || (await response.text()).includes("<Error>")) throw new RejectedUpload(response.status);
}

/** Retry an action until it succeeds. While the browser is offline, wait as long as it takes. */
async function withRetries<T>(act: () => Promise<T>, signal: AbortSignal, onWait: () => void): Promise<T> {
  let tries = 0;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      signal.throwIfAborted();
      const isFinal = error instanceof RejectedUpload && error.status < 500;
      if (navigator.onLine) tries += 1;
      if (isFinal || tries >= TRIES) throw error;
      onWait();
      await pause(navigator.onLine ? Math.min(500 * 2 ** tries, LONGEST_PAUSE) : LONGEST_PAUSE, signal);
    }
  }
}

/** Wait for a time, or until the browser is online again. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}

/** PUT bytes and return their ETag. This uses XMLHttpRequest because `fetch` reports no upload progress. */
function put(
  url: string,
  body: Blob,
  headers: Record<string, string>,
  signal: AbortSignal,
  progress: (bytes: number) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => {
      if (request.status < 300) resolve(request.getResponseHeader("etag") ?? "");
      else reject(new RejectedUpload(request.status));
    };
    request.onerror = () => reject(new Error(text.uploading.broken));
    request.onabort = () => reject(new DOMException(text.uploading.canceled, "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    request.send(body);
  });
}
