import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useState } from "react";
import { useParams } from "react-router";
import { stringify } from "yaml";
import type { Template } from "../../api/types";
import { IDLE, usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { Json } from "../../ui/Code";
import { useFollow } from "../../ui/links";
import { Loaded, Waiting } from "../../ui/Loaded";
import { deleteTemplate, loadTemplate, loadTemplateVersions } from "../../api/catalog";
import { Deletion, DocumentPage, Stored } from "./DocumentPage";
import { useOrchestrations } from "../../api/useCatalog";
import { presetRefusal } from "./labels";

const Versions = lazy(() => import("./Versions"));

export default function TemplatePage() {
  const { name = "" } = useParams();
  const found = usePolled(
    name,
    (signal) => loadTemplate(name, undefined, signal),
    () => IDLE,
  );
  return (
    <Stored polled={found} versions={<ItsVersions name={name} deleted />}>
      {(one) => <View template={one} />}
    </Stored>
  );
}

function ItsVersions({ name, deleted }: { name: string; deleted?: boolean }) {
  return (
    <Suspense fallback={<Waiting />}>
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
      facts={[
        { label: text.templates.columns.operation, value: text.types[one.operation] },
        { label: text.templates.usedBy, value: <Users name={name} /> },
      ]}
      views={[{ id: "params", label: text.task.params, content: <Json value={one.params} label={text.task.params} /> }]}
      versions={<ItsVersions name={name} />}
    />
  );
}

/** The orchestrations that name a template. */
function Users({ name }: { name: string }) {
  const follow = useFollow();
  return (
    <Loaded polled={useOrchestrations()}>
      {(all) => {
        const users = all.filter((other) => other.subtasks.some((rule) => rule.template === name));
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
  const refused = presetRefusal(one.kind);
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button disabled={refused !== undefined} disabledReason={refused} onClick={() => setDeleting(true)}>
        {text.delete}
      </Button>
      <Button href={`/templates/create?from=${one.name}`} onFollow={follow}>
        {text.templates.copy}
      </Button>
      <Button
        variant="primary"
        disabled={refused !== undefined}
        disabledReason={refused}
        href={`/templates/${one.name}/edit`}
        onFollow={follow}
      >
        {text.edit}
      </Button>
      {deleting && (
        <Deletion folder="/templates" name={one.name} what={text.templates.deleteWhat} act={deleteTemplate} onClose={() => setDeleting(false)} />
      )}
    </SpaceBetween>
  );
}

function yamlOf({ name, operation, summary, params }: Template): string {
  return stringify({ name, operation, summary, params });
}
