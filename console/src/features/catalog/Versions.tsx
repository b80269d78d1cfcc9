/** The versions of a document: what each changed, and the way to store one again. */

import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Box from "@cloudscape-design/components/box";
import { useState } from "react";
import { useSearchParams } from "react-router";
import type { Version } from "../../api/types";
import { IDLE, usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { Empty } from "../../ui/EmptyState";
import { useFollow } from "../../ui/links";
import { List } from "../../ui/DataTable";
import { isMissing, Loaded } from "../../ui/Loaded";
import { Moment } from "../../ui/Timestamp";
import type { PageQuery, VersionPage } from "../../api/catalog";
import { Difference } from "./VersionDiff";
import { Switched } from "./OrchestrationsPage";

const PAGE = 100;

interface Props {
  /** The document's address. */
  address: string;
  /** Return one page of its versions. */
  load: (page: PageQuery, signal: AbortSignal) => Promise<VersionPage>;
  /** Return a version as YAML. */
  read: (version: number, signal: AbortSignal) => Promise<string>;
  /** Whether nothing but versions may be left of it. */
  deleted?: boolean | undefined;
}

export default function Versions({ deleted, ...props }: Props) {
  const { address, load } = props;
  const [pages, setPages] = useState(1);
  const found = usePolled(
    `${address}#${pages}`,
    (signal) => joined(load, pages, signal),
    () => IDLE,
  );
  const list = (
    <Loaded polled={found}>
      {({ versions, nextToken }) => (
        <SpaceBetween size="l">
          <VersionList address={address} versions={versions} />
          {nextToken && <Button onClick={() => setPages(pages + 1)}>{text.versions.older}</Button>}
          <Comparison {...props} versions={versions} />
        </SpaceBetween>
      )}
    </Loaded>
  );
  if (!deleted) return list;
  if (isMissing(found)) return null; // there never was one
  return (
    <SpaceBetween size="l">
      <Box variant="p">{text.versions.left}</Box>
      <Container header={<Header variant="h2">{text.versions.title}</Header>}>{list}</Container>
    </SpaceBetween>
  );
}

function VersionList({ address, versions }: { address: string; versions: Version[] }) {
  const follow = useFollow();
  const { columns } = text.orchestrations;
  const switched = versions.some((one) => one.enabled !== undefined);
  return (
    <List<Version>
      variant="borderless"
      items={versions}
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
        { id: "updated", header: columns.updated, cell: (one) => <Moment at={one.updatedAt} /> },
        { id: "kind", header: columns.kind, cell: (one) => text.kinds[one.kind] },
        ...(switched ? [{ id: "enabled", header: columns.enabled, cell: (one: Version) => <Switched enabled={one.enabled ?? false} /> }] : []),
        {
          id: "operation",
          header: text.tasks.columns.operation,
          cell: (one) => (
            <SpaceBetween direction="horizontal" size="s">
              {one.version > 1 && (
                <Button
                  variant="inline-link"
                  ariaLabel={text.versions.changesOf(one.version)}
                  href={`${address}?view=versions&from=${one.version - 1}&to=${one.version}`}
                  onFollow={follow}
                >
                  {text.versions.changes}
                </Button>
              )}
              {!one.current && (
                <Button
                  variant="inline-link"
                  ariaLabel={text.versions.restoreOf(one.version)}
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

/** The difference of the two versions that the address names: at first the newest, and the one before it. */
function Comparison({ address, versions, read }: Pick<Props, "address" | "read"> & { versions: Version[] }) {
  const [search, setSearch] = useSearchParams();
  const newest = versions[0]?.version ?? 1;
  if (newest === 1) return <Empty title={text.versions.difference} hint={text.versions.only} />;
  const to = Number(search.get("to")) || newest;
  const from = Number(search.get("from")) || Math.max(1, to - 1);
  const options = versions.map(({ version }) => ({ value: `${version}`, label: `${version}` }));
  const choice = (label: string, chosen: number, name: "from" | "to") => (
    <FormField label={label}>
      <Select
        selectedOption={{ value: `${chosen}`, label: `${chosen}` }}
        options={options}
        onChange={({ detail }) => setSearch({ view: "versions", from: `${from}`, to: `${to}`, [name]: detail.selectedOption.value ?? "" })}
      />
    </FormField>
  );
  return (
    <Container header={<Header variant="h2">{text.versions.difference}</Header>}>
      <SpaceBetween size="m">
        <ColumnLayout columns={2}>
          {choice(text.versions.from, from, "from")}
          {choice(text.versions.to, to, "to")}
        </ColumnLayout>
        <Difference address={address} from={from} to={to} read={read} />
      </SpaceBetween>
    </Container>
  );
}

/** Return so many pages as one. */
async function joined(load: Props["load"], pages: number, signal: AbortSignal): Promise<VersionPage> {
  let all = await load({ maxResults: PAGE, nextToken: undefined }, signal);
  for (let page = 1; page < pages && all.nextToken; page += 1) {
    const next = await load({ maxResults: PAGE, nextToken: all.nextToken }, signal);
    all = { versions: [...all.versions, ...next.versions], nextToken: next.nextToken };
  }
  return all;
}
