/** What a browser can do with a file. Pure. */

import type { OutputFile } from "../../api/types";
import { API } from "../../config";

export type Kind = "video" | "stream" | "audio" | "image" | "captions" | "other";

/** Something that plays: a file by its own link, or a stream by the API, which gives the links of its parts. */
export interface Playable {
  title: string;
  url: string;
  kind: "video" | "stream" | "audio";
  size?: number;
  facts?: Readonly<Record<string, unknown>>;
  /** Return a fresh link: one lasts an hour. A stream's own address does not change, and gives fresh links itself. */
  renew?: () => Promise<string | undefined>;
}

/** Where a subtask's files are had: by the API for what holds links to others, and by a fresh link. */
export interface Origin {
  play: (fileName: string) => string;
  renew: (key: string) => Promise<string | undefined>;
}

const PLAYLIST = "application/vnd.apple.mpegurl";
const UNPLAYABLE = new Set(["video/mp2t", "video/iso.segment"]);

/** Return what kind of file it is. */
export function kindOf(contentType: string): Kind {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === PLAYLIST || type === "application/x-mpegurl") return "stream";
  if (type === "text/vtt") return "captions";
  if (type.startsWith("video/")) return UNPLAYABLE.has(type) ? "other" : "video";
  if (type.startsWith("audio/")) return "audio";
  return type.startsWith("image/") ? "image" : "other";
}

/** Where a run's subtask gives playlists and captions whose files play. */
export function playUrl(taskId: string, no: number, run: number, file: string): string {
  return `${API}/tasks/${taskId}/subtasks/${no}/play/${encodeURIComponent(file)}?run=${run}`;
}

/** Return what of a subtask's files can be played: of a stream its main playlist alone. */
export function playablesOf(outputs: readonly OutputFile[], origin: Origin): Playable[] {
  const master = outputs.find((file) => file.fileName === "master.m3u8");
  if (master) {
    const size = outputs.reduce((sum, file) => sum + file.size, 0);
    return [{ ...playable(master, "stream"), url: origin.play(master.fileName), size }];
  }
  return outputs.flatMap((file) => {
    const kind = kindOf(file.contentType);
    return kind === "video" || kind === "audio" ? [{ ...playable(file, kind), renew: () => origin.renew(file.key) }] : [];
  });
}

function playable(file: OutputFile, kind: Playable["kind"]): Playable {
  return { title: file.fileName, url: file.url, kind, size: file.size, facts: file.facts };
}
