import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { api, unwrap } from "../../api/client";
import type { Verdict, VerdictRow } from "../../api/types";
import { IDLE_INTERVAL, usePolled } from "../../api/usePolled";
import { byteSize } from "../../format";
import * as text from "../../strings";
import { DataTable } from "../../ui/DataTable";
import { useFollow } from "../../ui/links";
import { Timestamp } from "../../ui/Timestamp";
import { usePages } from "../../ui/usePages";

const ROWS = 20;
const SOON = 3000; // ms: for one key, the user is probably waiting for its result
const INDICATORS: Record<Verdict, StatusIndicatorProps.Type> = {
  MATCHED: "success",
  DUPLICATE: "info",
  NO_MATCH: "warning",
  WRONG_FORMAT: "warning",
  EMPTY_OBJECT: "warning",
  OWN_OUTPUT: "stopped",
  SUPERSEDED: "stopped",
  INVALID_ORCHESTRATION: "error",
};

export default function UploadsPage() {
  const follow = useFollow();
  const [search, setSearch] = useSearchParams();
  const key = search.get("key") ?? "";
  const verdict = search.get("verdict") as Verdict | null;
  const pages = usePages(search.toString());
  const verdicts = usePolled(
    `${search.toString()}#${pages.current}`,
    (signal) => {
      const query = { key: key || undefined, verdict: verdict ?? undefined, maxResults: ROWS, nextToken: pages.token };
      return unwrap(api.GET("/uploads/verdicts", { params: { query }, signal }));
    },
    (page) => (key && !page.verdicts.length ? SOON : IDLE_INTERVAL),
  );
  const { columns } = text.uploads;
  return (
    <DataTable<VerdictRow>
      page
      variant="full-page"
      stickyHeader
      wrapLines
      enableKeyboardNavigation
      polled={verdicts}
      items={verdicts.value?.verdicts}
      newerVersion={{ list: "uploads", names: verdicts.value?.newerVersion }}
      trackBy={(one) => `${one.id}${one.orchestration ?? ""}`}
      ariaLabels={{ tableLabel: text.navigation.uploads }}
      header={
        <Header
          variant="awsui-h1-sticky"
          description={text.uploads.about}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel={text.buttons.refresh} onClick={verdicts.refresh} />
              <Button variant="primary" href="/tasks/create" onFollow={follow}>
                {text.uploads.upload}
              </Button>
            </SpaceBetween>
          }
        >
          {text.navigation.uploads}
        </Header>
      }
      filter={<Filters verdict={verdict} currentKey={key} onChange={(query) => setSearch(query)} />}
      pagination={
        <Pagination
          currentPageIndex={pages.current}
          pagesCount={Math.max(pages.known, pages.current + (verdicts.value?.nextToken ? 1 : 0))}
          openEnd={Boolean(verdicts.value?.nextToken)}
          onChange={(event) => pages.go(event.detail.currentPageIndex, verdicts.value?.nextToken)}
          ariaLabels={text.pagination}
        />
      }
      empty={
        key || verdict
          ? {
              title: text.uploads.noMatch,
              hint: text.uploads.noMatchHint,
              action: <Button onClick={() => setSearch({})}>{text.buttons.clearFilters}</Button>,
            }
          : { title: text.uploads.none, hint: text.uploads.noneHint }
      }
      columnDefinitions={[
        { id: "key", header: columns.key, isRowHeader: true, minWidth: 160, cell: (one) => one.key },
        {
          id: "verdict",
          header: columns.result,
          minWidth: 230,
          cell: (one) => <StatusIndicator type={INDICATORS[one.verdict]}>{text.verdicts[one.verdict]}</StatusIndicator>,
        },
        {
          id: "task",
          header: columns.task,
          cell: (one) =>
            one.taskId ? (
              <Link href={`/tasks/${one.taskId}`} onFollow={follow}>
                {one.taskId}
              </Link>
            ) : (
              text.none
            ),
        },
        { id: "uploaded", header: columns.uploaded, minWidth: 130, cell: (one) => <Timestamp at={one.uploadedAt} short /> },
        { id: "size", header: columns.size, minWidth: 105, cell: (one) => byteSize(one.size) },
        {
          id: "reason",
          header: columns.reason,
          minWidth: 240,
          cell: (one) => (one.orchestration ? `${one.orchestration}: ${one.reason}` : one.reason),
        },
      ]}
    />
  );
}

function Filters(props: { currentKey: string; verdict: Verdict | null; onChange: (query: Record<string, string>) => void }) {
  const { currentKey, verdict, onChange } = props;
  const [typed, setTyped] = useState(currentKey);
  const [previousKey, setPreviousKey] = useState(currentKey);
  const [sentKey, setSentKey] = useState(currentKey);
  if (currentKey !== previousKey) {
    setPreviousKey(currentKey);
    // A link or a button can change the address, too. What this field sent must not replace what was typed since.
    if (currentKey !== sentKey) {
      setSentKey(currentKey);
      setTyped(currentKey);
    }
  }
  const any = { value: "", label: text.uploads.any };
  const options = Object.entries(text.verdicts).map(([value, label]) => ({ value, label }));
  const change = (key: string, selected: string) => {
    setSentKey(key);
    onChange({ ...(key ? { key } : {}), ...(selected ? { verdict: selected } : {}) });
  };
  return (
    <SpaceBetween direction="horizontal" size="s">
      <TextFilter
        filteringText={typed}
        filteringPlaceholder={text.uploads.find}
        filteringAriaLabel={text.uploads.find}
        onChange={({ detail }) => setTyped(detail.filteringText)}
        onDelayedChange={({ detail }) => change(detail.filteringText.trim(), verdict ?? "")}
      />
      <Select
        ariaLabel={text.labels.result}
        selectedOption={options.find((one) => one.value === verdict) ?? any}
        options={[any, ...options]}
        onChange={({ detail }) => change(typed.trim(), detail.selectedOption.value ?? "")}
      />
    </SpaceBetween>
  );
}
