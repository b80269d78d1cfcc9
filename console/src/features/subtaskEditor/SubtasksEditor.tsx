/** A list of subtasks, composed by forms. */

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
import type { Operation, SubtaskRule, SubtaskType, Template } from "../../api/types";
import { text } from "../../strings";
import { Empty } from "../../ui/EmptyState";
import { problemsOf, wrongWords } from "./validate";
import type { Known } from "./outputName";
import { SchemaForm } from "./SchemaForm";

interface Props {
  rules: readonly SubtaskRule[];
  known: Known;
  onChange: (rules: SubtaskRule[]) => void;
}

export function PlanEditor({ rules, known: { operations, templates }, onChange }: Props) {
  const add = (type: SubtaskType) => {
    const stem = type.toLowerCase().replaceAll("_", "-");
    const taken = new Set(rules.map((rule) => rule.name));
    let name = stem;
    for (let count = 2; taken.has(name); count += 1) name = `${stem}-${count}`;
    onChange([...rules, { name, type }]);
  };
  return (
    <SpaceBetween size="m">
      {rules.length === 0 && <Empty title={text.plan.empty} hint={text.plan.emptyHint} />}
      {rules.map((rule, index) => (
        <div key={index} role="group" aria-label={titleOf(rule, index + 1)}>
          <RuleEditor
            rule={rule}
            number={index + 1}
            rules={rules}
            operation={operations.find((one) => one.type === rule.type)}
            templates={templates.filter((one) => one.operation === rule.type)}
            onChange={(next) => onChange(rules.map((one, at) => (at === index ? next : one)))}
            onRemove={() => onChange(rules.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <ButtonDropdown
        items={operations.map((one) => ({ id: one.type, text: text.types[one.type], description: one.summary }))}
        onItemClick={(event) => add(event.detail.id as SubtaskType)}
      >
        {text.plan.add}
      </ButtonDropdown>
    </SpaceBetween>
  );
}

const titleOf = (rule: SubtaskRule, number: number) => `${number}. ${text.types[rule.type]}`;

/** Return what was chosen; the option that stands for nothing has an empty value. */
const chosen = ({ selectedOption: { value } }: SelectProps.ChangeDetail) => (value === "" ? undefined : value);

interface RuleProps {
  rule: SubtaskRule;
  number: number;
  rules: readonly SubtaskRule[];
  operation: Operation | undefined;
  templates: readonly Template[];
  onChange: (rule: SubtaskRule) => void;
  onRemove: () => void;
}

function RuleEditor({ rule, number, rules, operation, templates, onChange, onRemove }: RuleProps) {
  const wrong = wrongWords(rule, rules);
  const others = rules.filter((one) => one !== rule).map((one) => ({ value: one.name, label: one.name }));
  const template = templates.find((one) => one.name === rule.template);
  const noTemplate = { value: "", label: text.plan.noTemplate };
  const source = { value: "", label: text.task.theSource };
  return (
    <Container
      header={
        <Header
          variant="h3"
          description={operation?.summary}
          actions={
            <Button formAction="none" iconName="remove" ariaLabel={text.plan.removeNo(number)} onClick={onRemove}>
              {text.remove}
            </Button>
          }
        >
          {titleOf(rule, number)}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ColumnLayout columns={2}>
          <FormField label={text.plan.name} description={text.plan.nameWhy} errorText={wrong.name}>
            <Input value={rule.name} onChange={({ detail }) => onChange({ ...rule, name: detail.value })} />
          </FormField>
          <FormField
            label={text.task.template}
            description={text.plan.templateWhy}
            errorText={rule.template && !template ? text.plan.unknownTemplate(rule.template) : undefined}
          >
            <Select
              filteringType="auto"
              selectedOption={rule.template ? { value: rule.template, label: rule.template } : noTemplate}
              options={[noTemplate, ...templates.map((one) => ({ value: one.name, label: one.name, description: one.summary }))]}
              onChange={({ detail }) => onChange({ ...rule, template: chosen(detail) })}
            />
          </FormField>
          <FormField label={text.task.reads} description={text.plan.readsWhy}>
            <Select
              selectedOption={rule.input ? { value: rule.input, label: rule.input } : source}
              options={[source, ...others]}
              onChange={({ detail }) => onChange({ ...rule, input: chosen(detail) })}
            />
          </FormField>
          <FormField label={text.task.needs} description={text.plan.needsWhy} errorText={wrong.needs}>
            <Multiselect
              selectedOptions={(rule.needs ?? []).map((name) => ({ value: name, label: name }))}
              options={others}
              placeholder={text.plan.nothing}
              onChange={({ detail }) => onChange({ ...rule, needs: detail.selectedOptions.flatMap((one) => one.value ?? []) })}
            />
          </FormField>
        </ColumnLayout>
        {operation && (
          <ExpandableSection headerText={text.task.params} headerDescription={text.plan.paramsWhy}>
            <SchemaForm
              schema={operation.params}
              root={operation.params}
              value={rule.params ?? {}}
              inherited={template?.params}
              problems={problemsOf(operation, { ...template?.params, ...rule.params })}
              onChange={(params) => onChange({ ...rule, params })}
            />
          </ExpandableSection>
        )}
        <ExpandableSection headerText={text.plan.more}>
          <ColumnLayout columns={2}>
            <FormField label={text.plan.fileName} description={text.plan.fileNameWhy}>
              <Input
                value={rule.fileName ?? ""}
                placeholder="{inputName}-{subtask}.{format}"
                onChange={({ detail }) => onChange({ ...rule, fileName: detail.value || undefined })}
              />
            </FormField>
            <FormField label={text.task.rule} description={<Box variant="span">{text.plan.whenWhy}</Box>}>
              <Input
                value={rule.when ?? ""}
                placeholder="moderate.suggestion == 'PASS'"
                onChange={({ detail }) => onChange({ ...rule, when: detail.value || undefined })}
              />
            </FormField>
          </ColumnLayout>
        </ExpandableSection>
      </SpaceBetween>
    </Container>
  );
}
