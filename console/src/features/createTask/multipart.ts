/** Uploads directly to the bucket: in one piece, or in parts that survive a lost connection and a closed page. */

import { api, unwrap } from "../../api/client";
import type { Grant } from "../../api/types";
import { readStored, STORED_UPLOADS } from "../../storage";
import * as text from "../../strings";

const CONCURRENCY = 3;
const TRIES = 6; // of one part while the browser is online
const LONGEST_PAUSE = 30_000; // ms
const GONE = 404;
const EXPIRED = new Set([400, 403]); // S3: 403 for an expired link, 400 if the keys that signed it have expired

/** Receives the progress: the bytes sent, and whether the upload is waiting for the connection. */
type OnProgress = (sent: number, waiting: boolean) => void;

/** An interrupted upload in parts, as the browser stores it: without links, which let anyone upload who finds them. */
interface StoredUpload {
  uploadId: string;
  tags: Record<number, string>;
}

/** The storage rejected the upload. */
class RejectedUpload extends Error {
  constructor(readonly status: number) {
    super(text.uploading.rejected(status));
  }
}

const storageKeyOf = (file: File, key: string) => `${STORED_UPLOADS}${key}/${file.size}/${file.lastModified}`;

/** The reason to abort an upload whose parts stay for the next try. */
export const PAGE_LEFT = new DOMException(text.uploading.canceled, "AbortError");

/** Upload a file under a key, and resume an interrupted upload. Throw the signal's reason if it is aborted. */
export async function upload(file: File, key: string, signal: AbortSignal, onProgress: OnProgress): Promise<Grant> {
  const storageKey = storageKeyOf(file, key);
  const stored = readStored(storageKey) as StoredUpload | null;
  const contentType = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : "application/octet-stream";
  const renew = (uploadId: string) => unwrap(api.POST("/uploads/renewals", { body: { key, size: file.size, uploadId }, signal }));
  const grant = stored?.uploadId ? await renew(stored.uploadId) : await unwrap(api.POST("/uploads", { body: { key, size: file.size, contentType }, signal }));
  try {
    if (grant.parts) await sendParts(file, new PartLinks(grant, renew), stored?.tags ?? {}, storageKey, signal, onProgress);
    else await withRetries(() => put(grant.url ?? "", file, grant.headers ?? {}, signal, (sent) => onProgress(sent, false)), signal, () => onProgress(0, true));
  } catch (error) {
    if (signal.aborted && signal.reason !== PAGE_LEFT && grant.abort) {
      localStorage.removeItem(storageKey);
      await fetch(grant.abort.url, { method: grant.abort.method }).catch(() => undefined); // the bucket's lifecycle rule removes the parts anyway
    }
    if (error instanceof RejectedUpload) {
      localStorage.removeItem(storageKey);
      if (stored && error.status === GONE) return upload(file, key, signal, onProgress); // removed since: start over
    }
    throw error;
  }
  localStorage.removeItem(storageKey);
  return grant;
}

/** The links of an upload in parts. The storage refuses expired ones; then all requests share one renewal. */
class PartLinks {
  private renewal: Promise<Grant> | undefined;

  constructor(
    public grant: Grant,
    private readonly renew: (uploadId: string) => Promise<Grant>,
  ) {}

  /** Send a request with the newest links; if they have expired, send it again with new ones. */
  async request<T>(send: (grant: Grant) => Promise<T>): Promise<T> {
    const { grant } = this;
    try {
      return await send(grant);
    } catch (error) {
      if (!(error instanceof RejectedUpload) || !EXPIRED.has(error.status)) throw error;
    }
    if (this.grant === grant) {
      this.renewal ??= this.renew(grant.uploadId ?? "").finally(() => {
        this.renewal = undefined;
      });
      this.grant = await this.renewal;
    }
    return send(this.grant);
  }
}

async function sendParts(
  file: File,
  links: PartLinks,
  tags: Record<number, string>,
  storageKey: string,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<void> {
  const { grant } = links;
  const size = grant.partSize ?? file.size;
  const blobOf = (number: number) => file.slice((number - 1) * size, number * size);
  const sent = new Map(Object.keys(tags).map((number) => [Number(number), blobOf(Number(number)).size]));
  const waiting = new Set<number>(); // part numbers: some parts can wait while others are being sent
  const report = () => onProgress([...sent.values()].reduce((sum, one) => sum + one, 0), waiting.size > 0);
  const pending = (grant.parts ?? []).filter((part) => !tags[part.number]);
  report();

  const work = async () => {
    for (let part = pending.shift(); part; part = pending.shift()) {
      const { number } = part;
      const progress = (bytes: number) => {
        sent.set(number, bytes);
        waiting.delete(number);
        report();
      };
      const send = (newest: Grant) => put(newest.parts?.[number - 1]?.url ?? "", blobOf(number), {}, signal, progress);
      const tag = await withRetries(() => links.request(send), signal, () => {
        sent.delete(number);
        waiting.add(number);
        report();
      });
      tags[number] = tag;
      localStorage.setItem(storageKey, JSON.stringify({ uploadId: grant.uploadId ?? "", tags } satisfies StoredUpload));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  await withRetries(() => links.request((newest) => completeUpload(newest, tags, signal)), signal, () => onProgress(file.size, true));
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
