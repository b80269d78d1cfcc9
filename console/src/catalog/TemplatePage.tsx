import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import type { Template } from "../api/types";
import { IDLE, usePolled } from "../polled";
import { text } from "../strings";
import { Json } from "../ui/Code";
import { Confirm } from "../ui/Confirm";
import { useFollow } from "../ui/links";
import { Loaded } from "../ui/Loaded";
import { Moment } from "../ui/Moment";
import { useNotices } from "../ui/notices";
import { deleteTemplate, loadTemplate } from "./calls";
import { useOrchestrations } from "./names";
import { presetRefusal } from "./words";

export default function TemplatePage() {
  const { name = "" } = useParams();
  const found = usePolled(
    name,
    (signal) => loadTemplate(name, signal),
    () => IDLE,
  );
  return <Loaded polled={found}>{(one) => <View template={one} />}</Loaded>;
}

function View({ template: one }: { template: Template }) {
  const follow = useFollow();
  const users = (useOrchestrations() ?? []).filter((other) => other.subtasks.some((rule) => rule.template === one.name));
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={one.summary} actions={<Actions template={one} />}>
          {one.name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">{text.task.overviewTitle}</Header>}>
          <KeyValuePairs
            columns={4}
            items={[
              { label: text.templates.columns.operation, value: text.types[one.operation] },
              { label: text.orchestrations.columns.kind, value: text.kinds[one.kind] },
              { label: text.orchestrations.columns.version, value: one.version },
              { label: text.orchestrations.columns.updated, value: <Moment at={one.updatedAt} /> },
              {
                label: text.templates.usedBy,
                value: users.length ? (
                  <SpaceBetween size="xxs">
                    {users.map((other) => (
                      <Link key={other.name} href={`/orchestrations/${other.name}`} onFollow={follow}>
                        {other.name}
                      </Link>
                    ))}
                  </SpaceBetween>
                ) : (
                  text.none
                ),
              },
            ]}
          />
        </Container>
        <Container header={<Header variant="h2">{text.task.params}</Header>}>
          <Json value={one.params} label={text.task.params} />
        </Container>
      </SpaceBetween>
    </ContentLayout>
  );
}

function Actions({ template: one }: { template: Template }) {
  const navigate = useNavigate();
  const follow = useFollow();
  const { tell } = useNotices();
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
        <Confirm
          title={text.templates.deleteTitle(one.name)}
          what={text.templates.deleteWhat}
          label={text.delete}
          onClose={() => setDeleting(false)}
          act={async () => {
            await deleteTemplate(one.name);
            tell("success", text.templates.deleted(one.name));
            await navigate("/templates");
          }}
        />
      )}
    </SpaceBetween>
  );
}
