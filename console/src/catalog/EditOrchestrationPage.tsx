import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import type { Operation, Orchestration, OrchestrationBody, SubtaskRule, Template } from "../api/types";
import { isSound, problemsOf, wrongWords } from "../create/check";
import { PlanEditor } from "../create/PlanEditor";
import { usePolled } from "../polled";
import { text } from "../strings";
import { useFollow } from "../ui/links";
import { Loaded } from "../ui/Loaded";
import { useNotices } from "../ui/notices";
import { reasonOf } from "../ui/reason";
import { bodyOf, loadOrchestration, storeOrchestration } from "./calls";
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
  const { name } = useParams();
  const [search] = useSearchParams();
  const from = name ?? search.get("from") ?? "";
  const found = usePolled(
    from,
    async (signal) => (from ? bodyOf(await loadOrchestration(from, signal)) : FRESH),
    () => null,
  );
  // Another beginning is another form.
  return <Loaded polled={found}>{(body) => <Editor key={from} name={name} first={body} />}</Loaded>;
}

function Editor({ name, first }: { name: string | undefined; first: OrchestrationBody }) {
  const navigate = useNavigate();
  const follow = useFollow();
  const { tell } = useNotices();
  const operations = useOperations() ?? [];
  const templates = useTemplates() ?? [];
  const orchestrations = useOrchestrations() ?? [];
  const [given, setGiven] = useState(name ?? "");
  const [body, setBody] = useState(first);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const [tried, setTried] = useState(false);
  const wrongName = wrongWords({ name: given, type: "TRANSCODE" }, []).name;
  const sound = isSound(body.subtasks, operations);

  const save = async () => {
    setTried(true);
    if (wrongName ?? !sound) return;
    setBusy(true);
    setError(undefined);
    try {
      const stored = await storeOrchestration(given, body);
      tell("success", text.orchestrations.stored(stored.name, stored.version));
      await navigate(`/orchestrations/${stored.name}`);
    } catch (problem) {
      setError(reasonOf(problem));
    } finally {
      setBusy(false);
    }
  };

  return (
    <ContentLayout header={<Header variant="h1">{name ? text.orchestrations.editing(name) : text.orchestrations.create}</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Form
          errorText={error}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" href={name ? `/orchestrations/${name}` : "/orchestrations"} onFollow={follow}>
                {text.cancel}
              </Button>
              <Button variant="primary" loading={busy}>
                {text.save}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            {!name && (
              <Container>
                <ColumnLayout columns={2}>
                  <FormField label={text.plan.name} description={text.orchestrations.nameWhy} errorText={tried ? wrongName : undefined}>
                    <Input value={given} onChange={({ detail }) => setGiven(detail.value)} />
                  </FormField>
                  <StartFrom orchestrations={orchestrations} />
                </ColumnLayout>
              </Container>
            )}
            {tried && !sound && <Alert type="error">{text.create.badPlan}</Alert>}
            <Tabs
              ariaLabel={text.task.views}
              tabs={[
                { id: "form", label: text.orchestrations.form, content: <BodyForm body={body} operations={operations} templates={templates} onChange={setBody} /> },
                { id: "graph", label: text.task.graph, content: <RuleGraph rules={body.subtasks} /> },
                {
                  id: "yaml",
                  label: text.orchestrations.yaml,
                  content: <YamlEditor value={body} wrong={(value) => wrongBody(value, operations)} onChange={setBody} />,
                },
              ]}
            />
          </SpaceBetween>
        </Form>
      </form>
    </ContentLayout>
  );
}

function StartFrom({ orchestrations }: { orchestrations: readonly Orchestration[] }) {
  const [search, setSearch] = useSearchParams();
  const from = search.get("from");
  const nothing = { value: "", label: text.orchestrations.blank };
  return (
    <FormField label={text.orchestrations.startFrom} description={text.orchestrations.startFromWhy}>
      <Select
        selectedOption={from ? { value: from, label: from } : nothing}
        options={[nothing, ...orchestrations.map((one) => ({ value: one.name, label: one.name, description: one.description }))]}
        onChange={({ detail }) => setSearch(detail.selectedOption.value ? { from: detail.selectedOption.value } : {})}
      />
    </FormField>
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
            <Input
              value={trigger?.formats?.join(", ") ?? ""}
              placeholder="mp4, mov, mkv"
              onChange={({ detail }) => onChange({ ...body, trigger: { ...trigger, formats: detail.value.split(/[,\s]+/).filter(Boolean) } })}
            />
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

/** Return what is wrong with a whole document, in one sentence. */
function wrongBody(value: unknown, operations: readonly Operation[]): string | undefined {
  if (typeof value !== "object" || value === null || !("subtasks" in value) || !Array.isArray(value.subtasks)) {
    return text.orchestrations.noSubtasks;
  }
  const rules = value.subtasks as Partial<SubtaskRule>[];
  for (const [index, rule] of rules.entries()) {
    const place = `subtasks[${index}]`;
    const operation = operations.find((one) => one.type === rule.type);
    if (!operation) return text.orchestrations.badType(place, operations.map((one) => one.type).join(", "));
    const whole = { ...rule, name: rule.name ?? "" } as SubtaskRule;
    const wrong = Object.values(wrongWords(whole, rules as SubtaskRule[]))[0];
    if (wrong) return `${place}: ${wrong}`;
    const [problem] = rule.template ? [] : problemsOf(operation, rule.params ?? {});
    if (problem) return `${place}.params${problem[0]}: ${problem[1]}`;
  }
  return undefined;
}
