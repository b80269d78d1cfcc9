import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { SubtaskType, TemplateBody } from "../../api/types";
import { firstOf, problemsOf } from "../subtaskEditor/validate";
import { SchemaForm } from "../subtaskEditor/SchemaForm";
import { text } from "../../strings";
import { loadTemplate, storeTemplate } from "../../api/catalog";
import { problemsOfTemplate } from "./validate";
import { Beginning, DocumentEditor } from "./DocumentEditor";
import type { Catalog } from "../../api/useCatalog";
import { type Draft, EditorViews } from "./YamlEditor";

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
      {(first, catalog) => <Editor first={first} catalog={catalog} />}
    </Beginning>
  );
}

function Editor({ first, catalog }: { first: TemplateBody; catalog: Catalog }) {
  const { operations, templates } = catalog;
  const [body, setBody] = useState(first);
  const [draft, setDraft] = useState<Draft>();
  const operation = operations.find((one) => one.type === body.operation);
  const problems = problemsOfTemplate(body, catalog);
  const kinds = operations.map((one) => ({ value: one.type, label: text.types[one.type], description: one.summary }));
  const change = (params: TemplateBody["params"]) => setBody({ ...body, params });
  return (
    <DocumentEditor
      folder="/templates"
      create={text.templates.create}
      nameWhy={text.templates.nameWhy}
      others={templates.map(({ name, summary }) => ({ name, description: summary }))}
      changed={body !== first || draft !== undefined}
      wrong={draft?.problem ?? firstOf(problems)}
      store={(name) => storeTemplate(name, body)}
    >
      <SpaceBetween size="l">
        <Container>
          <ColumnLayout columns={2}>
            <FormField label={text.templates.columns.operation}>
              <Select
                selectedOption={kinds.find((one) => one.value === body.operation) ?? null}
                options={kinds}
                onChange={({ detail }) => {
                  setDraft(undefined);
                  setBody({ ...body, operation: detail.selectedOption.value as SubtaskType, params: {} });
                }}
              />
            </FormField>
            <FormField label={text.templates.columns.summary} errorText={problems.get("/summary")}>
              <Input value={body.summary ?? ""} onChange={({ detail }) => setBody({ ...body, summary: detail.value })} />
            </FormField>
          </ColumnLayout>
        </Container>
        <EditorViews
          key={body.operation}
          value={body.params}
          draft={draft}
          wrong={(value) => firstOf(problemsOfTemplate({ ...body, params: value }, catalog))}
          onChange={change}
          onDraft={setDraft}
          form={
            operation && (
              <SchemaForm
                schema={operation.params}
                root={operation.params}
                value={body.params}
                problems={problemsOf(operation, body.params)}
                onChange={change}
              />
            )
          }
        />
      </SpaceBetween>
    </DocumentEditor>
  );
}
