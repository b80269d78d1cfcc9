import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import PropertyFilter, { type PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useState } from "react";
import { useSearchParams } from "react-router";
import { api, take } from "../../api/client";
import type { BulkAction, Task, TaskFilter } from "../../api/types";
import { useOrchestrations } from "../../api/useCatalog";
import { SourcePlayer } from "../player/SourceDialog";
import { BUSY, IDLE, type Polled, usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import type { EmptyProps } from "../../ui/EmptyState";
import { useFollow } from "../../ui/links";
import { List } from "../../ui/DataTable";
import { useNarrow } from "../../ui/useNarrow";
import { usePages } from "../../ui/usePages";
import { columnsOf, type RowAction } from "./columns";
import { filteringOptions, filteringProperties, filterOf, isFiltered, queryOf, tokensOf, withTokens, wordsOf } from "./filter";
import { MOVES, narrowed, refusal } from "../taskActions/actions";
import { useTaskPreferences } from "./preferences";
import { useMoves } from "../taskActions/useTaskActions";

// The list is there before one can want to change its looks.
const TaskPreferences = lazy(() => import("./TaskPreferences"));

interface Choice {
  tasks: readonly Task[];
  /** Whether all that pass the filter are meant, on the other pages, too. */
  whole?: boolean;
}

const NONE: Choice = { tasks: [] };

export function TasksPage() {
  const follow = useFollow();
  const narrow = useNarrow();
  const [search, setSearch] = useSearchParams();
  const [preferences, keepPreferences] = useTaskPreferences();
  const [choices, setChoices] = useState<Record<string, Choice>>({});
  const [playing, setPlaying] = useState<Task>();
  const pageSize = preferences.pageSize ?? 20;
  const list = `${search.toString()}#${pageSize}`;
  const pages = usePages(list);
  const page = `${list}#${pages.current}`;

  const tasks = usePolled(
    page,
    (signal) => take(api.GET("/tasks", { params: { query: queryOf(search, pageSize, pages.token) }, signal })),
    (found) => (found.tasks.some((task) => task.status !== "COMPLETED") ? BUSY : IDLE),
  );
  const moves = useMoves(tasks.refresh);
  const empty = useEmpty(search, () => setSearch(new URLSearchParams()));
  const items = tasks.value?.tasks ?? [];
  // A choice is of one page, whatever way leads to another.
  const choice = choices[page] ?? NONE;
  const choose = (next: Choice) => setChoices({ [page]: next });
  // What was selected is looked up anew, so that its status is today's.
  const chosen = choice.whole ? items : choice.tasks.map((task) => items.find((one) => one.taskId === task.taskId) ?? task);
  const filter = choice.whole ? filterOf(search) : undefined;
  const canChooseMore =
    isFiltered(search) && items.length > 0 && chosen.length === items.length && (pages.current > 1 || tasks.value?.nextToken);

  const act = (action: RowAction, task: Task) => {
    if (action === "PLAY") setPlaying(task);
    else if (action !== "DETAILS") moves.ask(action, { taskIds: [task.taskId] });
  };
  const actOnChosen = (action: BulkAction) => {
    const able = chosen.filter((task) => refusal(action, task) === undefined);
    moves.ask(action, filter ? { filter, description: wordsOf(filter).join(", ") } : { taskIds: able.map((task) => task.taskId) }, () => choose(NONE));
  };

  return (
    <>
      <List<Task>
        page
        variant="full-page"
        stickyHeader
        stickyColumns={{ last: narrow ? 0 : 1 }}
        enableKeyboardNavigation
        trackBy="taskId"
        polled={tasks}
        items={tasks.value?.tasks}
        columnDefinitions={columnsOf({ narrow, follow, act })}
        columnDisplay={preferences.contentDisplay}
        contentDensity={preferences.contentDensity}
        selectionType="multi"
        selectedItems={chosen}
        onSelectionChange={(event) => choose({ tasks: event.detail.selectedItems })}
        ariaLabels={text.tasks.labels}
        header={
          <Header
            variant="awsui-h1-sticky"
            description={text.tasks.about}
            counter={choice.whole ? text.tasks.filteredSelected : chosen.length ? text.tasks.selected(chosen.length) : undefined}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={text.refresh} onClick={tasks.refresh} />
                <ChosenMoves chosen={chosen} filter={filter} busy={moves.busy} onMove={actOnChosen} />
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
            <Filters search={search} onChange={setSearch} />
            {canChooseMore && <WholeChoice whole={choice.whole} onChange={(whole) => choose(whole ? { tasks: items, whole } : NONE)} />}
          </SpaceBetween>
        }
        pagination={
          <Pagination
            currentPageIndex={pages.current}
            pagesCount={Math.max(pages.known, pages.current + (tasks.value?.nextToken ? 1 : 0))}
            openEnd={Boolean(tasks.value?.nextToken)}
            onChange={(event) => pages.go(event.detail.currentPageIndex, tasks.value?.nextToken)}
            ariaLabels={text.pages}
          />
        }
        preferences={
          <Suspense>
            <TaskPreferences preferences={preferences} onConfirm={keepPreferences} />
          </Suspense>
        }
        empty={empty}
      />
      {moves.dialogs}
      {playing && <SourcePlayer task={playing} onClose={() => setPlaying(undefined)} />}
    </>
  );
}

function Filters({ search, onChange }: { search: URLSearchParams; onChange: (next: URLSearchParams) => void }) {
  const orchestrations = useOrchestrations();
  return (
    <PropertyFilter
      query={{ operation: "and", tokens: tokensOf(search) }}
      onChange={(event) => onChange(withTokens(event.detail.tokens))}
      filteringProperties={filteringProperties}
      filteringOptions={filteringOptions((orchestrations.value ?? []).map((one) => one.name))}
      {...statusOf(orchestrations)}
      hideOperations
      expandToViewport
      filteringPlaceholder={text.tasks.find}
      filteringAriaLabel={text.tasks.find}
      freeTextFiltering={{ operators: ["="], defaultOperator: "=" }}
    />
  );
}

/** Say in the suggestions that the names are on their way, or could not be loaded. */
function statusOf({ loading, error, refresh }: Polled<unknown>): Partial<PropertyFilterProps> {
  return {
    filteringStatusType: loading ? "loading" : error ? "error" : "finished",
    filteringLoadingText: text.loading,
    filteringErrorText: text.errors.orchestrations,
    filteringRecoveryText: text.again,
    // The first time it is asked for what is loaded already; later, when somebody wants it tried again.
    onLoadItems: ({ detail }) => detail.samePage && refresh(),
  };
}

/** Offers, once a page is chosen, all that pass the filter. */
function WholeChoice({ whole, onChange }: { whole: boolean | undefined; onChange: (whole: boolean) => void }) {
  return (
    <Alert action={<Button onClick={() => onChange(!whole)}>{whole ? text.tasks.unchoose : text.tasks.chooseFiltered}</Button>}>
      <div role="status">{whole ? text.tasks.filteredChosen : text.tasks.pageChosen}</div>
    </Alert>
  );
}

interface ChosenProps {
  chosen: readonly Task[];
  filter: TaskFilter | undefined;
  busy: boolean;
  onMove: (action: BulkAction) => void;
}

function ChosenMoves({ chosen, filter, busy, onMove }: ChosenProps) {
  const [first] = chosen;
  const items = MOVES.map((action) => {
    const able = filter ? narrowed(action, filter).length : chosen.filter((task) => refusal(action, task) === undefined).length;
    const count = filter ? text.moves.all : able;
    return {
      id: action,
      text: filter || chosen.length > 1 ? text.moves.count(action, count) : text.moves.names[action],
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

/** Return what to say when there are no tasks: of a filter, how to clear it. */
function useEmpty(search: URLSearchParams, clear: () => void): EmptyProps {
  const follow = useFollow();
  if (isFiltered(search)) {
    return {
      title: text.tasks.noMatch,
      hint: search.has("sourceKey") ? text.tasks.noKeyHint : text.tasks.noMatchHint,
      action: <Button onClick={clear}>{text.tasks.clear}</Button>,
    };
  }
  return {
    title: text.tasks.empty,
    hint: text.tasks.emptyHint,
    action: (
      <Button variant="primary" href="/tasks/create" onFollow={follow}>
        {text.tasks.first}
      </Button>
    ),
  };
}
