import FormField from "@cloudscape-design/components/form-field";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useEffect, useState } from "react";
import { loadSource, loadSubtask } from "../../api/tasks";
import type { SubtaskDetail, TaskDetail } from "../../api/types";
import * as text from "../../strings";
import { JsonBlock } from "../../ui/CodeBlock";
import { Loading } from "../../ui/Loaded";
import { useNotifications } from "../../ui/notifications";
import { detectionsOf } from "./detections";
import { MediaPlayer } from "./MediaPlayer";
import { type FileAccess, kindOf, type Playable, playablesOf, playUrl } from "./playables";
import { ResultSummary } from "./ResultSummary";
import { SizeComparison } from "./SizeComparison";
import { useTracks } from "./useTracks";

const Gallery = lazy(() => import("./Gallery"));
const WipeComparison = lazy(() => import("./WipeComparison"));

interface Props {
  task: TaskDetail;
  detail: SubtaskDetail;
  startAt: number;
}

/** A subtask's outputs and result in the most suitable view. `refresh` loads fresh links. */
export default function ResultView({ task, detail, startAt, refresh }: Props & { refresh: () => void }) {
  const playables = playablesOf(detail.outputs, accessTo(task.taskId, detail.no, task.run));
  const images = detail.outputs.filter((file) => kindOf(file.contentType) === "image");
  const detections = detectionsOf(detail.result);
  return (
    <Suspense fallback={<Loading />}>
      <SpaceBetween size="l">
        <ResultSummary detail={detail} detections={detections} />
        {playables.length > 0 && <Player task={task} playables={playables} detail={detail} startAt={startAt} />}
        {playables.length === 0 && (detections.length > 0 || detail.type === "SPRITE") && (
          <InputPlayer task={task} detail={detail} startAt={startAt} />
        )}
        {images.length > 0 && <Gallery images={images} refresh={refresh} />}
        {detail.result && <JsonBlock value={detail.result} label={text.labels.result} />}
      </SpaceBetween>
    </Suspense>
  );
}

function Player(props: Props & { playables: readonly Playable[] }) {
  const { task, playables, detail, startAt } = props;
  const [view, setView] = useState("output");
  const [selected, setSelected] = useState(0);
  const [media, setMedia] = useState<HTMLMediaElement | null>(null);
  const tracks = useTracks(task);
  const output = playables[selected] ?? playables[0];
  const source = useSourceOf(task);
  const seconds = useDuration(media);
  if (!output) return null;
  const comparable = source?.kind === "video" && output.kind !== "audio";
  return (
    <SpaceBetween size="m">
      {playables.length > 1 && (
        <FormField label={text.player.file}>
          <Select
            selectedOption={{ value: `${selected}`, label: output.title }}
            options={playables.map((one, index) => ({ value: `${index}`, label: one.title }))}
            onChange={(event) => setSelected(Number(event.detail.selectedOption.value))}
          />
        </FormField>
      )}
      {comparable && (
        <SegmentedControl
          label={text.player.view}
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
        // Without its own boundary, loading would hide the pressed button, which would then lose the focus.
        <Suspense fallback={<Loading />}>
          <WipeComparison before={source} after={output} />
        </Suspense>
      ) : (
        <MediaPlayer
          key={view}
          source={view === "source" && source ? source : output}
          startAt={startAt}
          tracks={tracks}
          detections={detectionsOf(detail.result)}
          onMedia={setMedia}
        />
      )}
      {output.size !== undefined && <SizeComparison sourceSize={task.source.size} outputSize={output.size} seconds={output.kind === "stream" ? undefined : seconds} />}
    </SpaceBetween>
  );
}

/** The detections of a subtask, on the video that it analyzed. */
function InputPlayer({ task, detail, startAt }: Props) {
  const tracks = useTracks(task);
  const input = useInputOf(task, detail.input);
  return input ? <MediaPlayer source={input} startAt={startAt} tracks={tracks} detections={detectionsOf(detail.result)} /> : null;
}

/** Return a task's source as a playable. */
function useSourceOf(task: TaskDetail): Playable | undefined {
  return useInputOf(task, null);
}

/** Return a subtask's input as a playable: the source, or another subtask's output. */
function useInputOf(task: TaskDetail, input: number | null): Playable | undefined {
  const [playable, setPlayable] = useState<Playable>();
  const { notifyError } = useNotifications();
  const { taskId, run } = task;
  useEffect(() => {
    let unmounted = false;
    const load = async () => {
      const loaded = input === null ? await sourceOf(taskId) : await outputOf(taskId, input, run);
      if (!unmounted) setPlayable(loaded);
    };
    load().catch(notifyError);
    return () => {
      unmounted = true;
    };
  }, [taskId, run, input, notifyError]);
  return playable;
}

async function outputOf(taskId: string, no: number, run: number): Promise<Playable | undefined> {
  const { outputs } = await loadSubtask(taskId, no, run);
  return playablesOf(outputs, accessTo(taskId, no, run))[0];
}

function accessTo(taskId: string, no: number, run: number): FileAccess {
  return {
    play: (fileName) => playUrl(taskId, no, run, fileName),
    renew: async (key) => (await loadSubtask(taskId, no, run)).outputs.find((file) => file.key === key)?.url,
  };
}

/** Return a task's source as a playable. */
export async function sourceOf(taskId: string): Promise<Playable> {
  const { url, contentType } = await loadSource(taskId);
  const kind = kindOf(contentType);
  const renew = async () => (await loadSource(taskId)).url;
  return { title: text.player.source, url, kind: kind === "audio" || kind === "stream" ? kind : "video", renew };
}

/** Return the duration of a video in seconds, once the browser knows it. */
function useDuration(media: HTMLMediaElement | null): number | undefined {
  const [seconds, setSeconds] = useState<number>();
  useEffect(() => {
    if (!media) return;
    const onChange = () => setSeconds(Number.isFinite(media.duration) ? media.duration : undefined);
    media.addEventListener("durationchange", onChange);
    return () => media.removeEventListener("durationchange", onChange);
  }, [media]);
  return seconds;
}
