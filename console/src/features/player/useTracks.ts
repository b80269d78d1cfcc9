/** The subtitles and the previews that a task's subtasks have made, for whatever of the task is played. */

import { useEffect, useState } from "react";
import type { SubtaskDetail, TaskDetail } from "../../api/types";
import { auth } from "../../auth/auth";
import { loadSubtask } from "../../api/tasks";
import { text } from "../../strings";
import { kindOf, playUrl } from "./playables";

export interface Track {
  kind: "metadata" | "subtitles";
  label: string;
  url: string;
  language?: string;
}

const MAKERS = new Set(["SPRITE", "RECOGNIZE"]);

/** Return the tracks of a run; they come a little later than the film. */
export function useTracks(task: TaskDetail | undefined): readonly Track[] {
  const [tracks, setTracks] = useState<readonly Track[]>([]);
  const makers = (task?.subtasks ?? []).filter((one) => MAKERS.has(one.type) && one.output).map((one) => one.no);
  const key = task && makers.length ? `${task.taskId}/${task.run}/${makers.join(",")}` : "";

  useEffect(() => {
    if (!key) return;
    const [taskId = "", run, numbers = ""] = key.split("/");
    let gone = false;
    let made: readonly Track[] = [];
    const load = async () => {
      const details = await Promise.all(numbers.split(",").map((no) => loadSubtask(taskId, Number(no), Number(run))));
      const found = (await Promise.all(details.flatMap((one) => tracksOf(one, taskId, Number(run))))).filter((one) => one !== null);
      made = found;
      if (gone) forget(found);
      else setTracks(found);
    };
    load().catch(() => undefined); // the film plays without them
    return () => {
      gone = true;
      forget(made);
      setTracks([]);
    };
  }, [key]);
  return tracks;
}

function forget(tracks: readonly Track[]): void {
  for (const { url } of tracks) URL.revokeObjectURL(url);
}

function tracksOf(detail: SubtaskDetail, taskId: string, run: number): Promise<Track | null>[] {
  return detail.outputs
    .filter((file) => kindOf(file.contentType) === "captions")
    .map(async (file): Promise<Track | null> => {
      // A track's own request carries no headers, so the cues are fetched here; the API puts the images' links in.
      const answer = await fetch(playUrl(taskId, detail.no, run, file.fileName), { headers: await auth().headers() });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const cues = await answer.text();
      if (!cues.includes("-->")) return null; // nothing was said
      const sprite = detail.type === "SPRITE";
      const language = typeof file.facts.language === "string" ? file.facts.language : undefined;
      return {
        kind: sprite ? "metadata" : "subtitles",
        // The player looks for previews under this very name.
        label: sprite ? "thumbnails" : (language ?? text.player.subtitles),
        language,
        url: URL.createObjectURL(new Blob([cues], { type: "text/vtt" })),
      };
    });
}
