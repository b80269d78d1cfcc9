import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { api, take } from "../api/client";
import type { Orchestration } from "../api/types";
import { IDLE, usePolled } from "../polled";
import { text } from "../strings";
import { Empty } from "../ui/Empty";
import { useFollow } from "../ui/links";
import { LoadError } from "../ui/Loaded";
import { Moment } from "../ui/Moment";
import { MatchForm } from "./MatchForm";
import { triggerOf } from "./words";

export default function OrchestrationsPage() {
  const follow = useFollow();
  const list = usePolled(
    "orchestrations",
    async (signal) => (await take(api.GET("/orchestrations", { signal }))).orchestrations,
    () => IDLE,
  );
  const { columns } = text.orchestrations;
  const create = (
    <Button variant="primary" href="/orchestrations/create" onFollow={follow}>
      {text.orchestrations.create}
    </Button>
  );
  return (
    <SpaceBetween size="l">
      <Table<Orchestration>
        variant="container"
        items={list.value ?? []}
        loading={list.loading}
        loadingText={text.loading}
        trackBy="name"
        enableKeyboardNavigation
        ariaLabels={{ tableLabel: text.nav.orchestrations }}
        header={
          <Header
            variant="h1"
            counter={list.value && `(${list.value.length})`}
            description={text.orchestrations.about}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={text.refresh} onClick={list.refresh} />
                {create}
              </SpaceBetween>
            }
          >
            {text.nav.orchestrations}
          </Header>
        }
        filter={list.error && <LoadError error={list.error} again={list.refresh} />}
        empty={<Empty title={text.orchestrations.none} hint={text.orchestrations.noneHint} action={create} />}
        columnDefinitions={[
          {
            id: "name",
            header: columns.name,
            isRowHeader: true,
            cell: (one) => (
              <Link href={`/orchestrations/${one.name}`} onFollow={follow}>
                {one.name}
              </Link>
            ),
          },
          { id: "enabled", header: columns.enabled, cell: (one) => <Switched enabled={one.enabled} /> },
          { id: "trigger", header: columns.trigger, cell: (one) => triggerOf(one.trigger) },
          { id: "subtasks", header: columns.subtasks, cell: (one) => one.subtasks.length },
          { id: "version", header: columns.version, cell: (one) => one.version },
          { id: "kind", header: columns.kind, cell: (one) => <Badge>{text.kinds[one.kind]}</Badge> },
          { id: "updated", header: columns.updated, cell: (one) => <Moment at={one.updatedAt} /> },
        ]}
      />
      <MatchForm />
    </SpaceBetween>
  );
}

export function Switched({ enabled }: { enabled: boolean }) {
  return <StatusIndicator type={enabled ? "success" : "stopped"}>{enabled ? text.orchestrations.on : text.orchestrations.off}</StatusIndicator>;
}
