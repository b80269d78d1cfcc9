import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import PropertyFilter from "@cloudscape-design/components/property-filter";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { lazy, Suspense, useState } from "react";
import { useSearchParams } from "react-router";
import { api, take } from "../api/client";
import type { BulkAction, Task } from "../api/types";
import { useOrchestrations } from "../catalog/names";
import { SourcePlayer } from "../player/SourcePlayer";
import { BUSY, IDLE, usePolled } from "../polled";
import { text } from "../strings";
import { Empty } from "../ui/Empty";
import { useFollow } from "../ui/links";
import { LoadError } from "../ui/Loaded";
import { useNarrow } from "../ui/narrow";
import { usePages } from "../ui/pages";
import { columnsOf, MOVES, type RowAction } from "./columns";
import { filteringOptions, filteringProperties, isFiltered, queryOf, tokensOf, withTokens } from "./filter";
import { refusal } from "./moves";
import { useTaskPreferences } from "./preferences";
import { RefusedTasks } from "./RefusedTasks";

import { useMoves } from "./useMoves";

// The list is there before one can want to change its looks.
const TaskPreferences = lazy(() => import("./TaskPreferences"));

export function TasksPage() {
  const follow = useFollow();
  const narrow = useNarrow();
  const [search, setSearch] = useSearchParams();
  const [preferences, keepPreferences] = useTaskPreferences();
  const [selected, setSelected] = useState<Task[]>([]);
  const [playing, setPlaying] = useState<Task>();
  const pageSize = preferences.pageSize ?? 20;
  const list = `${search.toString()}#${pageSize}`;
  const pages = usePages(list);

  const tasks = usePolled(
    `${list}#${pages.current}`,
    (signal) => take(api.GET("/tasks", { params: { query: queryOf(search, pageSize, pages.token) }, signal })),
    (page) => (page.tasks.some((task) => task.status !== "COMPLETED") ? BUSY : IDLE),
  );
  const moves = useMoves(tasks.refresh);
  const items = tasks.value?.tasks ?? [];
  // What was selected is looked up anew, so that its status is today's.
  const chosen = selected.map((task) => items.find((one) => one.taskId === task.taskId) ?? task);

  const filter = (next: URLSearchParams) => {
    setSelected([]);
    setSearch(next);
  };
  const act = (action: RowAction, task: Task) => {
    if (action === "PLAY") setPlaying(task);
    else if (action !== "DETAILS") void moves.move(action, [task.taskId]);
  };
  const actOnChosen = (action: BulkAction) => {
    const able = chosen.filter((task) => refusal(action, task) === undefined);
    void moves.move(action, able.map((task) => task.taskId)).then(() => setSelected([]));
  };

  return (
    <>
      <Table<Task>
        variant="full-page"
        stickyHeader
        stickyColumns={{ last: narrow ? 0 : 1 }}
        enableKeyboardNavigation
        trackBy="taskId"
        items={items}
        loading={tasks.loading}
        loadingText={text.loading}
        columnDefinitions={columnsOf({ narrow, follow, act })}
        columnDisplay={preferences.contentDisplay}
        contentDensity={preferences.contentDensity}
        selectionType="multi"
        selectedItems={chosen}
        onSelectionChange={(event) => setSelected(event.detail.selectedItems)}
        ariaLabels={text.tasks.labels}
        header={
          <Header
            variant="awsui-h1-sticky"
            description={text.tasks.about}
            counter={chosen.length ? text.tasks.selected(chosen.length) : undefined}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={text.refresh} onClick={tasks.refresh} />
                <ChosenMoves chosen={chosen} busy={moves.busy} onMove={actOnChosen} />
                <Button variant="primary" href="/tasks/create" onFollow={follow}>
                  {text.nav.create}
                </Button>
              </SpaceBetween>
            }
          >
            {text.nav.tasks}
          </Header>
        }
        filter={
          <SpaceBetween size="s">
            {tasks.error && <LoadError error={tasks.error} again={tasks.refresh} />}
            <Filters search={search} onChange={filter} />
          </SpaceBetween>
        }
        pagination={
          <Pagination
            currentPageIndex={pages.current}
            pagesCount={Math.max(pages.known, pages.current + (tasks.value?.nextToken ? 1 : 0))}
            openEnd={Boolean(tasks.value?.nextToken)}
            onChange={(event) => {
              setSelected([]);
              pages.go(event.detail.currentPageIndex, tasks.value?.nextToken);
            }}
            ariaLabels={text.pages}
          />
        }
        preferences={
          <Suspense>
            <TaskPreferences preferences={preferences} onConfirm={keepPreferences} />
          </Suspense>
        }
        empty={<NoTasks filtered={isFiltered(search)} onClear={() => filter(new URLSearchParams())} />}
      />
      <RefusedTasks failed={moves.failed} onClose={moves.forget} />
      {playing && <SourcePlayer task={playing} onClose={() => setPlaying(undefined)} />}
    </>
  );
}

function Filters({ search, onChange }: { search: URLSearchParams; onChange: (next: URLSearchParams) => void }) {
  const orchestrations = useOrchestrations().map((one) => one.name);
  return (
    <PropertyFilter
      query={{ operation: "and", tokens: tokensOf(search) }}
      onChange={(event) => onChange(withTokens(event.detail.tokens))}
      filteringProperties={filteringProperties}
      filteringOptions={filteringOptions(orchestrations)}
      hideOperations
      expandToViewport
      filteringPlaceholder={text.tasks.find}
      filteringAriaLabel={text.tasks.find}
      freeTextFiltering={{ operators: ["="], defaultOperator: "=" }}
    />
  );
}

function ChosenMoves(props: { chosen: readonly Task[]; busy: boolean; onMove: (action: BulkAction) => void }) {
  const { chosen, busy, onMove } = props;
  const items = MOVES.map((action) => {
    const able = chosen.filter((task) => refusal(action, task) === undefined).length;
    const [first] = chosen;
    return {
      id: action,
      text: chosen.length > 1 ? text.moves.count(action, able) : text.moves.names[action],
      disabled: able === 0,
      disabledReason: first && refusal(action, first),
    };
  });
  return (
    <ButtonDropdown
      disabled={!chosen.length}
      disabledReason={text.moves.chooseFirst}
      loading={busy}
      items={items}
      onItemClick={(event) => onMove(event.detail.id as BulkAction)}
    >
      {text.actions}
    </ButtonDropdown>
  );
}

function NoTasks({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const follow = useFollow();
  if (filtered) {
    return (
      <Empty
        title={text.tasks.noMatch}
        hint={text.tasks.noMatchHint}
        action={<Button onClick={onClear}>{text.tasks.clear}</Button>}
      />
    );
  }
  return (
    <Empty
      title={text.tasks.empty}
      hint={text.tasks.emptyHint}
      action={
        <Button variant="primary" href="/tasks/create" onFollow={follow}>
          {text.tasks.first}
        </Button>
      }
    />
  );
}
