import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useState } from "react";
import { useParams } from "react-router";
import { stringify } from "yaml";
import { deleteOrchestration, editableOf, enableOrchestration, loadOrchestration, loadOrchestrationVersions } from "../../api/catalog";
import type { Orchestration } from "../../api/types";
import { IDLE_INTERVAL, usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { CodeBlock, JsonBlock } from "../../ui/CodeBlock";
import { useFollow } from "../../ui/links";
import { Loading } from "../../ui/Loaded";
import { useNotifications } from "../../ui/notifications";
import { PlanGraph } from "../subtaskEditor/PlanGraph";
import { DeleteDialog, DocumentPage, StoredDocument } from "./DocumentPage";
import { EnabledLabel } from "./EnabledLabel";
import { describeTrigger, tasksPathOf } from "./labels";
import { MatchForm } from "./MatchForm";

const Versions = lazy(() => import("./Versions"));

export default function OrchestrationPage() {
  const { name = "" } = useParams();
  const stored = usePolled(
    name,
    (signal) => loadOrchestration(name, undefined, signal),
    () => IDLE_INTERVAL,
  );
  return (
    <StoredDocument polled={stored} versions={<DocumentVersions name={name} deleted />}>
      {(one) => <View orchestration={one} refresh={stored.refresh} />}
    </StoredDocument>
  );
}

function DocumentVersions({ name, deleted }: { name: string; deleted?: boolean }) {
  return (
    <Suspense fallback={<Loading />}>
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
  const { name } = one;
  return (
    <DocumentPage
      document={one}
      description={one.description}
      actions={<Actions orchestration={one} refresh={refresh} />}
      overview={[
        { label: text.labels.status, value: <EnabledLabel enabled={one.enabled} /> },
        { label: text.orchestrations.trigger, value: describeTrigger(one.trigger) },
        { label: text.labels.outputPath, value: one.output.prefix },
        { label: text.labels.priority, value: one.priority },
        {
          label: text.navigation.tasks,
          value: (
            <Link href={tasksPathOf(name)} onFollow={follow}>
              {text.orchestrations.viewTasks}
            </Link>
          ),
        },
      ]}
      views={[
        { id: "graph", label: text.labels.graph, content: <PlanGraph subtasks={one.subtasks} /> },
        { id: "yaml", label: text.yamlEditor.yaml, content: <CodeBlock label={text.yamlEditor.yaml}>{yamlOf(one)}</CodeBlock> },
        { id: "json", label: text.labels.json, content: <JsonBlock label={text.labels.json} value={one} /> },
      ]}
      versions={<DocumentVersions name={name} />}
    >
      <MatchForm trigger={one.trigger} />
    </DocumentPage>
  );
}

function Actions({ orchestration: one, refresh }: { orchestration: Orchestration; refresh: () => void }) {
  const follow = useFollow();
  const { notify, notifyError } = useNotifications();
  const [deleting, setDeleting] = useState(false);
  const toggle = () => {
    enableOrchestration(one.name, !one.enabled).then(() => {
      notify("success", one.enabled ? text.orchestrations.disabled(one.name) : text.orchestrations.enabled(one.name));
      refresh();
    }, notifyError);
  };
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button onClick={toggle}>{one.enabled ? text.orchestrations.disable : text.orchestrations.enable}</Button>
      <Button href={`/tasks/create?orchestration=${one.name}`} onFollow={follow}>
        {text.navigation.createTask}
      </Button>
      <ButtonDropdown
        mainAction={{ text: text.buttons.edit, href: `/orchestrations/${one.name}/edit`, onFollow: follow }}
        ariaLabel={text.task.moreActions}
        items={[
          { id: "copy", text: text.catalog.duplicate, href: `/orchestrations/create?from=${one.name}` },
          { id: "delete", text: text.buttons.delete },
        ]}
        onItemFollow={follow}
        onItemClick={(event) => {
          if (event.detail.id === "delete") setDeleting(true);
        }}
      />
      {deleting && (
        <DeleteDialog
          folder="/orchestrations"
          name={one.name}
          consequence={text.orchestrations.deleteWhat}
          onDelete={deleteOrchestration}
          onClose={() => setDeleting(false)}
        />
      )}
    </SpaceBetween>
  );
}

function yamlOf(one: Orchestration): string {
  return stringify({ name: one.name, ...editableOf(one) });
}
