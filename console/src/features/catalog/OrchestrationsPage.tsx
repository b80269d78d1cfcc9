import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { api, unwrap } from "../../api/client";
import type { Orchestration } from "../../api/types";
import { IDLE_INTERVAL, usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { DataTable } from "../../ui/DataTable";
import { useFollow } from "../../ui/links";
import { ErrorPage, isForbidden } from "../../ui/Loaded";
import { Timestamp } from "../../ui/Timestamp";
import { EnabledLabel } from "./EnabledLabel";
import { describeTrigger } from "./labels";
import { MatchForm } from "./MatchForm";

export default function OrchestrationsPage() {
  const follow = useFollow();
  const list = usePolled(
    "orchestrations",
    (signal) => unwrap(api.GET("/orchestrations", { signal })),
    () => IDLE_INTERVAL,
  );
  if (isForbidden(list)) return <ErrorPage polled={list} />;
  const create = (
    <Button variant="primary" href="/orchestrations/create" onFollow={follow}>
      {text.navigation.createOrchestration}
    </Button>
  );
  return (
    <SpaceBetween size="l">
      <DataTable<Orchestration>
        variant="container"
        polled={list}
        items={list.value?.orchestrations}
        newerVersion={{ list: "orchestrations", names: list.value?.newerVersion }}
        trackBy="name"
        enableKeyboardNavigation
        ariaLabels={{ tableLabel: text.navigation.orchestrations }}
        header={
          <Header
            variant="h1"
            counter={list.value && `(${list.value.orchestrations.length})`}
            description={text.orchestrations.about}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={text.buttons.refresh} onClick={list.refresh} />
                {create}
              </SpaceBetween>
            }
          >
            {text.navigation.orchestrations}
          </Header>
        }
        empty={{ title: text.orchestrations.none, hint: text.orchestrations.noneHint, action: create }}
        columnDefinitions={[
          {
            id: "name",
            header: text.labels.name,
            isRowHeader: true,
            cell: (one) => (
              <Link href={`/orchestrations/${one.name}`} onFollow={follow}>
                {one.name}
              </Link>
            ),
          },
          { id: "enabled", header: text.labels.status, cell: (one) => <EnabledLabel enabled={one.enabled} /> },
          { id: "trigger", header: text.orchestrations.trigger, cell: (one) => describeTrigger(one.trigger) },
          { id: "subtasks", header: text.labels.subtasks, cell: (one) => one.subtasks.length },
          { id: "version", header: text.catalog.version, cell: (one) => one.version },
          { id: "kind", header: text.catalog.kind, cell: (one) => <Badge>{text.kinds[one.kind]}</Badge> },
          { id: "updated", header: text.catalog.updated, cell: (one) => <Timestamp at={one.updatedAt} /> },
        ]}
      />
      <MatchForm />
    </SpaceBetween>
  );
}
