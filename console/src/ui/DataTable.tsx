/** Every table of the console. ESLint forbids importing the design system's table elsewhere. */

import Alert from "@cloudscape-design/components/alert";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { use } from "react";
import type { Polled } from "../api/usePolled";
import * as text from "../strings";
import { EmptyState, type EmptyStateProps } from "./EmptyState";
import { IsCurrent } from "./isCurrent";
import { ErrorPage, isForbidden, LoadError } from "./Loaded";

const PLACEHOLDER_ROWS = { totalRows: "auto", minAutoRows: 3, maxAutoRows: 20 } as const;

interface Props<T> extends Omit<TableProps<T>, "items" | "loading" | "loadingText" | "skeleton" | "empty"> {
  /** Undefined until the API has responded. */
  items: readonly T[] | undefined;
  /** The source of the items. Omit it if the page already shows the value that contains them. */
  polled?: Polled<unknown>;
  /** What to show when the API returned no items. */
  empty?: EmptyStateProps;
  /** What the list lacks, because only a newer version of Reelmill can read it. */
  newerVersion?: { list: text.Listed; names: readonly string[] | undefined };
  /** Whether the table is the whole page, which an access error replaces. */
  page?: boolean;
}

/** A table that says it is empty only if the API's last response says so. */
export function DataTable<T>({ items, polled, empty, newerVersion, page, filter, ...table }: Props<T>) {
  const isSurroundingCurrent = use(IsCurrent);
  const { error } = polled ?? {};
  const isCurrent = polled ? items !== undefined && !error : isSurroundingCurrent;
  if (page && polled && isForbidden(polled)) return <ErrorPage polled={polled} />;
  const alert = polled && error && <LoadError error={error} onRetry={polled.refresh} asOf={items?.length ? polled.asOf : undefined} />;
  const missing = newerVersion?.names?.length ? (
    <Alert type="warning">{text.newerVersion(newerVersion.list, newerVersion.names)}</Alert>
  ) : null;
  return (
    <IsCurrent value={isCurrent}>
      <Table<T>
        {...table}
        items={items ?? []}
        loading={!items && !error}
        loadingText={text.loading}
        skeleton={PLACEHOLDER_ROWS}
        filter={
          <SpaceBetween size="s">
            {items?.length ? alert : null}
            {items?.length ? missing : null}
            {filter}
          </SpaceBetween>
        }
        empty={alert ?? missing ?? (empty && <EmptyState {...empty} />)}
      />
    </IsCurrent>
  );
}
