import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import type { SubtaskType, TemplateBody } from "../api/types";
import { problemsOf } from "../create/check";
import { SchemaForm } from "../create/SchemaForm";
import { text } from "../strings";
import { loadTemplate, storeTemplate } from "./calls";
import { Beginning, DocumentEditor } from "./DocumentEditor";
import { useOperations, useTemplates } from "./names";
import { YamlEditor } from "./YamlEditor";

const FRESH: TemplateBody = { operation: "TRANSCODE", summary: "", params: {} };

export default function EditTemplatePage() {
  return (
    <Beginning
      fresh={FRESH}
      load={async (name, version, signal) => {
        const { operation, summary, params } = await loadTemplate(name, version, signal);
        return { operation, summary, params };
      }}
    >
      {(first) => <Editor first={first} />}
    </Beginning>
  );
}

function Editor({ first }: { first: TemplateBody }) {
  const operations = useOperations() ?? [];
  const templates = useTemplates() ?? [];
  const [body, setBody] = useState(first);
  const operation = operations.find((one) => one.type === body.operation);
  const problems = problemsOf(operation, body.params);
  const kinds = operations.map((one) => ({ value: one.type, label: text.types[one.type], description: one.summary }));
  return (
    <DocumentEditor
      folder="/templates"
      create={text.templates.create}
      nameWhy={text.templates.nameWhy}
      others={templates.map(({ name, summary }) => ({ name, description: summary }))}
      sound={problems.size === 0}
      store={(name) => storeTemplate(name, body)}
    >
      {() => (
        <SpaceBetween size="l">
          <Container>
            <ColumnLayout columns={2}>
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
      )}
    </DocumentEditor>
  );
}

function wrongParams(value: unknown, problems: (params: TemplateBody["params"]) => ReadonlyMap<string, string>): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return text.templates.noParams;
  const [problem] = problems(value as TemplateBody["params"]);
  return problem && `${problem[0]}: ${problem[1]}`;
}
