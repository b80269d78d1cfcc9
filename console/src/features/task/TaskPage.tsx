import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useParams, useSearchParams } from "react-router";
import { cliCommand, curlCommand } from "../../api/commands";
import { loadDownload, loadTask } from "../../api/tasks";
import type { BulkAction, Subtask, TaskDetail } from "../../api/types";
import { BUSY_INTERVAL, IDLE_INTERVAL, usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { JsonBlock } from "../../ui/CodeBlock";
import { Copyable } from "../../ui/CopyButton";
import { Loaded } from "../../ui/Loaded";
import { useNotifications } from "../../ui/notifications";
import { useNow } from "../../ui/useNow";
import { SourceDialog } from "../player/SourceDialog";
import { ACTIONS, menuItemOf } from "../taskActions/actions";
import { useTaskActions } from "../taskActions/useTaskActions";
import { Failures } from "./Failures";
import { SubtaskDialog } from "./SubtaskDialog";
import { SubtaskGraph } from "./SubtaskGraph";
import { type SubtaskAction, SubtaskTable } from "./SubtaskTable";
import { TaskOverview } from "./TaskOverview";
import { Timeline } from "./Timeline";

const NOTIFY_AFTER = 2000; // ms after which a notification explains why the download is slow

export default function TaskPage() {
  const { taskId = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const run = Number(search.get("run")) || undefined;
  const task = usePolled(
    `${taskId}#${run ?? ""}`,
    (signal) => loadTask(taskId, run, signal),
    (loaded) => (loaded.status === "COMPLETED" ? (run ? null : IDLE_INTERVAL) : BUSY_INTERVAL),
  );
  const { notify, notifyError } = useNotifications();
  const no = Number(search.get("subtask")) || undefined;

  /** Change parameters of the URL; null removes one. */
  const go = (changes: Record<string, string | null>) => {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) next.delete(name);
      else next.set(name, value);
    }
    setSearch(next);
  };
  const onAction = (action: SubtaskAction, subtask: Subtask) => {
    if (action === "download") {
      const notice = setTimeout(() => notify("info", text.task.preparingZip), NOTIFY_AFTER);
      download(taskId, subtask.no, run).catch(notifyError).finally(() => clearTimeout(notice));
    } else go({ subtask: `${subtask.no}`, tab: action === "show" ? "play" : null, t: null });
  };

  return (
    <Loaded page polled={task}>
      {(loaded) => (
        <>
          <TaskView task={loaded} refresh={task.refresh} go={go} onAction={onAction} view={search.get("view")} />
          {no !== undefined && (
            <SubtaskDialog
              key={no}
              task={loaded}
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
  go: (changes: Record<string, string | null>) => void;
  onAction: (action: SubtaskAction, subtask: Subtask) => void;
}

function TaskView({ task, refresh, view, go, onAction }: ViewProps) {
  const now = useNow(task.status !== "COMPLETED");
  const actions = useTaskActions(() => {
    go({ run: null });
    refresh();
  });
  const tabs = [
    { id: "subtasks", label: text.labels.subtasks, content: <SubtaskTable task={task} now={now} onAction={onAction} /> },
    { id: "graph", label: text.labels.graph, content: <SubtaskGraph task={task} /> },
    { id: "timeline", label: text.task.timeline, content: <Timeline task={task} now={now} /> },
    { id: "json", label: text.labels.json, content: <JsonBlock value={task} label={text.labels.json} /> },
  ];
  return (
    <ContentLayout
      header={
        <Header variant="h1" actions={<Actions task={task} actions={actions} go={go} />}>
          <Copyable value={task.taskId} />
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Failures task={task} onDetails={(no) => go({ subtask: `${no}`, tab: null, t: null })} />
        <TaskOverview task={task} now={now} />
        <Tabs
          activeTabId={view ?? "subtasks"}
          onChange={(event) => go({ view: event.detail.activeTabId })}
          ariaLabel={text.labels.views}
          tabs={tabs}
        />
      </SpaceBetween>
      {actions.dialogs}
    </ContentLayout>
  );
}

function Actions({ task, actions, go }: { task: TaskDetail; actions: ReturnType<typeof useTaskActions>; go: ViewProps["go"] }) {
  const [playing, setPlaying] = useState(false);
  const restart = menuItemOf("RESTART", task);
  const path = `/tasks/${task.taskId}`;
  const target = { tasks: [{ taskId: task.taskId, run: task.newestRun }] };
  const copies = {
    curl: curlCommand("GET", path),
    cli: cliCommand("tasks", "get", task.taskId),
    restartCurl: curlCommand("POST", `${path}/restart`),
    restartCli: cliCommand("tasks", "restart", task.taskId),
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
          text: text.taskActions.names.RESTART,
          disabled: restart.disabled,
          disabledReason: restart.disabledReason,
          onClick: () => actions.request("RESTART", target),
        }}
        loading={actions.busy}
        ariaLabel={text.task.moreActions}
        items={ACTIONS.filter((action) => action !== "RESTART").map((action) => menuItemOf(action, task))}
        onItemClick={(event) => actions.request(event.detail.id as BulkAction, target)}
      />
      {playing && <SourceDialog task={task} onClose={() => setPlaying(false)} />}
    </SpaceBetween>
  );
}

/** A menu of the task's runs, the newest first. */
function Runs({ task, go }: { task: TaskDetail; go: ViewProps["go"] }) {
  if (task.newestRun === 1) return null;
  const option = (run: number) => ({ value: `${run}`, label: text.task.run(run) });
  return (
    <Select
      ariaLabel={text.labels.run}
      selectedOption={option(task.run)}
      options={Array.from({ length: task.newestRun }, (_, index) => option(task.newestRun - index))}
      onChange={(event) => {
        const { value } = event.detail.selectedOption;
        // The newest run has no parameter, so that the page follows to later runs.
        go({ run: value && value !== `${task.newestRun}` ? value : null, subtask: null });
      }}
    />
  );
}

function CopyMenu({ copies }: { copies: Record<keyof typeof text.task.copies, string> }) {
  const { notify, notifyError } = useNotifications();
  return (
    <ButtonDropdown
      items={Object.entries(text.task.copies).map(([id, label]) => ({ id, text: label }))}
      onItemClick={(event) => {
        const what = copies[event.detail.id as keyof typeof copies];
        navigator.clipboard.writeText(what).then(() => notify("success", <code>{what}</code>, text.copying.copied), notifyError);
      }}
    >
      {text.copying.copy}
    </ButtonDropdown>
  );
}

/** Download the files of a subtask. Several files become one ZIP file. */
async function download(taskId: string, no: number, run: number | undefined): Promise<void> {
  const { url } = await loadDownload(taskId, no, run);
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}
