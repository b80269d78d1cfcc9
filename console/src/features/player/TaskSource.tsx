import { usePolled } from "../../api/usePolled";
import { loadTask } from "../../api/tasks";
import { Loaded } from "../../ui/Loaded";
import { MediaPlayer } from "./MediaPlayer";
import { useTracks } from "./useTracks";
import { sourceOf } from "./ResultView";

/** A task's source with the subtitles and previews that its subtasks made. */
export default function TaskSource({ taskId }: { taskId: string }) {
  const loaded = usePolled(
    taskId,
    async () => ({ source: await sourceOf(taskId), task: await loadTask(taskId, undefined) }),
    () => null,
  );
  const tracks = useTracks(loaded.value?.task);
  return <Loaded polled={loaded}>{({ source }) => <MediaPlayer source={source} tracks={tracks} />}</Loaded>;
}
