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
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import type { Schemas } from "../api/client";
import type { SubtaskType } from "../api/types";
import { problemsOf, wrongWords } from "../create/check";
import { SchemaForm } from "../create/SchemaForm";
import { usePolled } from "../polled";
import { text } from "../strings";
import { useFollow } from "../ui/links";
import { Loaded } from "../ui/Loaded";
import { useNotices } from "../ui/notices";
import { reasonOf } from "../ui/reason";
import { loadTemplate, storeTemplate } from "./calls";
import { useOperations } from "./names";
import { YamlEditor } from "./YamlEditor";

type Body = Schemas["TemplateBody"];
const FRESH: Body = { operation: "TRANSCODE", summary: "", params: {} };

export default function EditTemplatePage() {
  const { name } = useParams();
  const [search] = useSearchParams();
  const from = name ?? search.get("from") ?? "";
  const found = usePolled(
    from,
    async (signal) => {
      if (!from) return FRESH;
      const { operation, summary, params } = await loadTemplate(from, signal);
      return { operation, summary, params };
    },
    () => null,
  );
  return <Loaded polled={found}>{(body) => <Editor key={from} name={name} first={body} />}</Loaded>;
}

function Editor({ name, first }: { name: string | undefined; first: Body }) {
  const navigate = useNavigate();
  const follow = useFollow();
  const { tell } = useNotices();
  const operations = useOperations() ?? [];
  const [given, setGiven] = useState(name ?? "");
  const [body, setBody] = useState(first);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const operation = operations.find((one) => one.type === body.operation);
  const problems = problemsOf(operation, body.params);
  const wrongName = wrongWords({ name: given, type: body.operation }, []).name;
  const kinds = operations.map((one) => ({ value: one.type, label: text.types[one.type], description: one.summary }));

  const save = async () => {
    setTried(true);
    if (wrongName ?? problems.size) return;
    setBusy(true);
    try {
      const stored = await storeTemplate(given, body);
      tell("success", text.orchestrations.stored(stored.name, stored.version));
      await navigate(`/templates/${stored.name}`);
    } catch (problem) {
      setError(reasonOf(problem));
    } finally {
      setBusy(false);
    }
  };

  return (
    <ContentLayout header={<Header variant="h1">{name ? text.orchestrations.editing(name) : text.templates.create}</Header>}>
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
              <Button variant="link" formAction="none" href={name ? `/templates/${name}` : "/templates"} onFollow={follow}>
                {text.cancel}
              </Button>
              <Button variant="primary" loading={busy}>
                {text.save}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            <Container>
              <ColumnLayout columns={2}>
                <FormField label={text.plan.name} description={text.templates.nameWhy} errorText={tried ? wrongName : undefined}>
                  <Input disabled={name !== undefined} value={given} onChange={({ detail }) => setGiven(detail.value)} />
                </FormField>
                <FormField label={text.templates.columns.operation}>
                  <Select
                    selectedOption={kinds.find((one) => one.value === body.operation) ?? null}
                    options={kinds}
                    onChange={({ detail }) => setBody({ ...body, operation: detail.selectedOption.value as SubtaskType, params: {} })}
                  />
                </FormField>
                <FormField label={text.templates.columns.summary}>
                  <Input value={body.summary ?? ""} onChange={({ detail }) => setBody({ ...body, summary: detail.value })} />
                </FormField>
              </ColumnLayout>
            </Container>
            <Tabs
              ariaLabel={text.task.views}
              tabs={[
                {
                  id: "form",
                  label: text.orchestrations.form,
                  content: operation && (
                    <SchemaForm
                      key={operation.type}
                      schema={operation.params}
                      root={operation.params}
                      value={body.params}
                      problems={problems}
                      onChange={(params) => setBody({ ...body, params })}
                    />
                  ),
                },
                {
                  id: "yaml",
                  label: text.orchestrations.yaml,
                  content: (
                    <YamlEditor
                      value={body.params}
                      wrong={(value) => wrongParams(value, (params) => problemsOf(operation, params))}
                      onChange={(params) => setBody({ ...body, params })}
                    />
                  ),
                },
              ]}
            />
          </SpaceBetween>
        </Form>
      </form>
    </ContentLayout>
  );
}

function wrongParams(value: unknown, problems: (params: Body["params"]) => ReadonlyMap<string, string>): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return text.templates.noParams;
  const [problem] = problems(value as Body["params"]);
  return problem && `${problem[0]}: ${problem[1]}`;
}
