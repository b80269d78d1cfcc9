/** Which files a browser can play, and from where. Pure. */

import type { OutputFile } from "../../api/types";
import { API } from "../../config";

export type MediaKind = "video" | "stream" | "audio" | "image" | "captions" | "other";

/** Something to play: a file with its own link, or a stream whose playlists the API serves with links inside. */
export interface Playable {
  title: string;
  url: string;
  kind: "video" | "stream" | "audio";
  size?: number;
  facts?: Readonly<Record<string, unknown>>;
  /** Return a fresh link. Links last an hour. A stream doesn't need this: its address stays and returns fresh links. */
  renew?: () => Promise<string | undefined>;
}

/** How to get a subtask's files: from the API if they contain links, or by a fresh link. */
export interface FileAccess {
  play: (fileName: string) => string;
  renew: (key: string) => Promise<string | undefined>;
}

const PLAYLIST = "application/vnd.apple.mpegurl";
const UNPLAYABLE = new Set(["video/mp2t", "video/iso.segment"]);

/** Return the kind of a file by its content type. */
export function kindOf(contentType: string): MediaKind {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === PLAYLIST || type === "application/x-mpegurl") return "stream";
  if (type === "text/vtt") return "captions";
  if (type.startsWith("video/")) return UNPLAYABLE.has(type) ? "other" : "video";
  if (type.startsWith("audio/")) return "audio";
  return type.startsWith("image/") ? "image" : "other";
}

/** Return the address where the API serves a playlist or captions with links that work. */
export function playUrl(taskId: string, no: number, run: number, file: string): string {
  return `${API}/tasks/${taskId}/subtasks/${no}/play/${encodeURIComponent(file)}?run=${run}`;
}

/** Return the playable files of a subtask. For a stream, that is its main playlist. */
export function playablesOf(outputs: readonly OutputFile[], access: FileAccess): Playable[] {
  const master = outputs.find((file) => file.fileName === "master.m3u8");
  if (master) {
    const size = outputs.reduce((sum, file) => sum + file.size, 0);
    return [{ ...playable(master, "stream"), url: access.play(master.fileName), size }];
  }
  return outputs.flatMap((file) => {
    const kind = kindOf(file.contentType);
    return kind === "video" || kind === "audio" ? [{ ...playable(file, kind), renew: () => access.renew(file.key) }] : [];
  });
}

function playable(file: OutputFile, kind: Playable["kind"]): Playable {
  return { title: file.fileName, url: file.url, kind, size: file.size, facts: file.facts };
}
