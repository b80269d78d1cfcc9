import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useState } from "react";
import { useParams } from "react-router";
import { stringify } from "yaml";
import { deleteTemplate, loadTemplate, loadTemplateVersions } from "../../api/catalog";
import type { Template } from "../../api/types";
import { useOrchestrations } from "../../api/useCatalog";
import { IDLE_INTERVAL, usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { JsonBlock } from "../../ui/CodeBlock";
import { useFollow } from "../../ui/links";
import { Loaded, Loading } from "../../ui/Loaded";
import { DeleteDialog, DocumentPage, StoredDocument } from "./DocumentPage";
import { whyReadOnly } from "./labels";

const Versions = lazy(() => import("./Versions"));

export default function TemplatePage() {
  const { name = "" } = useParams();
  const template = usePolled(
    name,
    (signal) => loadTemplate(name, undefined, signal),
    () => IDLE_INTERVAL,
  );
  return (
    <StoredDocument polled={template} versions={<DocumentVersions name={name} deleted />}>
      {(one) => <View template={one} />}
    </StoredDocument>
  );
}

function DocumentVersions({ name, deleted }: { name: string; deleted?: boolean }) {
  return (
    <Suspense fallback={<Loading />}>
      <Versions
        deleted={deleted}
        address={`/templates/${name}`}
        load={(page, signal) => loadTemplateVersions(name, page, signal)}
        read={async (version, signal) => yamlOf(await loadTemplate(name, version, signal))}
      />
    </Suspense>
  );
}

function View({ template: one }: { template: Template }) {
  const { name } = one;
  return (
    <DocumentPage
      document={one}
      description={one.summary}
      actions={<Actions template={one} />}
      overview={[
        { label: text.labels.operation, value: text.subtaskTypes[one.operation] },
        { label: text.templates.usedBy, value: <Users name={name} /> },
      ]}
      views={[{ id: "params", label: text.labels.parameters, content: <JsonBlock value={one.params} label={text.labels.parameters} /> }]}
      versions={<DocumentVersions name={name} />}
    />
  );
}

/** The orchestrations that use a template. */
function Users({ name }: { name: string }) {
  const follow = useFollow();
  return (
    <Loaded polled={useOrchestrations()}>
      {(all) => {
        const users = all.filter((other) => other.subtasks.some((subtask) => subtask.template === name));
        if (!users.length) return text.none;
        return (
          <SpaceBetween size="xxs">
            {users.map((other) => (
              <Link key={other.name} href={`/orchestrations/${other.name}`} onFollow={follow}>
                {other.name}
              </Link>
            ))}
          </SpaceBetween>
        );
      }}
    </Loaded>
  );
}

function Actions({ template: one }: { template: Template }) {
  const follow = useFollow();
  const [deleting, setDeleting] = useState(false);
  const reason = whyReadOnly(one.kind);
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button disabled={reason !== undefined} disabledReason={reason} onClick={() => setDeleting(true)}>
        {text.buttons.delete}
      </Button>
      <Button href={`/templates/create?from=${one.name}`} onFollow={follow}>
        {text.catalog.duplicate}
      </Button>
      <Button
        variant="primary"
        disabled={reason !== undefined}
        disabledReason={reason}
        href={`/templates/${one.name}/edit`}
        onFollow={follow}
      >
        {text.buttons.edit}
      </Button>
      {deleting && (
        <DeleteDialog folder="/templates" name={one.name} consequence={text.templates.deleteWhat} onDelete={deleteTemplate} onClose={() => setDeleting(false)} />
      )}
    </SpaceBetween>
  );
}

function yamlOf({ name, operation, summary, params }: Template): string {
  return stringify({ name, operation, summary, params });
}
