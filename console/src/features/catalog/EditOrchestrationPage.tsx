import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import type { OrchestrationBody } from "../../api/types";
import { firstOf } from "../subtaskEditor/validate";
import { PlanEditor } from "../subtaskEditor/SubtasksEditor";
import { text } from "../../strings";
import { bodyOf, loadOrchestration, storeOrchestration } from "../../api/catalog";
import { problemsOfOrchestration } from "./validate";
import { Beginning, DocumentEditor } from "./DocumentEditor";
import type { Catalog } from "../../api/useCatalog";
import { RuleGraph } from "../subtaskEditor/PlanGraph";
import { type Draft, EditorViews } from "./YamlEditor";

const FRESH: OrchestrationBody = {
  description: "",
  enabled: true,
  trigger: { prefix: "uploads/", formats: [] },
  output: { prefix: "{inputDir}/{inputName}/" },
  priority: 0,
  subtasks: [],
};

export default function EditOrchestrationPage() {
  return (
    <Beginning fresh={FRESH} load={async (name, version, signal) => bodyOf(await loadOrchestration(name, version, signal))}>
      {(first, catalog) => <Editor first={first} catalog={catalog} />}
    </Beginning>
  );
}

function Editor({ first, catalog }: { first: OrchestrationBody; catalog: Catalog }) {
  const [body, setBody] = useState(first);
  const [draft, setDraft] = useState<Draft>();
  const problems = problemsOfOrchestration(body, catalog);
  return (
    <DocumentEditor
      folder="/orchestrations"
      create={text.orchestrations.create}
      nameWhy={text.orchestrations.nameWhy}
      others={catalog.orchestrations}
      changed={body !== first || draft !== undefined}
      wrong={draft?.problem ?? (body.subtasks.length ? firstOf(problems) : text.create.badPlan)}
      store={(name) => storeOrchestration(name, body)}
    >
      <EditorViews
        value={body}
        draft={draft}
        wrong={(value) => firstOf(problemsOfOrchestration(value, catalog))}
        onChange={setBody}
        onDraft={setDraft}
        form={<BodyForm body={body} catalog={catalog} problems={problems} onChange={setBody} />}
        more={[{ id: "graph", label: text.task.graph, content: <RuleGraph rules={body.subtasks} /> }]}
      />
    </DocumentEditor>
  );
}

interface BodyProps {
  body: OrchestrationBody;
  catalog: Catalog;
  problems: ReadonlyMap<string, string>;
  onChange: (body: OrchestrationBody) => void;
}

function BodyForm({ body, catalog, problems, onChange }: BodyProps) {
  const { trigger, output } = body;
  return (
    <SpaceBetween size="l">
      <Container>
        <ColumnLayout columns={2}>
          <FormField label={text.orchestrations.description} errorText={problems.get("/description")}>
            <Input value={body.description ?? ""} onChange={({ detail }) => onChange({ ...body, description: detail.value })} />
          </FormField>
          <FormField label={text.orchestrations.columns.enabled}>
            <Toggle checked={body.enabled ?? true} onChange={({ detail }) => onChange({ ...body, enabled: detail.checked })}>
              {text.orchestrations.takes}
            </Toggle>
          </FormField>
          <FormField label={text.orchestrations.prefix} description={text.orchestrations.prefixWhy} errorText={problems.get("/trigger/prefix")}>
            <Input value={trigger?.prefix ?? ""} onChange={({ detail }) => onChange({ ...body, trigger: { ...trigger, prefix: detail.value } })} />
          </FormField>
          <FormField
            label={text.orchestrations.formats}
            description={text.orchestrations.formatsWhy}
            errorText={[...problems].find(([pointer]) => pointer.startsWith("/trigger/formats"))?.[1]}
          >
            <Formats value={trigger?.formats ?? []} onChange={(formats) => onChange({ ...body, trigger: { ...trigger, formats } })} />
          </FormField>
          <FormField label={text.create.prefix} description={text.create.prefixWhy} errorText={problems.get("/output/prefix")}>
            <Input value={output?.prefix ?? ""} onChange={({ detail }) => onChange({ ...body, output: { prefix: detail.value } })} />
          </FormField>
          <FormField label={text.task.overview.priority} description={text.create.priorityWhy} errorText={problems.get("/priority")}>
            <Input type="number" value={String(body.priority ?? 0)} onChange={({ detail }) => onChange({ ...body, priority: Number(detail.value) })} />
          </FormField>
        </ColumnLayout>
      </Container>
      <Header variant="h2">{text.task.subtasks}</Header>
      <PlanEditor rules={body.subtasks} known={catalog} onChange={(subtasks) => onChange({ ...body, subtasks })} />
    </SpaceBetween>
  );
}

/** A list of formats as one types it: a comma stays, though it says nothing yet. */
function Formats({ value, onChange }: { value: readonly string[]; onChange: (formats: string[]) => void }) {
  const [typed, setTyped] = useState("");
  const shown = value.join(", ");
  return (
    <Input
      value={formatsIn(typed).join(", ") === shown ? typed : shown}
      placeholder="mp4, mov, mkv"
      onChange={({ detail }) => {
        setTyped(detail.value);
        onChange(formatsIn(detail.value));
      }}
    />
  );
}

function formatsIn(typed: string): string[] {
  return typed.split(/[,\s]+/).filter(Boolean);
}
