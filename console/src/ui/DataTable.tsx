/** Every table of the console. ESLint lets nothing else import the design system's. */

import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { use } from "react";
import type { Polled } from "../api/usePolled";
import { text } from "../strings";
import { Answered } from "./answered";
import { Empty, type EmptyProps } from "./EmptyState";
import { ErrorPage, isForbidden, LoadError } from "./Loaded";

const ROWS_TO_COME = { totalRows: "auto", minAutoRows: 3, maxAutoRows: 20 } as const;

interface Props<T> extends Omit<TableProps<T>, "items" | "loading" | "loadingText" | "skeleton" | "empty"> {
  /** Undefined until the API has answered. */
  items: readonly T[] | undefined;
  /** Where the items come from. Left out where they are part of what is shown already. */
  polled?: Polled<unknown>;
  /** What to say when the API answered that there are no items. */
  empty?: EmptyProps;
  /** Whether the list is a page of its own, which a refusal replaces. */
  page?: boolean;
}

/** A table that says that it is empty only if the API's last answer says so. */
export function List<T>({ items, polled, empty, page, filter, ...table }: Props<T>) {
  const around = use(Answered);
  const { error } = polled ?? {};
  const answered = polled ? items !== undefined && !error : around;
  if (page && polled && isForbidden(polled)) return <ErrorPage polled={polled} />;
  const alert = polled && error && <LoadError error={error} again={polled.refresh} asOf={items?.length ? polled.asOf : undefined} />;
  return (
    <Answered value={answered}>
      <Table<T>
        {...table}
        items={items ?? []}
        loading={!items && !error}
        loadingText={text.loading}
        skeleton={ROWS_TO_COME}
        filter={
          <SpaceBetween size="s">
            {items?.length ? alert : null}
            {filter}
          </SpaceBetween>
        }
        empty={alert ?? (empty && <Empty {...empty} />)}
      />
    </Answered>
  );
}
