import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { stringify } from "yaml";
import type { Orchestration } from "../api/types";
import { IDLE, usePolled } from "../polled";
import { text } from "../strings";
import { Code, Json } from "../ui/Code";
import { Confirm } from "../ui/Confirm";
import { useFollow } from "../ui/links";
import { Loaded } from "../ui/Loaded";
import { Moment } from "../ui/Moment";
import { useNotices } from "../ui/notices";
import { bodyOf, deleteOrchestration, loadOrchestration, switchOrchestration } from "./calls";
import { MatchForm } from "./MatchForm";
import { Switched } from "./OrchestrationsPage";
import { RuleGraph } from "./RuleGraph";
import { tasksOf, triggerOf } from "./words";

export default function OrchestrationPage() {
  const { name = "" } = useParams();
  const found = usePolled(
    name,
    (signal) => loadOrchestration(name, signal),
    () => IDLE,
  );
  return <Loaded polled={found}>{(one) => <View orchestration={one} refresh={found.refresh} />}</Loaded>;
}

function View({ orchestration: one, refresh }: { orchestration: Orchestration; refresh: () => void }) {
  const follow = useFollow();
  const { columns } = text.orchestrations;
  const { name } = one;
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={one.description} actions={<Actions orchestration={one} refresh={refresh} />}>
          {name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">{text.task.overviewTitle}</Header>}>
          <KeyValuePairs
            columns={4}
            items={[
              { label: columns.enabled, value: <Switched enabled={one.enabled} /> },
              { label: columns.trigger, value: triggerOf(one.trigger) },
              { label: text.create.prefix, value: one.output.prefix },
              { label: text.task.overview.priority, value: one.priority },
              { label: columns.version, value: one.version },
              { label: columns.kind, value: text.kinds[one.kind] },
              { label: columns.updated, value: <Moment at={one.updatedAt} /> },
              {
                label: text.nav.tasks,
                value: (
                  <Link href={tasksOf(name)} onFollow={follow}>
                    {text.orchestrations.itsTasks}
                  </Link>
                ),
              },
            ]}
          />
        </Container>
        <Tabs
          ariaLabel={text.task.views}
          tabs={[
            { id: "graph", label: text.task.graph, content: <RuleGraph rules={one.subtasks} /> },
            { id: "yaml", label: text.orchestrations.yaml, content: <Code label={text.orchestrations.yaml}>{stringify({ name, ...bodyOf(one) })}</Code> },
            { id: "json", label: text.task.json, content: <Json label={text.task.json} value={one} /> },
          ]}
        />
        <MatchForm />
      </SpaceBetween>
    </ContentLayout>
  );
}

function Actions({ orchestration: one, refresh }: { orchestration: Orchestration; refresh: () => void }) {
  const navigate = useNavigate();
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
        <Confirm
          title={text.orchestrations.deleteTitle(one.name)}
          what={text.orchestrations.deleteWhat}
          label={text.delete}
          onClose={() => setDeleting(false)}
          act={async () => {
            await deleteOrchestration(one.name);
            tell("success", text.orchestrations.deleted(one.name));
            await navigate("/orchestrations");
          }}
        />
      )}
    </SpaceBetween>
  );
}
