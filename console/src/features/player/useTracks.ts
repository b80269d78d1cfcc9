/** The subtitles and seek previews that a task's subtasks made, for playing its source and outputs. */

import { useEffect, useState } from "react";
import { loadSubtask } from "../../api/tasks";
import type { SubtaskDetail, TaskDetail } from "../../api/types";
import { auth } from "../../auth/auth";
import * as text from "../../strings";
import { kindOf, playUrl } from "./playables";

export interface Track {
  kind: "metadata" | "subtitles";
  label: string;
  url: string;
  language?: string;
}

const TRACK_TYPES = new Set(["SPRITE", "RECOGNIZE"]);

/** Return the tracks of a run. They arrive after the video. */
export function useTracks(task: TaskDetail | undefined): readonly Track[] {
  const [tracks, setTracks] = useState<readonly Track[]>([]);
  const producers = (task?.subtasks ?? []).filter((one) => TRACK_TYPES.has(one.type) && one.output).map((one) => one.no);
  const key = task && producers.length ? `${task.taskId}/${task.run}/${producers.join(",")}` : "";

  useEffect(() => {
    if (!key) return;
    const [taskId = "", run, numbers = ""] = key.split("/");
    let unmounted = false;
    let created: readonly Track[] = [];
    const load = async () => {
      const details = await Promise.all(numbers.split(",").map((no) => loadSubtask(taskId, Number(no), Number(run))));
      const loaded = (await Promise.all(details.flatMap((one) => tracksOf(one, taskId, Number(run))))).filter((one) => one !== null);
      created = loaded;
      if (unmounted) revoke(loaded);
      else setTracks(loaded);
    };
    load().catch(() => undefined); // the video plays without them
    return () => {
      unmounted = true;
      revoke(created);
      setTracks([]);
    };
  }, [key]);
  return tracks;
}

function revoke(tracks: readonly Track[]): void {
  for (const { url } of tracks) URL.revokeObjectURL(url);
}

function tracksOf(detail: SubtaskDetail, taskId: string, run: number): Promise<Track | null>[] {
  return detail.outputs
    .filter((file) => kindOf(file.contentType) === "captions")
    .map(async (file): Promise<Track | null> => {
      // A track's own request carries no token, so fetch the cues here. The API adds the links of the images.
      const response = await fetch(playUrl(taskId, detail.no, run, file.fileName), { headers: await auth().headers() });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const cues = await response.text();
      if (!cues.includes("-->")) return null; // no cues
      const sprite = detail.type === "SPRITE";
      const language = typeof file.facts.language === "string" ? file.facts.language : undefined;
      return {
        kind: sprite ? "metadata" : "subtitles",
        // media-chrome expects previews under this label.
        label: sprite ? "thumbnails" : (language ?? text.player.subtitles),
        language,
        url: URL.createObjectURL(new Blob([cues], { type: "text/vtt" })),
      };
    });
}
