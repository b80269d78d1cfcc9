/** The uploads of one page, each with its state. */

import { useEffect, useRef, useState } from "react";
import type { Grant } from "../../api/types";
import { text } from "../../strings";
import { useNotices } from "../../ui/notifications";
import { reasonOf } from "../../ui/errorMessage";
import { LEFT, upload } from "./multipart";

export interface UploadRow {
  key: string;
  name: string;
  size: number;
  sent: number;
  state: "queued" | "sending" | "waiting" | "done" | "failed" | "cancelled";
  error?: string;
}

/** Return the rows, and the ways to begin and to give up. */
export function useUploads() {
  const { fail } = useNotices();
  const [rows, setRows] = useState<readonly UploadRow[]>([]);
  const aborts = useRef(new Map<string, AbortController>());
  const busy = rows.some((row) => row.state === "sending" || row.state === "waiting" || row.state === "queued");

  useEffect(() => () => aborts.current.forEach((one) => one.abort(LEFT)), []); // nobody would see them go on

  const change = (key: string, what: Partial<UploadRow>) =>
    setRows((all) => all.map((row) => (row.key === key ? { ...row, ...what } : row)));

  /** Send one file; null when it was given up or failed, which its row tells. */
  const send = async (file: File, key: string): Promise<Grant | null> => {
    const signal = aborts.current.get(key)?.signal;
    if (!signal || signal.aborted) return null;
    change(key, { state: "sending" });
    try {
      const grant = await upload(file, key, signal, (sent, waiting) =>
        change(key, { sent, state: waiting ? "waiting" : "sending" }),
      );
      change(key, { sent: file.size, state: "done" });
      return grant;
    } catch (error) {
      const cancelled = error instanceof DOMException && error.name === "AbortError";
      change(key, cancelled ? { state: "cancelled" } : { state: "failed", error: reasonOf(error) });
      if (!cancelled) fail(error, text.uploading.failed(file.name)); // the page goes on with those that arrived
      return null;
    }
  };

  /** Send all, one after the other: each already uses the whole line. */
  const start = async (files: readonly { file: File; key: string }[]): Promise<Grant[]> => {
    aborts.current = new Map(files.map(({ key }) => [key, new AbortController()]));
    setRows(files.map(({ file, key }) => ({ key, name: file.name, size: file.size, sent: 0, state: "queued" })));
    const grants: Grant[] = [];
    for (const { file, key } of files) {
      const grant = await send(file, key);
      if (grant) grants.push(grant);
    }
    return grants;
  };
  const cancel = (key: string) => {
    aborts.current.get(key)?.abort();
    change(key, { state: "cancelled" });
  };
  return { rows, busy, start, cancel };
}
