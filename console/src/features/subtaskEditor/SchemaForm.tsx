/** A form made from a JSON schema: what is left empty keeps its default. */

import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { words } from "../../format";
import { text } from "../../strings";
import { LINE } from "../../ui/colors";
import { asValue, type Field, fieldOf, type Schema, seedOf, shown, variantOfValue } from "./schema";

type Values = Record<string, unknown>;

const LARGE: ReadonlySet<Field["kind"]> = new Set(["group", "variants", "items", "json"]); // these take a whole line

interface FormProps {
  schema: Schema;
  root: Schema;
  value: Values;
  /** What holds where `value` says nothing: a template's parameters. */
  inherited?: Values;
  /** What is wrong, by its JSON pointer from here. */
  problems: ReadonlyMap<string, string>;
  pointer?: string;
  onChange: (value: Values) => void;
}

export function SchemaForm({ schema, root, value, inherited = {}, problems, pointer = "", onChange }: FormProps) {
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
      problems={problems}
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
  problems: ReadonlyMap<string, string>;
  pointer: string;
  onChange: (value: unknown) => void;
}

function FieldInput(props: FieldProps) {
  const { name, field, root, value, inherited, problems, pointer, onChange } = props;
  const label = words(name);
  if (field.kind === "group") {
    return (
      <ExpandableSection headerText={label} headerDescription={field.description?.replaceAll("`", "")} defaultExpanded={value !== undefined}>
        <SchemaForm
          schema={field.schema}
          root={root}
          value={asValues(value)}
          inherited={asValues(inherited)}
          problems={problems}
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
        errorText={problems.get(pointer)}
        stretch
      >
        <Control {...props} empty={emptyOf(inherited ?? field.fallback)} />
      </FormField>
      {field.kind === "variants" && <VariantForm {...props} />}
    </SpaceBetween>
  );
}

/** The form of the variant that is chosen, if it has one. */
function VariantForm({ field, root, value, inherited, problems, pointer, onChange }: FieldProps) {
  const variant = field.kind === "variants" ? field.variants[variantOfValue(field.variants, value)] : undefined;
  if (!variant?.schema.properties) return null;
  return (
    <div style={INSIDE}>
      <SchemaForm
        schema={variant.schema}
        root={root}
        value={asValues(value)}
        inherited={asValues(inherited)}
        problems={problems}
        pointer={pointer}
        onChange={onChange}
      />
    </div>
  );
}

/** Several things of one kind, each with a form of its own. */
function Items(props: FieldProps & { item: Schema; most: number | undefined }) {
  const { name, field, root, value, problems, pointer, onChange, item, most } = props;
  const list: unknown[] = Array.isArray(value) ? value : [];
  const one = fieldOf(item, root, true);
  const set = (next: unknown[]) => onChange(next.length ? next : undefined);
  return (
    <FormField label={words(name)} description={field.description?.replaceAll("`", "")} errorText={problems.get(pointer)} stretch>
      <SpaceBetween size="m">
        {list.map((entry, index) => (
          <div key={index} style={INSIDE}>
            <SpaceBetween size="s">
              <FieldInput
                name={text.form.entry(index + 1)}
                field={one}
                root={root}
                value={entry}
                inherited={undefined}
                problems={problems}
                pointer={`${pointer}/${index}`}
                onChange={(next) => set(list.map((old, at) => (at === index ? (next ?? {}) : old)))}
              />
              <Button formAction="none" iconName="remove" onClick={() => set(list.filter((_, at) => at !== index))}>
                {text.remove}
              </Button>
            </SpaceBetween>
          </div>
        ))}
        <Button
          formAction="none"
          iconName="add-plus"
          disabled={most !== undefined && list.length >= most}
          onClick={() => set([...list, one.kind === "variants" && one.variants[0] ? seedOf(one.variants[0]) : {}])}
        >
          {text.add}
        </Button>
      </SpaceBetween>
    </FormField>
  );
}

const INSIDE = { borderInlineStart: `2px solid ${LINE}`, paddingInlineStart: 16 } as const;

function Control({ field, value, onChange, empty }: FieldProps & { empty: string }) {
  const leave = { value: "", label: empty ? text.form.leave(empty) : text.form.leaveOut };
  switch (field.kind) {
    case "choice": {
      const options = field.options.map((one) => ({ value: String(one), label: String(one) }));
      return (
        <Select
          selectedOption={value === undefined ? leave : { value: shown(value), label: shown(value) }}
          options={[leave, ...options]}
          onChange={({ detail }) => onChange(field.options.find((one) => String(one) === detail.selectedOption.value))}
        />
      );
    }
    case "flag": {
      const options = [leave, { value: "true", label: text.form.yes }, { value: "false", label: text.form.no }];
      return (
        <Select
          selectedOption={options.find((one) => one.value === (shown(value))) ?? leave}
          options={options}
          onChange={({ detail }) => onChange(detail.selectedOption.value ? detail.selectedOption.value === "true" : undefined)}
        />
      );
    }
    case "variants": {
      const chosen = variantOfValue(field.variants, value);
      const options = field.variants.map((one, index) => ({ value: `${index}`, label: one.constant === undefined ? text.form.own(one.label) : one.label }));
      return (
        <Select
          selectedOption={options[chosen] ?? leave}
          options={[leave, ...options]}
          onChange={({ detail }) => {
            const variant = detail.selectedOption.value ? field.variants[Number(detail.selectedOption.value)] : undefined;
            onChange(variant && seedOf(variant));
          }}
        />
      );
    }
    case "number":
      return (
        <Input
          type="number"
          step={field.whole ? 1 : "any"}
          placeholder={empty}
          value={shown(value)}
          onChange={({ detail }) => onChange(detail.value === "" ? undefined : Number(detail.value))}
        />
      );
    case "word":
      return (
        <Input
          placeholder={empty}
          value={shown(value)}
          onChange={({ detail }) => onChange(detail.value === "" ? undefined : detail.value)}
        />
      );
    case "words":
      return <Words numbers={field.numbers} value={value} empty={empty} onChange={onChange} />;
    default:
      return <AnyJson value={value} empty={empty} onChange={onChange} />;
  }
}

/** Return what was typed for as long as it means the value, and the way to type: the value may also change elsewhere. */
function useTyped(value: unknown, written: string): [string, (typed: string, meant: unknown) => void] {
  const [last, setLast] = useState({ typed: written, meant: JSON.stringify(value) });
  const type = (typed: string, meant: unknown) => setLast({ typed, meant: JSON.stringify(meant) });
  return [last.meant === JSON.stringify(value) ? last.typed : written, type];
}

/** A list of plain values, with commas between them. */
function Words({ numbers, value, empty, onChange }: { numbers: boolean; value: unknown; empty: string; onChange: (value: unknown) => void }) {
  const [typed, type] = useTyped(value, Array.isArray(value) ? value.join(", ") : "");
  return (
    <Input
      placeholder={empty}
      value={typed}
      onChange={({ detail }) => {
        const list = detail.value.split(",").map((one) => one.trim()).filter(Boolean);
        const meant = list.length ? (numbers ? list.map(asValue) : list) : undefined;
        type(detail.value, meant);
        onChange(meant);
      }}
    />
  );
}

/** What no form fits: JSON as it is. */
function AnyJson({ value, empty, onChange }: { value: unknown; empty: string; onChange: (value: unknown) => void }) {
  const [typed, type] = useTyped(value, value === undefined ? "" : JSON.stringify(value, null, 2));
  return (
    <Textarea
      placeholder={empty || "[]"}
      value={typed}
      invalid={typed.trim() !== "" && parsed(typed) === undefined}
      spellcheck={false}
      onChange={({ detail }) => {
        // What can't be read yet leaves the value as it was.
        const meant = detail.value.trim() ? (parsed(detail.value) ?? value) : undefined;
        type(detail.value, meant);
        onChange(meant);
      }}
    />
  );
}

/** Return what JSON says; undefined for what is none. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const asValues = (value: unknown): Values =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : {};

function emptyOf(fallback: unknown): string {
  if (Array.isArray(fallback)) return fallback.every((one) => typeof one !== "object") ? fallback.join(", ") : JSON.stringify(fallback);
  return shown(fallback);
}

function rangeOf(field: Field): string | undefined {
  if (field.kind === "words") return text.form.commas;
  if (field.kind !== "number" || (field.min === undefined && field.max === undefined)) return undefined;
  return text.form.range(field.min, field.max);
}
