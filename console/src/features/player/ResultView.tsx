import FormField from "@cloudscape-design/components/form-field";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useEffect, useState } from "react";
import type { SubtaskDetail, TaskDetail } from "../../api/types";
import { text } from "../../strings";
import { loadSource, loadSubtask } from "../../api/tasks";
import { Json } from "../../ui/Code";
import { Waiting } from "../../ui/Loaded";
import { useNotices } from "../../ui/notifications";
import { Gist } from "./ResultSummary";
import { kindOf, type Origin, type Playable, playablesOf, playUrl } from "./playables";
import { marksOf } from "./marks";
import { Savings } from "./SizeComparison";
import { Stage } from "./MediaPlayer";
import { useTracks } from "./useTracks";

const Gallery = lazy(() => import("./Gallery"));
const Wipe = lazy(() => import("./Wipe"));

interface Props {
  task: TaskDetail;
  detail: SubtaskDetail;
  startAt: number;
}

/** What a subtask made, in the way that shows it best; `refresh` brings fresh links to it. */
export default function Viewing({ task, detail, startAt, refresh }: Props & { refresh: () => void }) {
  const playables = playablesOf(detail.outputs, originOf(task.taskId, detail.no, task.run));
  const images = detail.outputs.filter((file) => kindOf(file.contentType) === "image");
  const marks = marksOf(detail.result);
  return (
    <Suspense fallback={<Waiting />}>
      <SpaceBetween size="l">
      <Gist detail={detail} marks={marks} />
      {playables.length > 0 && <Player task={task} playables={playables} detail={detail} startAt={startAt} />}
      {playables.length === 0 && (marks.length > 0 || detail.type === "SPRITE") && (
        <OnInput task={task} detail={detail} startAt={startAt} />
      )}
      {images.length > 0 && <Gallery images={images} refresh={refresh} />}
      {detail.result && <Json value={detail.result} label={text.task.result} />}
      </SpaceBetween>
    </Suspense>
  );
}

function Player(props: Props & { playables: readonly Playable[] }) {
  const { task, playables, detail, startAt } = props;
  const [view, setView] = useState("output");
  const [chosen, setChosen] = useState(0);
  const [media, setMedia] = useState<HTMLMediaElement | null>(null);
  const tracks = useTracks(task);
  const output = playables[chosen] ?? playables[0];
  const source = useSourceOf(task);
  const seconds = useLength(media);
  if (!output) return null;
  const comparable = source?.kind === "video" && output.kind !== "audio";
  return (
    <SpaceBetween size="m">
      {playables.length > 1 && (
        <FormField label={text.player.file}>
          <Select
            selectedOption={{ value: `${chosen}`, label: output.title }}
            options={playables.map((one, index) => ({ value: `${index}`, label: one.title }))}
            onChange={(event) => setChosen(Number(event.detail.selectedOption.value))}
          />
        </FormField>
      )}
      {comparable && (
        <SegmentedControl
          label={text.player.show}
          selectedId={view}
          onChange={(event) => setView(event.detail.selectedId)}
          options={[
            { id: "output", text: text.player.output },
            { id: "source", text: text.player.source },
            { id: "wipe", text: text.player.compare },
          ]}
        />
      )}
      {view === "wipe" && comparable ? (
        // Hidden while this loads, what was pressed would lose the focus, and the dialog the keyboard.
        <Suspense fallback={<Waiting />}>
          <Wipe before={source} after={output} />
        </Suspense>
      ) : (
        <Stage
          key={view}
          source={view === "source" && source ? source : output}
          startAt={startAt}
          tracks={tracks}
          marks={marksOf(detail.result)}
          onMedia={setMedia}
        />
      )}
      {output.size !== undefined && <Savings sourceSize={task.source.size} outputSize={output.size} seconds={output.kind === "stream" ? undefined : seconds} />}
    </SpaceBetween>
  );
}

/** What a subtask found, on the film in which it found it. */
function OnInput({ task, detail, startAt }: Props) {
  const tracks = useTracks(task);
  const input = useInputOf(task, detail.input);
  return input ? <Stage source={input} startAt={startAt} tracks={tracks} marks={marksOf(detail.result)} /> : null;
}

/** Return a task's source as something that plays. */
function useSourceOf(task: TaskDetail): Playable | undefined {
  return useInputOf(task, null);
}

/** Return what a subtask read: the source, or another subtask's output. */
function useInputOf(task: TaskDetail, input: number | null): Playable | undefined {
  const [playable, setPlayable] = useState<Playable>();
  const { fail } = useNotices();
  const { taskId, run } = task;
  useEffect(() => {
    let gone = false;
    const load = async () => {
      const found = input === null ? await sourceOf(taskId) : await outputOf(taskId, input, run);
      if (!gone) setPlayable(found);
    };
    load().catch(fail);
    return () => {
      gone = true;
    };
  }, [taskId, run, input, fail]);
  return playable;
}

async function outputOf(taskId: string, no: number, run: number): Promise<Playable | undefined> {
  const { outputs } = await loadSubtask(taskId, no, run);
  return playablesOf(outputs, originOf(taskId, no, run))[0];
}

function originOf(taskId: string, no: number, run: number): Origin {
  return {
    play: (fileName) => playUrl(taskId, no, run, fileName),
    renew: async (key) => (await loadSubtask(taskId, no, run)).outputs.find((file) => file.key === key)?.url,
  };
}

/** Return a task's source, if a browser may be able to play it. */
export async function sourceOf(taskId: string): Promise<Playable> {
  const { url, contentType } = await loadSource(taskId);
  const kind = kindOf(contentType);
  const renew = async () => (await loadSource(taskId)).url;
  return { title: text.player.source, url, kind: kind === "audio" || kind === "stream" ? kind : "video", renew };
}

/** Return how long a film is, once the browser knows. */
function useLength(media: HTMLMediaElement | null): number | undefined {
  const [seconds, setSeconds] = useState<number>();
  useEffect(() => {
    if (!media) return;
    const told = () => setSeconds(Number.isFinite(media.duration) ? media.duration : undefined);
    media.addEventListener("durationchange", told);
    return () => media.removeEventListener("durationchange", told);
  }, [media]);
  return seconds;
}
