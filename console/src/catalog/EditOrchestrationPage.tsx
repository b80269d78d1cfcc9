import Alert from "@cloudscape-design/components/alert";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import type { Operation, OrchestrationBody, SubtaskRule, Template } from "../api/types";
import { isSound, problemsOf, wrongWords } from "../create/check";
import { PlanEditor } from "../create/PlanEditor";
import { text } from "../strings";
import { bodyOf, loadOrchestration, storeOrchestration } from "./calls";
import { Beginning, DocumentEditor } from "./DocumentEditor";
import { useOperations, useOrchestrations, useTemplates } from "./names";
import { RuleGraph } from "./RuleGraph";
import { YamlEditor } from "./YamlEditor";

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
      {(first) => <Editor first={first} />}
    </Beginning>
  );
}

function Editor({ first }: { first: OrchestrationBody }) {
  const known = useOperations();
  const operations = known ?? [];
  const templates = useTemplates() ?? [];
  const orchestrations = useOrchestrations() ?? [];
  const [body, setBody] = useState(first);
  const sound = isSound(body.subtasks, operations);
  return (
    <DocumentEditor
      folder="/orchestrations"
      create={text.orchestrations.create}
      nameWhy={text.orchestrations.nameWhy}
      others={orchestrations}
      sound={sound}
      store={(name) => storeOrchestration(name, body)}
    >
      {(tried) => (
        <SpaceBetween size="l">
          {tried && !sound && <Alert type="error">{text.create.badPlan}</Alert>}
          <Tabs
            ariaLabel={text.task.views}
            tabs={[
              { id: "form", label: text.orchestrations.form, content: <BodyForm body={body} operations={operations} templates={templates} onChange={setBody} /> },
              { id: "graph", label: text.task.graph, content: <RuleGraph rules={body.subtasks} /> },
              {
                id: "yaml",
                label: text.orchestrations.yaml,
                content: <YamlEditor value={body} wrong={(value) => wrongBody(value, known)} onChange={setBody} />,
              },
            ]}
          />
        </SpaceBetween>
      )}
    </DocumentEditor>
  );
}

interface BodyProps {
  body: OrchestrationBody;
  operations: readonly Operation[];
  templates: readonly Template[];
  onChange: (body: OrchestrationBody) => void;
}

function BodyForm({ body, operations, templates, onChange }: BodyProps) {
  const { trigger, output } = body;
  return (
    <SpaceBetween size="l">
      <Container>
        <ColumnLayout columns={2}>
          <FormField label={text.orchestrations.description}>
            <Input value={body.description ?? ""} onChange={({ detail }) => onChange({ ...body, description: detail.value })} />
          </FormField>
          <FormField label={text.orchestrations.columns.enabled}>
            <Toggle checked={body.enabled ?? true} onChange={({ detail }) => onChange({ ...body, enabled: detail.checked })}>
              {text.orchestrations.takes}
            </Toggle>
          </FormField>
          <FormField label={text.orchestrations.prefix} description={text.orchestrations.prefixWhy}>
            <Input value={trigger?.prefix ?? ""} onChange={({ detail }) => onChange({ ...body, trigger: { ...trigger, prefix: detail.value } })} />
          </FormField>
          <FormField label={text.orchestrations.formats} description={text.orchestrations.formatsWhy}>
            <Formats value={trigger?.formats ?? []} onChange={(formats) => onChange({ ...body, trigger: { ...trigger, formats } })} />
          </FormField>
          <FormField label={text.create.prefix} description={text.create.prefixWhy}>
            <Input value={output?.prefix ?? ""} onChange={({ detail }) => onChange({ ...body, output: { prefix: detail.value } })} />
          </FormField>
          <FormField label={text.task.overview.priority} description={text.create.priorityWhy}>
            <Input type="number" value={String(body.priority ?? 0)} onChange={({ detail }) => onChange({ ...body, priority: Number(detail.value) })} />
          </FormField>
        </ColumnLayout>
      </Container>
      <PlanEditor rules={body.subtasks} operations={operations} templates={templates} onChange={(subtasks) => onChange({ ...body, subtasks })} />
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

/** Return what is wrong with a whole document, in one sentence; of operations that are not known yet nothing is. */
function wrongBody(value: unknown, operations: readonly Operation[] | undefined): string | undefined {
  if (typeof value !== "object" || value === null || !("subtasks" in value) || !Array.isArray(value.subtasks)) {
    return text.orchestrations.noSubtasks;
  }
  const rules = value.subtasks as Partial<SubtaskRule>[];
  for (const [index, rule] of rules.entries()) {
    const place = `subtasks[${index}]`;
    const operation = operations?.find((one) => one.type === rule.type);
    if (operations && !operation) return text.orchestrations.badType(place, operations.map((one) => one.type).join(", "));
    const whole = { ...rule, name: rule.name ?? "" } as SubtaskRule;
    const wrong = Object.values(wrongWords(whole, rules as SubtaskRule[]))[0];
    if (wrong) return `${place}: ${wrong}`;
    const [problem] = rule.template ? [] : problemsOf(operation, rule.params ?? {});
    if (problem) return `${place}.params${problem[0]}: ${problem[1]}`;
  }
  return undefined;
}
