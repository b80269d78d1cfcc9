/** The uploads of one page, each with its state. */

import { useEffect, useRef, useState } from "react";
import type { Grant } from "../../api/types";
import * as text from "../../strings";
import { messageOf } from "../../ui/errorMessage";
import { useNotifications } from "../../ui/notifications";
import { PAGE_LEFT, upload } from "./multipart";

export interface UploadRow {
  key: string;
  name: string;
  size: number;
  sent: number;
  state: "queued" | "sending" | "waiting" | "done" | "failed" | "canceled";
  error?: string;
}

/** Return the uploads, and the functions that start and cancel them. */
export function useUploads() {
  const { notifyError } = useNotifications();
  const [rows, setRows] = useState<readonly UploadRow[]>([]);
  const aborters = useRef(new Map<string, AbortController>());
  const busy = rows.some((row) => row.state === "sending" || row.state === "waiting" || row.state === "queued");

  useEffect(() => () => aborters.current.forEach((one) => one.abort(PAGE_LEFT)), []); // an upload without its page has no progress display

  const change = (key: string, what: Partial<UploadRow>) =>
    setRows((all) => all.map((row) => (row.key === key ? { ...row, ...what } : row)));

  /** Send one file. Return null if it was canceled or failed; its row shows which. */
  const send = async (file: File, key: string): Promise<Grant | null> => {
    const signal = aborters.current.get(key)?.signal;
    if (!signal || signal.aborted) return null;
    change(key, { state: "sending" });
    try {
      const grant = await upload(file, key, signal, (sent, waiting) =>
        change(key, { sent, state: waiting ? "waiting" : "sending" }),
      );
      change(key, { sent: file.size, state: "done" });
      return grant;
    } catch (error) {
      const canceled = error instanceof DOMException && error.name === "AbortError";
      change(key, canceled ? { state: "canceled" } : { state: "failed", error: messageOf(error) });
      if (!canceled) notifyError(error, text.uploading.failed(file.name)); // the page continues with the files that arrived
      return null;
    }
  };

  /** Send the files one after the other: each already uses the full bandwidth. */
  const start = async (files: readonly { file: File; key: string }[]): Promise<Grant[]> => {
    aborters.current = new Map(files.map(({ key }) => [key, new AbortController()]));
    setRows(files.map(({ file, key }) => ({ key, name: file.name, size: file.size, sent: 0, state: "queued" })));
    const grants: Grant[] = [];
    for (const { file, key } of files) {
      const grant = await send(file, key);
      if (grant) grants.push(grant);
    }
    return grants;
  };
  const cancel = (key: string) => {
    aborters.current.get(key)?.abort();
    change(key, { state: "canceled" });
  };
  return { rows, busy, start, cancel };
}
