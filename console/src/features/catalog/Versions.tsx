/** The versions of a document: the changes of each, and the buttons that restore one. */

import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useSearchParams } from "react-router";
import type { PageQuery, VersionPage } from "../../api/catalog";
import type { Version } from "../../api/types";
import { IDLE_INTERVAL, usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { DataTable } from "../../ui/DataTable";
import { EmptyState } from "../../ui/EmptyState";
import { useFollow } from "../../ui/links";
import { isMissing, Loaded } from "../../ui/Loaded";
import { Timestamp } from "../../ui/Timestamp";
import { EnabledLabel } from "./EnabledLabel";
import { VersionDiff } from "./VersionDiff";

const PAGE = 100;

interface Props {
  /** The document's path. */
  address: string;
  /** Load one page of its versions. */
  load: (page: PageQuery, signal: AbortSignal) => Promise<VersionPage>;
  /** Load a version as YAML. */
  read: (version: number, signal: AbortSignal) => Promise<string>;
  /** Whether the document itself doesn't exist any more. */
  deleted?: boolean | undefined;
}

export default function Versions({ deleted, ...props }: Props) {
  const { address, load } = props;
  const [pages, setPages] = useState(1);
  const loaded = usePolled(
    `${address}#${pages}`,
    (signal) => loadPages(load, pages, signal),
    () => IDLE_INTERVAL,
  );
  const list = (
    <Loaded polled={loaded}>
      {({ versions, nextToken, newerVersion }) => (
        <SpaceBetween size="l">
          <VersionList address={address} versions={versions} newerVersion={newerVersion} />
          {nextToken && <Button onClick={() => setPages(pages + 1)}>{text.versions.older}</Button>}
          <Comparison {...props} versions={versions} />
        </SpaceBetween>
      )}
    </Loaded>
  );
  if (!deleted) return list;
  if (isMissing(loaded)) return null; // the document never existed
  return (
    <SpaceBetween size="l">
      <Box variant="p">{text.versions.deleted}</Box>
      <Container header={<Header variant="h2">{text.versions.title}</Header>}>{list}</Container>
    </SpaceBetween>
  );
}

function VersionList({ address, versions, newerVersion }: { address: string; versions: Version[]; newerVersion: string[] }) {
  const follow = useFollow();
  const { columns } = text.versions;
  const hasEnabled = versions.some((one) => one.enabled !== undefined);
  return (
    <DataTable<Version>
      variant="borderless"
      items={versions}
      newerVersion={{ list: "versions", names: newerVersion }}
      trackBy={(one) => `${one.version}`}
      enableKeyboardNavigation
      ariaLabels={{ tableLabel: text.versions.title }}
      columnDefinitions={[
        {
          id: "version",
          header: columns.version,
          isRowHeader: true,
          cell: (one) => (
            <SpaceBetween direction="horizontal" size="xs">
              <span>{one.version}</span>
              {one.current && <Badge color="blue">{text.versions.current}</Badge>}
            </SpaceBetween>
          ),
        },
        { id: "updated", header: columns.updated, cell: (one) => <Timestamp at={one.updatedAt} /> },
        { id: "kind", header: columns.kind, cell: (one) => text.kinds[one.kind] },
        ...(hasEnabled ? [{ id: "enabled", header: columns.enabled, cell: (one: Version) => <EnabledLabel enabled={one.enabled ?? false} /> }] : []),
        {
          id: "actions",
          header: columns.actions,
          cell: (one) => (
            <SpaceBetween direction="horizontal" size="s">
              {one.version > 1 && (
                <Button
                  variant="inline-link"
                  ariaLabel={text.versions.changesIn(one.version)}
                  href={`${address}?view=versions&from=${one.version - 1}&to=${one.version}`}
                  onFollow={follow}
                >
                  {text.versions.changes}
                </Button>
              )}
              {!one.current && (
                <Button
                  variant="inline-link"
                  ariaLabel={text.versions.restoreVersion(one.version)}
                  href={`${address}/edit?version=${one.version}`}
                  onFollow={follow}
                >
                  {text.versions.restore}
                </Button>
              )}
            </SpaceBetween>
          ),
        },
      ]}
    />
  );
}

/** The difference between the two versions in the address; by default, the newest and the one before it. */
function Comparison({ address, versions, read }: Pick<Props, "address" | "read"> & { versions: Version[] }) {
  const [search, setSearch] = useSearchParams();
  const newest = versions[0]?.version ?? 1;
  if (newest === 1) return <EmptyState title={text.versions.difference} hint={text.versions.only} />;
  const to = Number(search.get("to")) || newest;
  const from = Number(search.get("from")) || Math.max(1, to - 1);
  const options = versions.map(({ version }) => ({ value: `${version}`, label: `${version}` }));
  const select = (label: string, selected: number, name: "from" | "to") => (
    <FormField label={label}>
      <Select
        selectedOption={{ value: `${selected}`, label: `${selected}` }}
        options={options}
        onChange={({ detail }) => setSearch({ view: "versions", from: `${from}`, to: `${to}`, [name]: detail.selectedOption.value ?? "" })}
      />
    </FormField>
  );
  return (
    <Container header={<Header variant="h2">{text.versions.difference}</Header>}>
      <SpaceBetween size="m">
        <ColumnLayout columns={2}>
          {select(text.versions.from, from, "from")}
          {select(text.versions.to, to, "to")}
        </ColumnLayout>
        <VersionDiff address={address} from={from} to={to} read={read} />
      </SpaceBetween>
    </Container>
  );
}

/** Load several pages as one. */
async function loadPages(load: Props["load"], pages: number, signal: AbortSignal): Promise<VersionPage> {
  let all = await load({ maxResults: PAGE, nextToken: undefined }, signal);
  for (let page = 1; page < pages && all.nextToken; page += 1) {
    const next = await load({ maxResults: PAGE, nextToken: all.nextToken }, signal);
    all = {
      versions: [...all.versions, ...next.versions],
      nextToken: next.nextToken,
      newerVersion: [...all.newerVersion, ...next.newerVersion],
    };
  }
  return all;
}
