import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useParams, useSearchParams } from "react-router";
import type { BulkAction, Subtask, TaskDetail } from "../../api/types";
import { SourcePlayer } from "../player/SourceDialog";
import { BUSY, IDLE, usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { moveItem, MOVES } from "../taskActions/actions";
import { useMoves } from "../taskActions/useTaskActions";
import { Json } from "../../ui/Code";
import { Copyable } from "../../ui/CopyButton";
import { Loaded } from "../../ui/Loaded";
import { useNotices } from "../../ui/notifications";
import { useNow } from "../../ui/useNow";
import { loadDownload, loadTask } from "../../api/tasks";
import { cli, curl } from "../../api/commands";
import { Failures } from "./Failures";
import { Overview } from "./TaskOverview";
import { SubtaskDialog } from "./SubtaskDialog";
import { SubtaskGraph } from "./SubtaskGraph";
import { SubtaskTable, type SubtaskWay } from "./SubtaskTable";
import { Timeline } from "./Timeline";

const PATIENCE = 2000; // ms that one waits for a download without being told why

export default function TaskPage() {
  const { taskId = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const run = Number(search.get("run")) || undefined;
  const task = usePolled(
    `${taskId}#${run ?? ""}`,
    (signal) => loadTask(taskId, run, signal),
    (found) => (found.status === "COMPLETED" ? (run ? null : IDLE) : BUSY),
  );
  const { tell, fail } = useNotices();
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
    if (way === "download") {
      const late = setTimeout(() => tell("info", text.task.packing), PATIENCE);
      download(taskId, subtask.no, run).catch(fail).finally(() => clearTimeout(late));
    } else go({ subtask: `${subtask.no}`, tab: way === "play" ? "play" : null, t: null });
  };

  return (
    <Loaded page polled={task}>
      {(found) => (
        <>
          <TaskView task={found} refresh={task.refresh} go={go} onWay={onWay} view={search.get("view")} />
          {no !== undefined && (
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
  refresh: () => void;
  view: string | null;
  go: (words: Record<string, string | null>) => void;
  onWay: (way: SubtaskWay, subtask: Subtask) => void;
}

function TaskView({ task, refresh, view, go, onWay }: ViewProps) {
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
        <Header variant="h1" actions={<Actions task={task} moves={moves} go={go} />}>
          <Copyable value={task.taskId} />
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Failures task={task} onDetails={(no) => go({ subtask: `${no}`, tab: null, t: null })} />
        <Overview task={task} now={now} />
        <Tabs
          activeTabId={view ?? "subtasks"}
          onChange={(event) => go({ view: event.detail.activeTabId })}
          ariaLabel={text.task.views}
          tabs={tabs}
        />
      </SpaceBetween>
      {moves.dialogs}
    </ContentLayout>
  );
}

function Actions({ task, moves, go }: { task: TaskDetail; moves: ReturnType<typeof useMoves>; go: ViewProps["go"] }) {
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
      <Runs task={task} go={go} />
      <CopyMenu copies={copies} />
      <Button iconName="video-on" onClick={() => setPlaying(true)}>
        {text.tasks.playSource}
      </Button>
      <ButtonDropdown
        mainAction={{
          text: text.moves.names.RESTART,
          disabled: restart.disabled,
          disabledReason: restart.disabledReason,
          onClick: () => moves.ask("RESTART", { taskIds: [task.taskId] }),
        }}
        loading={moves.busy}
        ariaLabel={text.task.moreMoves}
        items={MOVES.filter((action) => action !== "RESTART").map((action) => moveItem(action, task))}
        onItemClick={(event) => moves.ask(event.detail.id as BulkAction, { taskIds: [task.taskId] })}
      />
      {playing && <SourcePlayer task={task} onClose={() => setPlaying(false)} />}
    </SpaceBetween>
  );
}

/** The runs of a task, the newest first. */
function Runs({ task, go }: { task: TaskDetail; go: ViewProps["go"] }) {
  if (task.newestRun === 1) return null;
  const option = (run: number) => ({ value: `${run}`, label: text.task.run(run) });
  return (
    <Select
      ariaLabel={text.task.runs}
      selectedOption={option(task.run)}
      options={Array.from({ length: task.newestRun }, (_, index) => option(task.newestRun - index))}
      onChange={(event) => {
        const { value } = event.detail.selectedOption;
        // The newest run is asked for by none, so that the page follows it to the next.
        go({ run: value && value !== `${task.newestRun}` ? value : null, subtask: null });
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

/** Save the files of a subtask: several as one zip. */
async function download(taskId: string, no: number, run: number | undefined): Promise<void> {
  const { url } = await loadDownload(taskId, no, run);
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}
