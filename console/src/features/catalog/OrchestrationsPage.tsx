import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { api, take } from "../../api/client";
import type { Orchestration } from "../../api/types";
import { IDLE, usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { useFollow } from "../../ui/links";
import { List } from "../../ui/DataTable";
import { ErrorPage, isForbidden } from "../../ui/Loaded";
import { Moment } from "../../ui/Timestamp";
import { MatchForm } from "./MatchForm";
import { triggerOf } from "./labels";

export default function OrchestrationsPage() {
  const follow = useFollow();
  const list = usePolled(
    "orchestrations",
    async (signal) => (await take(api.GET("/orchestrations", { signal }))).orchestrations,
    () => IDLE,
  );
  const { columns } = text.orchestrations;
  if (isForbidden(list)) return <ErrorPage polled={list} />;
  const create = (
    <Button variant="primary" href="/orchestrations/create" onFollow={follow}>
      {text.orchestrations.create}
    </Button>
  );
  return (
    <SpaceBetween size="l">
      <List<Orchestration>
        variant="container"
        polled={list}
        items={list.value}
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
        empty={{ title: text.orchestrations.none, hint: text.orchestrations.noneHint, action: create }}
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
