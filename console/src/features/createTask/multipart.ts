/** Sending a file straight into the bucket: whole, or in parts that survive a lost connection and a closed page. */

import { api, take } from "../../api/client";
import type { Grant } from "../../api/types";
import { recall } from "../../storage";
import { text } from "../../strings";

const AT_ONCE = 3;
const TRIES = 6; // of one part while the line is up
const LONGEST_PAUSE = 30_000; // ms

/** Where an upload stands: bytes that have arrived, and whether it waits for the line. */
type Advance = (sent: number, waiting: boolean) => void;

interface Kept {
  grant: Grant;
  tags: Record<number, string>;
}

/** The storage said no. */
class Refused extends Error {
  constructor(readonly status: number) {
    super(text.uploading.refused(status));
  }
}

const placeOf = (file: File, key: string) => `reelmill.upload/${key}/${file.size}/${file.lastModified}`;

/** Why an upload is aborted whose parts are kept for the next try. */
export const LEFT = new DOMException(text.uploading.cancelled, "AbortError");

/** Upload a file under a key; raise the signal's reason when it is aborted. An upload that broke off is gone on with. */
export async function upload(file: File, key: string, signal: AbortSignal, advance: Advance): Promise<Grant> {
  const place = placeOf(file, key);
  const kept = begun(place);
  const contentType = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : "application/octet-stream";
  const grant = kept?.grant ?? (await take(api.POST("/uploads", { body: { key, size: file.size, contentType }, signal })));
  try {
    if (grant.parts) await sendParts(file, grant, kept?.tags ?? {}, place, signal, advance);
    else await patiently(() => put(grant.url ?? "", file, grant.headers ?? {}, signal, (sent) => advance(sent, false)), signal, () => advance(0, true));
  } catch (error) {
    if (signal.aborted && signal.reason !== LEFT && grant.abort) {
      localStorage.removeItem(place);
      await fetch(grant.abort.url, { method: grant.abort.method }).catch(() => undefined); // the bucket clears it away as well
    }
    if (error instanceof Refused) localStorage.removeItem(place); // its links are over: the next try begins anew
    throw error;
  }
  localStorage.removeItem(place);
  return grant;
}

/** Return what is known of an upload that broke off, while its links still last. */
function begun(place: string): Kept | null {
  const found = recall(place) as Kept | null;
  return found && new Date(found.grant.expiresAt).getTime() > Date.now() + 60_000 ? found : null;
}

async function sendParts(
  file: File,
  grant: Grant,
  tags: Record<number, string>,
  place: string,
  signal: AbortSignal,
  advance: Advance,
): Promise<void> {
  const size = grant.partSize ?? file.size;
  const blobOf = (number: number) => file.slice((number - 1) * size, number * size);
  const sent = new Map(Object.keys(tags).map((number) => [Number(number), blobOf(Number(number)).size]));
  const waiting = new Set<number>(); // parts: one that still sends says nothing of the others
  const tell = () => advance([...sent.values()].reduce((sum, one) => sum + one, 0), waiting.size > 0);
  const open = (grant.parts ?? []).filter((part) => !tags[part.number]);
  tell();

  const work = async () => {
    for (let part = open.shift(); part; part = open.shift()) {
      const { number, url } = part;
      const progress = (bytes: number) => {
        sent.set(number, bytes);
        waiting.delete(number);
        tell();
      };
      const send = () => put(url, blobOf(number), {}, signal, progress);
      const tag = await patiently(send, signal, () => {
        sent.delete(number);
        waiting.add(number);
        tell();
      });
      tags[number] = tag;
      localStorage.setItem(place, JSON.stringify({ grant, tags } satisfies Kept));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await patiently(() => join(grant, tags, signal), signal, () => advance(file.size, true));
}

/** Tell the storage that all parts are there. */
async function join(grant: Grant, tags: Record<number, string>, signal: AbortSignal): Promise<void> {
  const parts = (grant.parts ?? [])
    .map(({ number }) => `<Part><PartNumber>${number}</PartNumber><ETag>${(tags[number] ?? "").replaceAll('"', "&quot;")}</ETag></Part>`)
    .join("");
  const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`;
  const answer = await fetch(grant.complete?.url ?? "", { method: "POST", body, headers: { "content-type": "text/xml" }, signal });
  // S3 may begin a 200 while it still joins, and end it as an error.
  if (!answer.ok || (await answer.text()).includes("<Error>")) throw new Refused(answer.status);
}

/** Do something again and again until it works; with the line down, wait for it as long as it takes. */
async function patiently<T>(act: () => Promise<T>, signal: AbortSignal, waiting: () => void): Promise<T> {
  let tries = 0;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      signal.throwIfAborted();
      const hopeless = error instanceof Refused && error.status < 500;
      if (navigator.onLine) tries += 1;
      if (hopeless || tries >= TRIES) throw error;
      waiting();
      await pause(navigator.onLine ? Math.min(500 * 2 ** tries, LONGEST_PAUSE) : LONGEST_PAUSE, signal);
    }
  }
}

/** Wait so long, or until the line is up again. */
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

/** PUT bytes, and return the ETag that came back. `fetch` tells no progress, so this is an XMLHttpRequest. */
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
      else reject(new Refused(request.status));
    };
    request.onerror = () => reject(new Error(text.uploading.broken));
    request.onabort = () => reject(new DOMException(text.uploading.cancelled, "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    request.send(body);
  });
}
