import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import PropertyFilter, { type PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useState } from "react";
import { useSearchParams } from "react-router";
import { api, unwrap } from "../../api/client";
import type { BulkAction, Task, TaskFilter } from "../../api/types";
import { useOrchestrations } from "../../api/useCatalog";
import { BUSY_INTERVAL, IDLE_INTERVAL, type Polled, usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { DataTable } from "../../ui/DataTable";
import type { EmptyStateProps } from "../../ui/EmptyState";
import { useFollow } from "../../ui/links";
import { useNarrow } from "../../ui/useNarrow";
import { usePages } from "../../ui/usePages";
import { SourceDialog } from "../player/SourceDialog";
import { ACTIONS, ineligibility, splitByStatus } from "../taskActions/actions";
import { useTaskActions } from "../taskActions/useTaskActions";
import { columnsOf, type RowAction } from "./columns";
import { describeFilter, filteringOptions, filteringProperties, filterOf, isFiltered, queryOf, searchOf, tokensOf } from "./filter";
import { useTaskPreferences } from "./preferences";

// The list appears first; its preferences can load later.
const TaskPreferences = lazy(() => import("./TaskPreferences"));

interface Selection {
  tasks: readonly Task[];
  /** Whether all tasks that match the filter are selected, including those on other pages. */
  allMatching?: boolean;
}

const NONE: Selection = { tasks: [] };

export function TasksPage() {
  const follow = useFollow();
  const narrow = useNarrow();
  const [search, setSearch] = useSearchParams();
  const [preferences, savePreferences] = useTaskPreferences();
  const [selections, setSelections] = useState<Record<string, Selection>>({});
  const [playing, setPlaying] = useState<Task>();
  const pageSize = preferences.pageSize ?? 20;
  const list = `${search.toString()}#${pageSize}`;
  const pages = usePages(list);
  const page = `${list}#${pages.current}`;

  const tasks = usePolled(
    page,
    (signal) => unwrap(api.GET("/tasks", { params: { query: queryOf(search, pageSize, pages.token) }, signal })),
    (response) => (response.tasks.some((task) => task.status !== "COMPLETED") ? BUSY_INTERVAL : IDLE_INTERVAL),
  );
  const actions = useTaskActions(tasks.refresh);
  const empty = useEmpty(search, () => setSearch(new URLSearchParams()));
  const items = tasks.value?.tasks ?? [];
  // Each page has its own selection, however the page was reached.
  const selection = selections[page] ?? NONE;
  const select = (next: Selection) => setSelections({ [page]: next });
  // Look the selected tasks up in the newest answer, so that their statuses are current.
  const selected = selection.allMatching
    ? items
    : selection.tasks.map((task) => items.find((one) => one.taskId === task.taskId) ?? task);
  const filter = selection.allMatching ? filterOf(search) : undefined;
  const canSelectMore =
    isFiltered(search) && items.length > 0 && selected.length === items.length && (pages.current > 1 || tasks.value?.nextToken);

  const runRowAction = (action: RowAction, task: Task) => {
    if (action === "PLAY") setPlaying(task);
    else if (action !== "DETAILS") actions.request(action, { tasks: [task] });
  };
  const runBulkAction = (action: BulkAction) => {
    const eligible = selected.filter((task) => ineligibility(action, task) === undefined);
    const target = filter
      ? { filter, description: describeFilter(filter) }
      : { tasks: eligible };
    actions.request(action, target, () => select(NONE));
  };

  return (
    <>
      <DataTable<Task>
        page
        variant="full-page"
        stickyHeader
        stickyColumns={{ last: narrow ? 0 : 1 }}
        enableKeyboardNavigation
        trackBy="taskId"
        polled={tasks}
        items={tasks.value?.tasks}
        newerVersion={{ list: "tasks", names: tasks.value?.newerVersion }}
        columnDefinitions={columnsOf({ narrow, follow, onAction: runRowAction })}
        columnDisplay={preferences.contentDisplay}
        contentDensity={preferences.contentDensity}
        selectionType="multi"
        selectedItems={selected}
        onSelectionChange={(event) => select({ tasks: event.detail.selectedItems })}
        ariaLabels={text.tasks.tableLabels}
        header={
          <Header
            variant="awsui-h1-sticky"
            description={text.tasks.about}
            counter={selection.allMatching ? text.tasks.allMatching : selected.length ? text.tasks.selected(selected.length) : undefined}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={text.buttons.refresh} onClick={tasks.refresh} />
                <BulkActions selected={selected} filter={filter} busy={actions.busy} onAction={runBulkAction} />
                <Button variant="primary" href="/tasks/create" onFollow={follow}>
                  {text.navigation.createTask}
                </Button>
              </SpaceBetween>
            }
          >
            {text.navigation.tasks}
          </Header>
        }
        filter={
          <SpaceBetween size="s">
            <Filters search={search} onChange={setSearch} />
            {canSelectMore && (
              <SelectAllMatching
                count={selected.length}
                allMatching={selection.allMatching}
                onChange={(allMatching) => select(allMatching ? { tasks: items, allMatching } : NONE)}
              />
            )}
          </SpaceBetween>
        }
        pagination={
          <Pagination
            currentPageIndex={pages.current}
            pagesCount={Math.max(pages.known, pages.current + (tasks.value?.nextToken ? 1 : 0))}
            openEnd={Boolean(tasks.value?.nextToken)}
            onChange={(event) => pages.go(event.detail.currentPageIndex, tasks.value?.nextToken)}
            ariaLabels={text.pagination}
          />
        }
        preferences={
          <Suspense>
            <TaskPreferences preferences={preferences} onConfirm={savePreferences} />
          </Suspense>
        }
        empty={empty}
      />
      {actions.dialogs}
      {playing && <SourceDialog task={playing} onClose={() => setPlaying(undefined)} />}
    </>
  );
}

function Filters({ search, onChange }: { search: URLSearchParams; onChange: (next: URLSearchParams) => void }) {
  const orchestrations = useOrchestrations();
  return (
    <PropertyFilter
      query={{ operation: "and", tokens: tokensOf(search) }}
      onChange={(event) => onChange(searchOf(event.detail.tokens))}
      filteringProperties={filteringProperties}
      filteringOptions={filteringOptions((orchestrations.value ?? []).map((one) => one.name))}
      {...loadingStatusOf(orchestrations)}
      hideOperations
      expandToViewport
      filteringPlaceholder={text.tasks.find}
      filteringAriaLabel={text.tasks.find}
      freeTextFiltering={{ operators: ["="], defaultOperator: "=" }}
    />
  );
}

/** Return what the suggestions say while the names load, and when that fails. */
function loadingStatusOf({ loading, error, refresh }: Polled<unknown>): Partial<PropertyFilterProps> {
  return {
    filteringStatusType: loading ? "loading" : error ? "error" : "finished",
    filteringLoadingText: text.loading,
    filteringErrorText: text.errors.orchestrations,
    filteringRecoveryText: text.buttons.tryAgain,
    // The first call asks for what is already loading; later calls ask for another try.
    onLoadItems: ({ detail }) => detail.samePage && refresh(),
  };
}

interface SelectAllProps {
  count: number;
  allMatching: boolean | undefined;
  onChange: (allMatching: boolean) => void;
}

/** Offers, once a page is selected, to select all tasks that match the filter. */
function SelectAllMatching({ count, allMatching, onChange }: SelectAllProps) {
  return (
    <Alert
      action={
        <Button onClick={() => onChange(!allMatching)}>
          {allMatching ? text.tasks.clearSelection : text.tasks.selectMatching}
        </Button>
      }
    >
      <div role="status">{allMatching ? text.tasks.matchingSelected : text.tasks.pageSelected(count)}</div>
    </Alert>
  );
}

interface BulkProps {
  selected: readonly Task[];
  filter: TaskFilter | undefined;
  busy: boolean;
  onAction: (action: BulkAction) => void;
}

/** The menu of actions on all selected tasks. */
function BulkActions({ selected, filter, busy, onAction }: BulkProps) {
  const [first] = selected;
  const items = ACTIONS.map((action) => {
    const eligible = filter
      ? splitByStatus(action, filter).length
      : selected.filter((task) => ineligibility(action, task) === undefined).length;
    const count = filter ? text.taskActions.all : eligible;
    return {
      id: action,
      text: filter || selected.length > 1 ? text.taskActions.withCount(action, count) : text.taskActions.names[action],
      disabled: eligible === 0,
      disabledReason: first && ineligibility(action, first),
    };
  });
  return (
    <ButtonDropdown
      disabled={!selected.length}
      disabledReason={text.taskActions.selectFirst}
      loading={busy}
      items={items}
      onItemClick={(event) => onAction(event.detail.id as BulkAction)}
    >
      {text.buttons.actions}
    </ButtonDropdown>
  );
}

/** Return what an empty list says: with a filter, how to clear it. */
function useEmpty(search: URLSearchParams, clear: () => void): EmptyStateProps {
  const follow = useFollow();
  if (isFiltered(search)) {
    return {
      title: text.tasks.noMatch,
      hint: search.has("sourceKey") ? text.tasks.noKeyHint : text.tasks.noMatchHint,
      action: <Button onClick={clear}>{text.buttons.clearFilters}</Button>,
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
