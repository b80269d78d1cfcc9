import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useParams, useSearchParams } from "react-router";
import type { BulkAction, Subtask, TaskDetail } from "../api/types";
import { auth } from "../auth/auth";
import { API } from "../config";
import { SourcePlayer } from "../player/SourcePlayer";
import { BUSY, IDLE, usePolled } from "../polled";
import { text } from "../strings";
import { moveItem, MOVES } from "../tasks/columns";
import { RefusedTasks } from "../tasks/RefusedTasks";
import { useMoves } from "../tasks/useMoves";
import { Json } from "../ui/Code";
import { Copyable } from "../ui/Copy";
import { Loaded, LoadError } from "../ui/Loaded";
import { useNotices } from "../ui/notices";
import { useNow } from "../ui/now";
import { loadSubtask, loadTask } from "./calls";
import { cli, curl } from "./commands";
import { Failures } from "./Failures";
import { Overview } from "./Overview";
import { SubtaskDialog } from "./SubtaskDialog";
import { SubtaskGraph } from "./SubtaskGraph";
import { SubtaskTable, type SubtaskWay } from "./SubtaskTable";
import { Timeline } from "./Timeline";

export default function TaskPage() {
  const { taskId = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const run = Number(search.get("run")) || undefined;
  const task = usePolled(
    `${taskId}#${run ?? ""}`,
    (signal) => loadTask(taskId, run, signal),
    (found) => (found.status === "COMPLETED" ? (run ? null : IDLE) : BUSY),
  );
  const { fail } = useNotices();
  const no = Number(search.get("subtask")) || undefined;

  /** Change what the address says; null takes a word away. */
  const go = (words: Record<string, string | null>) => {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(words)) {
      if (value === null) next.delete(name);
      else next.set(name, value);
    }
    setSearch(next);
  };
  const onWay = (way: SubtaskWay, subtask: Subtask) => {
    if (way === "download") download(taskId, subtask.no, run).catch(fail);
    else go({ subtask: `${subtask.no}`, tab: way === "play" ? "play" : null, t: null });
  };

  return (
    <Loaded polled={task}>
      {(found) => (
        <>
          <TaskView task={found} newest={run === undefined} error={task.error} refresh={task.refresh} go={go} onWay={onWay} view={search.get("view")} />
          {no !== undefined && found.subtasks[no - 1] && (
            <SubtaskDialog
              key={no}
              task={found}
              no={no}
              run={run}
              tab={search.get("tab") ?? (search.has("t") ? "play" : undefined)}
              startAt={Number(search.get("t")) || 0}
              onTab={(tab) => go({ tab })}
              onClose={() => go({ subtask: null, tab: null, t: null })}
            />
          )}
        </>
      )}
    </Loaded>
  );
}

interface ViewProps {
  task: TaskDetail;
  newest: boolean;
  error: Error | undefined;
  refresh: () => void;
  view: string | null;
  go: (words: Record<string, string | null>) => void;
  onWay: (way: SubtaskWay, subtask: Subtask) => void;
}

function TaskView({ task, newest, error, refresh, view, go, onWay }: ViewProps) {
  const now = useNow(task.status !== "COMPLETED");
  const moves = useMoves(() => {
    go({ run: null });
    refresh();
  });
  const tabs = [
    { id: "subtasks", label: text.task.subtasks, content: <SubtaskTable task={task} now={now} onWay={onWay} /> },
    { id: "graph", label: text.task.graph, content: <SubtaskGraph task={task} /> },
    { id: "timeline", label: text.task.timeline, content: <Timeline task={task} now={now} /> },
    { id: "json", label: text.task.json, content: <Json value={task} label={text.task.json} /> },
  ];
  return (
    <ContentLayout
      header={
        <Header variant="h1" actions={<Actions task={task} newest={newest} moves={moves} go={go} />}>
          <Copyable value={task.taskId} />
        </Header>
      }
    >
      <SpaceBetween size="l">
        {error && <LoadError error={error} again={refresh} />}
        <Failures task={task} onDetails={(no) => go({ subtask: `${no}`, tab: null, t: null })} />
        <Overview task={task} now={now} />
        <Tabs
          activeTabId={view ?? "subtasks"}
          onChange={(event) => go({ view: event.detail.activeTabId })}
          ariaLabel={text.task.views}
          tabs={tabs}
        />
      </SpaceBetween>
      <RefusedTasks failed={moves.failed} onClose={moves.forget} />
    </ContentLayout>
  );
}

function Actions(props: { task: TaskDetail; newest: boolean; moves: ReturnType<typeof useMoves>; go: ViewProps["go"] }) {
  const { task, newest, moves, go } = props;
  const [playing, setPlaying] = useState(false);
  const restart = moveItem("RESTART", task);
  const path = `/tasks/${task.taskId}`;
  const copies = {
    curl: curl("GET", path),
    cli: cli("tasks", "get", task.taskId),
    restartCurl: curl("POST", `${path}/restart`),
    restartCli: cli("tasks", "restart", task.taskId),
  };
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Runs task={task} newest={newest} go={go} />
      <CopyMenu copies={copies} />
      <Button iconName="video-on" onClick={() => setPlaying(true)}>
        {text.tasks.playSource}
      </Button>
      <ButtonDropdown
        mainAction={{
          text: text.moves.names.RESTART,
          disabled: restart.disabled,
          disabledReason: restart.disabledReason,
          onClick: () => void moves.move("RESTART", [task.taskId]),
        }}
        loading={moves.busy}
        ariaLabel={text.task.moreMoves}
        items={MOVES.filter((action) => action !== "RESTART").map((action) => moveItem(action, task))}
        onItemClick={(event) => void moves.move(event.detail.id as BulkAction, [task.taskId])}
      />
      {playing && <SourcePlayer task={task} onClose={() => setPlaying(false)} />}
    </SpaceBetween>
  );
}

/** The runs of a task, the newest first. An older one tells only its own number, so the newest is asked for by none. */
function Runs({ task, newest, go }: { task: TaskDetail; newest: boolean; go: ViewProps["go"] }) {
  const [most, setMost] = useState(task.run);
  if (newest && task.run > most) setMost(task.run);
  if (most === 1 && newest) return null;
  const options = Array.from({ length: Math.max(most, task.run) }, (_, index) => `${index + 1}`).reverse();
  return (
    <Select
      ariaLabel={text.task.runs}
      selectedOption={{ value: `${task.run}`, label: text.task.run(task.run) }}
      options={[
        ...(newest ? [] : [{ value: "", label: text.task.newestRun }]),
        ...options.map((value) => ({ value, label: text.task.run(Number(value)) })),
      ]}
      onChange={(event) => {
        const { value } = event.detail.selectedOption;
        go({ run: value && !(newest && Number(value) === most) ? value : null, subtask: null });
      }}
    />
  );
}

function CopyMenu({ copies }: { copies: Record<keyof typeof text.task.copies, string> }) {
  const { tell, fail } = useNotices();
  return (
    <ButtonDropdown
      items={Object.entries(text.task.copies).map(([id, label]) => ({ id, text: label }))}
      onItemClick={(event) => {
        const what = copies[event.detail.id as keyof typeof copies];
        navigator.clipboard.writeText(what).then(() => tell("success", <code>{what}</code>, text.copied), fail);
      }}
    >
      {text.task.copy}
    </ButtonDropdown>
  );
}

/** Save the files of a subtask: several as one zip, where a plain link may ask for it. */
async function download(taskId: string, no: number, run: number | undefined): Promise<void> {
  const { outputs } = await loadSubtask(taskId, no, run);
  const zip = `${API}/tasks/${taskId}/subtasks/${no}/download${run ? `?run=${run}` : ""}`;
  const signedIn = auth().signOut !== undefined; // a link carries no token
  const links = outputs.length > 1 && !signedIn ? [zip] : outputs.map((output) => output.downloadUrl);
  for (const href of links) {
    const link = document.createElement("a");
    link.href = href;
    link.download = "";
    link.click();
    await new Promise((done) => setTimeout(done, 300)); // browsers drop what comes at once
  }
}
