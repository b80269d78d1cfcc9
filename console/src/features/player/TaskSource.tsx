import { loadTask } from "../../api/tasks";
import { usePolled } from "../../api/usePolled";
import { Loaded } from "../../ui/Loaded";
import { MediaPlayer } from "./MediaPlayer";
import { sourceOf } from "./ResultView";
import { useTracks } from "./useTracks";

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
