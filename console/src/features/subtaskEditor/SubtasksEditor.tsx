/** The form that edits a list of planned subtasks. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Operation, PlannedSubtask, SubtaskType, Template } from "../../api/types";
import * as text from "../../strings";
import { EmptyState } from "../../ui/EmptyState";
import type { ParameterCatalog } from "./outputName";
import { SchemaForm } from "./SchemaForm";
import { parameterErrors, validateSubtask } from "./validate";

interface Props {
  subtasks: readonly PlannedSubtask[];
  catalog: ParameterCatalog;
  onChange: (subtasks: PlannedSubtask[]) => void;
}

export function SubtasksEditor({ subtasks, catalog: { operations, templates }, onChange }: Props) {
  const add = (type: SubtaskType) => {
    const stem = type.toLowerCase().replaceAll("_", "-");
    const taken = new Set(subtasks.map((subtask) => subtask.name));
    let name = stem;
    for (let count = 2; taken.has(name); count += 1) name = `${stem}-${count}`;
    onChange([...subtasks, { name, type }]);
  };
  return (
    <SpaceBetween size="m">
      {subtasks.length === 0 && <EmptyState title={text.subtaskEditor.empty} hint={text.subtaskEditor.emptyHint} />}
      {subtasks.map((subtask, index) => (
        <div key={index} role="group" aria-label={titleOf(subtask, index + 1)}>
          <SubtaskEditor
            subtask={subtask}
            number={index + 1}
            subtasks={subtasks}
            operation={operations.find((one) => one.type === subtask.type)}
            templates={templates.filter((one) => one.operation === subtask.type)}
            onChange={(next) => onChange(subtasks.map((one, at) => (at === index ? next : one)))}
            onRemove={() => onChange(subtasks.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <ButtonDropdown
        items={operations.map((one) => ({ id: one.type, text: text.subtaskTypes[one.type], description: one.summary }))}
        onItemClick={(event) => add(event.detail.id as SubtaskType)}
      >
        {text.subtaskEditor.add}
      </ButtonDropdown>
    </SpaceBetween>
  );
}

const titleOf = (subtask: PlannedSubtask, number: number) => `${number}. ${text.subtaskTypes[subtask.type]}`;

/** Return the selected value. The option for no value has an empty one. */
const valueOf = ({ selectedOption: { value } }: SelectProps.ChangeDetail) => (value === "" ? undefined : value);

interface SubtaskProps {
  subtask: PlannedSubtask;
  number: number;
  subtasks: readonly PlannedSubtask[];
  operation: Operation | undefined;
  templates: readonly Template[];
  onChange: (subtask: PlannedSubtask) => void;
  onRemove: () => void;
}

function SubtaskEditor({ subtask, number, subtasks, operation, templates, onChange, onRemove }: SubtaskProps) {
  const errors = validateSubtask(subtask, subtasks);
  const others = subtasks.filter((one) => one !== subtask).map((one) => ({ value: one.name, label: one.name }));
  const template = templates.find((one) => one.name === subtask.template);
  const noTemplate = { value: "", label: text.subtaskEditor.none };
  const source = { value: "", label: text.task.sourceFile };
  return (
    <Container
      header={
        <Header
          variant="h3"
          description={operation?.summary}
          actions={
            <Button formAction="none" iconName="remove" ariaLabel={text.subtaskEditor.removeNo(number)} onClick={onRemove}>
              {text.buttons.remove}
            </Button>
          }
        >
          {titleOf(subtask, number)}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ColumnLayout columns={2}>
          <FormField label={text.labels.name} description={text.subtaskEditor.nameWhy} errorText={errors.name}>
            <Input value={subtask.name} onChange={({ detail }) => onChange({ ...subtask, name: detail.value })} />
          </FormField>
          <FormField
            label={text.labels.template}
            description={text.subtaskEditor.templateWhy}
            errorText={subtask.template && !template ? text.subtaskEditor.unknownTemplate(subtask.template) : undefined}
          >
            <Select
              filteringType="auto"
              selectedOption={subtask.template ? { value: subtask.template, label: subtask.template } : noTemplate}
              options={[noTemplate, ...templates.map((one) => ({ value: one.name, label: one.name, description: one.summary }))]}
              onChange={({ detail }) => onChange({ ...subtask, template: valueOf(detail) })}
            />
          </FormField>
          <FormField label={text.task.input} description={text.subtaskEditor.inputWhy}>
            <Select
              selectedOption={subtask.input ? { value: subtask.input, label: subtask.input } : source}
              options={[source, ...others]}
              onChange={({ detail }) => onChange({ ...subtask, input: valueOf(detail) })}
            />
          </FormField>
          <FormField label={text.task.dependsOn} description={text.subtaskEditor.dependsOnWhy} errorText={errors.needs}>
            <Multiselect
              selectedOptions={(subtask.needs ?? []).map((name) => ({ value: name, label: name }))}
              options={others}
              placeholder={text.subtaskEditor.none}
              onChange={({ detail }) => onChange({ ...subtask, needs: detail.selectedOptions.flatMap((one) => one.value ?? []) })}
            />
          </FormField>
        </ColumnLayout>
        {operation && (
          <ExpandableSection headerText={text.labels.parameters} headerDescription={text.subtaskEditor.parametersWhy}>
            <SchemaForm
              schema={operation.params}
              root={operation.params}
              value={subtask.params ?? {}}
              inherited={template?.params}
              errors={parameterErrors(operation, { ...template?.params, ...subtask.params })}
              onChange={(params) => onChange({ ...subtask, params })}
            />
          </ExpandableSection>
        )}
        <ExpandableSection headerText={text.subtaskEditor.more}>
          <ColumnLayout columns={2}>
            <FormField label={text.subtaskEditor.fileName} description={text.subtaskEditor.fileNameWhy}>
              <Input
                value={subtask.fileName ?? ""}
                placeholder="{inputName}-{subtask}.{format}"
                onChange={({ detail }) => onChange({ ...subtask, fileName: detail.value || undefined })}
              />
            </FormField>
            <FormField label={text.task.condition} description={<Box variant="span">{text.subtaskEditor.conditionWhy}</Box>}>
              <Input
                value={subtask.when ?? ""}
                placeholder="moderate.suggestion == 'PASS'"
                onChange={({ detail }) => onChange({ ...subtask, when: detail.value || undefined })}
              />
            </FormField>
          </ColumnLayout>
        </ExpandableSection>
      </SpaceBetween>
    </Container>
  );
}
