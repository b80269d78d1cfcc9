import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import { editableOf, loadOrchestration, saveOrchestration } from "../../api/catalog";
import type { OrchestrationBody } from "../../api/types";
import type { Catalog } from "../../api/useCatalog";
import * as text from "../../strings";
import { PlanGraph } from "../subtaskEditor/PlanGraph";
import { SubtasksEditor } from "../subtaskEditor/SubtasksEditor";
import { firstError } from "../subtaskEditor/validate";
import { DocumentEditor, InitialDocument } from "./DocumentEditor";
import { validateOrchestration } from "./validate";
import { type Draft, EditorViews } from "./YamlEditor";

const BLANK: OrchestrationBody = {
  description: "",
  enabled: true,
  trigger: { prefix: "uploads/", formats: [] },
  output: { prefix: "{inputDir}/{inputName}/" },
  priority: 0,
  subtasks: [],
};

export default function EditOrchestrationPage() {
  return (
    <InitialDocument blank={BLANK} load={async (name, version, signal) => editableOf(await loadOrchestration(name, version, signal))}>
      {(initial, catalog) => <Editor initial={initial} catalog={catalog} />}
    </InitialDocument>
  );
}

function Editor({ initial, catalog }: { initial: OrchestrationBody; catalog: Catalog }) {
  const [body, setBody] = useState(initial);
  const [draft, setDraft] = useState<Draft>();
  const errors = validateOrchestration(body, catalog);
  return (
    <DocumentEditor
      folder="/orchestrations"
      create={text.navigation.createOrchestration}
      nameWhy={text.orchestrations.nameWhy}
      others={catalog.orchestrations}
      changed={body !== initial || draft !== undefined}
      invalid={draft?.error ?? (body.subtasks.length ? firstError(errors) : text.createTask.invalidPlan)}
      save={(name) => saveOrchestration(name, body)}
    >
      <EditorViews
        value={body}
        draft={draft}
        validate={(value) => firstError(validateOrchestration(value, catalog))}
        onChange={setBody}
        onDraft={setDraft}
        form={<BodyForm body={body} catalog={catalog} errors={errors} onChange={setBody} />}
        more={[{ id: "graph", label: text.labels.graph, content: <PlanGraph subtasks={body.subtasks} /> }]}
      />
    </DocumentEditor>
  );
}

interface BodyFormProps {
  body: OrchestrationBody;
  catalog: Catalog;
  errors: ReadonlyMap<string, string>;
  onChange: (body: OrchestrationBody) => void;
}

function BodyForm({ body, catalog, errors, onChange }: BodyFormProps) {
  const { trigger, output } = body;
  return (
    <SpaceBetween size="l">
      <Container>
        <ColumnLayout columns={2}>
          <FormField label={text.orchestrations.description} errorText={errors.get("/description")}>
            <Input value={body.description ?? ""} onChange={({ detail }) => onChange({ ...body, description: detail.value })} />
          </FormField>
          <FormField label={text.labels.status}>
            <Toggle checked={body.enabled ?? true} onChange={({ detail }) => onChange({ ...body, enabled: detail.checked })}>
              {text.orchestrations.automatic}
            </Toggle>
          </FormField>
          <FormField label={text.orchestrations.folder} description={text.orchestrations.folderWhy} errorText={errors.get("/trigger/prefix")}>
            <Input value={trigger?.prefix ?? ""} onChange={({ detail }) => onChange({ ...body, trigger: { ...trigger, prefix: detail.value } })} />
          </FormField>
          <FormField
            label={text.orchestrations.formats}
            description={text.orchestrations.formatsWhy}
            errorText={[...errors].find(([pointer]) => pointer.startsWith("/trigger/formats"))?.[1]}
          >
            <Formats value={trigger?.formats ?? []} onChange={(formats) => onChange({ ...body, trigger: { ...trigger, formats } })} />
          </FormField>
          <FormField label={text.labels.outputPath} description={text.createTask.prefixWhy} errorText={errors.get("/output/prefix")}>
            <Input value={output?.prefix ?? ""} onChange={({ detail }) => onChange({ ...body, output: { prefix: detail.value } })} />
          </FormField>
          <FormField label={text.labels.priority} description={text.createTask.priorityWhy} errorText={errors.get("/priority")}>
            <Input type="number" value={String(body.priority ?? 0)} onChange={({ detail }) => onChange({ ...body, priority: Number(detail.value) })} />
          </FormField>
        </ColumnLayout>
      </Container>
      <Header variant="h2">{text.labels.subtasks}</Header>
      <SubtasksEditor subtasks={body.subtasks} catalog={catalog} onChange={(subtasks) => onChange({ ...body, subtasks })} />
    </SpaceBetween>
  );
}

/** A field for a list of formats. It keeps a typed comma that doesn't separate anything yet. */
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
