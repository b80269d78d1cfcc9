import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useState } from "react";
import { useParams } from "react-router";
import { stringify } from "yaml";
import type { Orchestration } from "../../api/types";
import { IDLE, usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { Code, Json } from "../../ui/Code";
import { useFollow } from "../../ui/links";
import { Waiting } from "../../ui/Loaded";
import { useNotices } from "../../ui/notifications";
import { bodyOf, deleteOrchestration, loadOrchestration, loadOrchestrationVersions, switchOrchestration } from "../../api/catalog";
import { Deletion, DocumentPage, Stored } from "./DocumentPage";
import { MatchForm } from "./MatchForm";
import { Switched } from "./OrchestrationsPage";
import { RuleGraph } from "../subtaskEditor/PlanGraph";
import { tasksOf, triggerOf } from "./labels";

const Versions = lazy(() => import("./Versions"));

export default function OrchestrationPage() {
  const { name = "" } = useParams();
  const found = usePolled(
    name,
    (signal) => loadOrchestration(name, undefined, signal),
    () => IDLE,
  );
  return (
    <Stored polled={found} versions={<ItsVersions name={name} deleted />}>
      {(one) => <View orchestration={one} refresh={found.refresh} />}
    </Stored>
  );
}

function ItsVersions({ name, deleted }: { name: string; deleted?: boolean }) {
  return (
    <Suspense fallback={<Waiting />}>
      <Versions
        deleted={deleted}
        address={`/orchestrations/${name}`}
        load={(page, signal) => loadOrchestrationVersions(name, page, signal)}
        read={async (version, signal) => yamlOf(await loadOrchestration(name, version, signal))}
      />
    </Suspense>
  );
}

function View({ orchestration: one, refresh }: { orchestration: Orchestration; refresh: () => void }) {
  const follow = useFollow();
  const { columns } = text.orchestrations;
  const { name } = one;
  return (
    <DocumentPage
      document={one}
      description={one.description}
      actions={<Actions orchestration={one} refresh={refresh} />}
      facts={[
        { label: columns.enabled, value: <Switched enabled={one.enabled} /> },
        { label: columns.trigger, value: triggerOf(one.trigger) },
        { label: text.create.prefix, value: one.output.prefix },
        { label: text.task.overview.priority, value: one.priority },
        {
          label: text.nav.tasks,
          value: (
            <Link href={tasksOf(name)} onFollow={follow}>
              {text.orchestrations.itsTasks}
            </Link>
          ),
        },
      ]}
      views={[
        { id: "graph", label: text.task.graph, content: <RuleGraph rules={one.subtasks} /> },
        { id: "yaml", label: text.orchestrations.yaml, content: <Code label={text.orchestrations.yaml}>{yamlOf(one)}</Code> },
        { id: "json", label: text.task.json, content: <Json label={text.task.json} value={one} /> },
      ]}
      versions={<ItsVersions name={name} />}
    >
      <MatchForm trigger={one.trigger} />
    </DocumentPage>
  );
}

function Actions({ orchestration: one, refresh }: { orchestration: Orchestration; refresh: () => void }) {
  const follow = useFollow();
  const { tell, fail } = useNotices();
  const [deleting, setDeleting] = useState(false);
  const change = () => {
    switchOrchestration(one.name, !one.enabled).then(() => {
      tell("success", one.enabled ? text.orchestrations.disabled(one.name) : text.orchestrations.enabled(one.name));
      refresh();
    }, fail);
  };
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button onClick={change}>{one.enabled ? text.orchestrations.disable : text.orchestrations.enable}</Button>
      <Button href={`/tasks/create?orchestration=${one.name}`} onFollow={follow}>
        {text.nav.create}
      </Button>
      <ButtonDropdown
        mainAction={{ text: text.edit, href: `/orchestrations/${one.name}/edit`, onFollow: follow }}
        ariaLabel={text.task.moreMoves}
        items={[
          { id: "copy", text: text.orchestrations.copy, href: `/orchestrations/create?from=${one.name}` },
          { id: "delete", text: text.delete },
        ]}
        onItemFollow={follow}
        onItemClick={(event) => {
          if (event.detail.id === "delete") setDeleting(true);
        }}
      />
      {deleting && (
        <Deletion
          folder="/orchestrations"
          name={one.name}
          what={text.orchestrations.deleteWhat}
          act={deleteOrchestration}
          onClose={() => setDeleting(false)}
        />
      )}
    </SpaceBetween>
  );
}

function yamlOf(one: Orchestration): string {
  return stringify({ name: one.name, ...bodyOf(one) });
}
