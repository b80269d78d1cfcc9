import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { loadTemplate, saveTemplate } from "../../api/catalog";
import type { SubtaskType, TemplateBody } from "../../api/types";
import type { Catalog } from "../../api/useCatalog";
import * as text from "../../strings";
import { SchemaForm } from "../subtaskEditor/SchemaForm";
import { firstError, parameterErrors } from "../subtaskEditor/validate";
import { DocumentEditor, InitialDocument } from "./DocumentEditor";
import { validateTemplate } from "./validate";
import { type Draft, EditorViews } from "./YamlEditor";

const BLANK: TemplateBody = { operation: "TRANSCODE", summary: "", params: {} };

export default function EditTemplatePage() {
  return (
    <InitialDocument
      blank={BLANK}
      load={async (name, version, signal) => {
        const { operation, summary, params } = await loadTemplate(name, version, signal);
        return { operation, summary, params };
      }}
    >
      {(initial, catalog) => <Editor initial={initial} catalog={catalog} />}
    </InitialDocument>
  );
}

function Editor({ initial, catalog }: { initial: TemplateBody; catalog: Catalog }) {
  const { operations, templates } = catalog;
  const [body, setBody] = useState(initial);
  const [draft, setDraft] = useState<Draft>();
  const operation = operations.find((one) => one.type === body.operation);
  const errors = validateTemplate(body, catalog);
  const operationOptions = operations.map((one) => ({ value: one.type, label: text.subtaskTypes[one.type], description: one.summary }));
  const change = (params: TemplateBody["params"]) => setBody({ ...body, params });
  return (
    <DocumentEditor
      folder="/templates"
      create={text.navigation.createTemplate}
      nameWhy={text.templates.nameWhy}
      others={templates.map(({ name, summary }) => ({ name, description: summary }))}
      changed={body !== initial || draft !== undefined}
      invalid={draft?.error ?? firstError(errors)}
      save={(name) => saveTemplate(name, body)}
    >
      <SpaceBetween size="l">
        <Container>
          <ColumnLayout columns={2}>
            <FormField label={text.labels.operation}>
              <Select
                selectedOption={operationOptions.find((one) => one.value === body.operation) ?? null}
                options={operationOptions}
                onChange={({ detail }) => {
                  setDraft(undefined);
                  setBody({ ...body, operation: detail.selectedOption.value as SubtaskType, params: {} });
                }}
              />
            </FormField>
            <FormField label={text.templates.summary} errorText={errors.get("/summary")}>
              <Input value={body.summary ?? ""} onChange={({ detail }) => setBody({ ...body, summary: detail.value })} />
            </FormField>
          </ColumnLayout>
        </Container>
        <EditorViews
          key={body.operation}
          value={body.params}
          draft={draft}
          validate={(value) => firstError(validateTemplate({ ...body, params: value }, catalog))}
          onChange={change}
          onDraft={setDraft}
          form={
            operation && (
              <SchemaForm
                schema={operation.params}
                root={operation.params}
                value={body.params}
                errors={parameterErrors(operation, body.params)}
                onChange={change}
              />
            )
          }
        />
      </SpaceBetween>
    </DocumentEditor>
  );
}
