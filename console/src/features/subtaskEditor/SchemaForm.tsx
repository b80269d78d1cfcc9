/** A form generated from a JSON schema. Empty fields keep their defaults. */

import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { humanize } from "../../format";
import * as text from "../../strings";
import { LINE } from "../../ui/colors";
import { displayValue, type Field, fieldOf, initialValueOf, numberOrText, type Schema, variantIndexOf } from "./schema";

type Values = Record<string, unknown>;

const LARGE: ReadonlySet<Field["kind"]> = new Set(["group", "variants", "items", "json"]); // these take the full width

interface FormProps {
  schema: Schema;
  root: Schema;
  value: Values;
  /** The values of a template, which apply where `value` has none. */
  inherited?: Values;
  /** Errors by JSON pointer. */
  errors: ReadonlyMap<string, string>;
  pointer?: string;
  onChange: (value: Values) => void;
}

export function SchemaForm({ schema, root, value, inherited = {}, errors, pointer = "", onChange }: FormProps) {
  const fields = Object.entries(schema.properties ?? {})
    .filter(([, one]) => one.const === undefined)
    .map(([name, one]) => ({ name, field: fieldOf(one, root, schema.required?.includes(name) ?? false) }));
  const set = (name: string, next: unknown) => {
    const { [name]: _before, ...rest } = value;
    onChange(next === undefined ? rest : { ...rest, [name]: next });
  };
  const input = ({ name, field }: (typeof fields)[number]) => (
    <FieldInput
      key={name}
      name={name}
      field={field}
      root={root}
      value={value[name]}
      inherited={inherited[name]}
      errors={errors}
      pointer={`${pointer}/${name}`}
      onChange={(next) => set(name, next)}
    />
  );
  const isLarge = ({ field }: (typeof fields)[number]) => LARGE.has(field.kind);
  return (
    <SpaceBetween size="m">
      <ColumnLayout columns={2}>{fields.filter((one) => !isLarge(one)).map(input)}</ColumnLayout>
      {fields.filter(isLarge).map(input)}
    </SpaceBetween>
  );
}

interface FieldProps {
  name: string;
  field: Field;
  root: Schema;
  value: unknown;
  inherited: unknown;
  errors: ReadonlyMap<string, string>;
  pointer: string;
  onChange: (value: unknown) => void;
}

function FieldInput(props: FieldProps) {
  const { name, field, root, value, inherited, errors, pointer, onChange } = props;
  const label = humanize(name);
  if (field.kind === "group") {
    return (
      <ExpandableSection headerText={label} headerDescription={field.description?.replaceAll("`", "")} defaultExpanded={value !== undefined}>
        <SchemaForm
          schema={field.schema}
          root={root}
          value={asValues(value)}
          inherited={asValues(inherited)}
          errors={errors}
          pointer={pointer}
          onChange={(next) => onChange(Object.keys(next).length ? next : undefined)}
        />
      </ExpandableSection>
    );
  }
  if (field.kind === "items") return <Items {...props} item={field.item} most={field.most} />;
  return (
    <SpaceBetween size="s">
      <FormField
        label={field.optional ? label : <>{label} *</>}
        description={field.description?.replaceAll("`", "")}
        constraintText={rangeOf(field)}
        errorText={errors.get(pointer)}
        stretch
      >
        <Control {...props} placeholder={placeholderOf(inherited ?? field.fallback)} />
      </FormField>
      {field.kind === "variants" && <VariantForm {...props} />}
    </SpaceBetween>
  );
}

/** The form of the selected variant, if it has fields. */
function VariantForm({ field, root, value, inherited, errors, pointer, onChange }: FieldProps) {
  const variant = field.kind === "variants" ? field.variants[variantIndexOf(field.variants, value)] : undefined;
  if (!variant?.schema.properties) return null;
  return (
    <div style={NESTED}>
      <SchemaForm
        schema={variant.schema}
        root={root}
        value={asValues(value)}
        inherited={asValues(inherited)}
        errors={errors}
        pointer={pointer}
        onChange={onChange}
      />
    </div>
  );
}

/** A list of values of one kind, each with its own form. */
function Items(props: FieldProps & { item: Schema; most: number | undefined }) {
  const { name, field, root, value, errors, pointer, onChange, item, most } = props;
  const list: unknown[] = Array.isArray(value) ? value : [];
  const one = fieldOf(item, root, true);
  const set = (next: unknown[]) => onChange(next.length ? next : undefined);
  return (
    <FormField label={humanize(name)} description={field.description?.replaceAll("`", "")} errorText={errors.get(pointer)} stretch>
      <SpaceBetween size="m">
        {list.map((entry, index) => (
          <div key={index} style={NESTED}>
            <SpaceBetween size="s">
              <FieldInput
                name={text.schemaForm.item(index + 1)}
                field={one}
                root={root}
                value={entry}
                inherited={undefined}
                errors={errors}
                pointer={`${pointer}/${index}`}
                onChange={(next) => set(list.map((old, at) => (at === index ? (next ?? {}) : old)))}
              />
              <Button formAction="none" iconName="remove" onClick={() => set(list.filter((_, at) => at !== index))}>
                {text.buttons.remove}
              </Button>
            </SpaceBetween>
          </div>
        ))}
        <Button
          formAction="none"
          iconName="add-plus"
          disabled={most !== undefined && list.length >= most}
          onClick={() => set([...list, one.kind === "variants" && one.variants[0] ? initialValueOf(one.variants[0]) : {}])}
        >
          {text.buttons.add}
        </Button>
      </SpaceBetween>
    </FormField>
  );
}

const NESTED = { borderInlineStart: `2px solid ${LINE}`, paddingInlineStart: 16 } as const;

function Control({ field, value, onChange, placeholder }: FieldProps & { placeholder: string }) {
  const unset = { value: "", label: placeholder ? text.schemaForm.defaultValue(placeholder) : text.schemaForm.default };
  switch (field.kind) {
    case "choice": {
      const options = field.options.map((one) => ({ value: String(one), label: String(one) }));
      return (
        <Select
          selectedOption={value === undefined ? unset : { value: displayValue(value), label: displayValue(value) }}
          options={[unset, ...options]}
          onChange={({ detail }) => onChange(field.options.find((one) => String(one) === detail.selectedOption.value))}
        />
      );
    }
    case "flag": {
      const options = [unset, { value: "true", label: text.schemaForm.yes }, { value: "false", label: text.schemaForm.no }];
      return (
        <Select
          selectedOption={options.find((one) => one.value === displayValue(value)) ?? unset}
          options={options}
          onChange={({ detail }) => onChange(detail.selectedOption.value ? detail.selectedOption.value === "true" : undefined)}
        />
      );
    }
    case "variants": {
      const selected = variantIndexOf(field.variants, value);
      const options = field.variants.map((one, index) => ({ value: `${index}`, label: one.constant === undefined ? text.schemaForm.custom(humanize(one.label)) : one.label }));
      return (
        <Select
          selectedOption={options[selected] ?? unset}
          options={[unset, ...options]}
          onChange={({ detail }) => {
            const variant = detail.selectedOption.value ? field.variants[Number(detail.selectedOption.value)] : undefined;
            onChange(variant && initialValueOf(variant));
          }}
        />
      );
    }
    case "number":
      return (
        <Input
          type="number"
          step={field.whole ? 1 : "any"}
          placeholder={placeholder}
          value={displayValue(value)}
          onChange={({ detail }) => onChange(detail.value === "" ? undefined : Number(detail.value))}
        />
      );
    case "text":
      return (
        <Input
          placeholder={placeholder}
          value={displayValue(value)}
          onChange={({ detail }) => onChange(detail.value === "" ? undefined : detail.value)}
        />
      );
    case "list":
      return <ListInput numbers={field.numbers} value={value} placeholder={placeholder} onChange={onChange} />;
    default:
      return <JsonInput value={value} placeholder={placeholder} onChange={onChange} />;
  }
}

/** Return the typed text while it still stands for the value, and the function that sets both. The value may also change elsewhere. */
function useTyped(value: unknown, canonical: string): [string, (typed: string, meant: unknown) => void] {
  const [last, setLast] = useState({ typed: canonical, meant: JSON.stringify(value) });
  const type = (typed: string, meant: unknown) => setLast({ typed, meant: JSON.stringify(meant) });
  return [last.meant === JSON.stringify(value) ? last.typed : canonical, type];
}

/** A list of plain values, separated by commas. */
function ListInput({ numbers, value, placeholder, onChange }: { numbers: boolean; value: unknown; placeholder: string; onChange: (value: unknown) => void }) {
  const [typed, type] = useTyped(value, Array.isArray(value) ? value.join(", ") : "");
  return (
    <Input
      placeholder={placeholder}
      value={typed}
      onChange={({ detail }) => {
        const list = detail.value.split(",").map((one) => one.trim()).filter(Boolean);
        const meant = list.length ? (numbers ? list.map(numberOrText) : list) : undefined;
        type(detail.value, meant);
        onChange(meant);
      }}
    />
  );
}

/** A value that fits no form: plain JSON. */
function JsonInput({ value, placeholder, onChange }: { value: unknown; placeholder: string; onChange: (value: unknown) => void }) {
  const [typed, type] = useTyped(value, value === undefined ? "" : JSON.stringify(value, null, 2));
  return (
    <Textarea
      placeholder={placeholder || "[]"}
      value={typed}
      invalid={typed.trim() !== "" && parseJson(typed) === undefined}
      spellcheck={false}
      onChange={({ detail }) => {
        // What can't be read yet unsets the value as it was.
        const meant = detail.value.trim() ? (parseJson(detail.value) ?? value) : undefined;
        type(detail.value, meant);
        onChange(meant);
      }}
    />
  );
}

/** Return the value of a JSON text; undefined if it isn't valid. */
function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const asValues = (value: unknown): Values =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : {};

function placeholderOf(fallback: unknown): string {
  if (Array.isArray(fallback)) return fallback.every((one) => typeof one !== "object") ? fallback.join(", ") : JSON.stringify(fallback);
  return displayValue(fallback);
}

function rangeOf(field: Field): string | undefined {
  if (field.kind === "list") return text.schemaForm.commas;
  if (field.kind !== "number" || (field.min === undefined && field.max === undefined)) return undefined;
  return text.schemaForm.range(field.min, field.max);
}
