/** JSON schemas of parameters, as fields of a form. Pure. */

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  maximum?: number;
  maxItems?: number;
}

interface Variant {
  label: string;
  schema: Schema;
  /** The value of a variant that allows one value only. */
  constant?: unknown;
}

/** A field of a form. An `optional` field can stay empty; then `fallback` applies. */
export type Field = { optional: boolean; description?: string; fallback?: unknown } & (
  | { kind: "choice"; options: readonly (string | number)[] }
  | { kind: "flag" }
  | { kind: "number"; whole: boolean; min?: number; max?: number }
  | { kind: "text" }
  | { kind: "list"; numbers: boolean }
  | { kind: "group"; schema: Schema }
  | { kind: "items"; item: Schema; most?: number }
  | { kind: "variants"; variants: readonly Variant[] }
  | { kind: "json" }
);

/** Return a schema with its reference resolved. Keywords beside the reference take precedence. */
function resolve(schema: Schema, root: Schema): Schema {
  if (!schema.$ref) return schema;
  const target = root.$defs?.[schema.$ref.replace("#/$defs/", "")] ?? {};
  return { ...resolve(target, root), ...schema, $ref: undefined };
}

const isText = (one: Schema) => one.type === "string" && one.const === undefined && !one.enum;
const isNumber = (one: Schema) => one.type === "number" || one.type === "integer";

/** Return the form field for a schema. */
export function fieldOf(unresolved: Schema, root: Schema, required: boolean): Field {
  const schema = resolve(unresolved, root);
  const all = (schema.anyOf ?? schema.oneOf ?? [schema]).map((one) => resolve(one, root));
  const variants = all.filter((one) => one.type !== "null");
  const base = { optional: !required, description: schema.description ?? variants[0]?.description, fallback: schema.default };
  const [only] = variants;
  if (variants.length === 1 && only) return { ...base, ...singleFieldOf(only, root) };
  if (variants.every((one) => isText(one) || isNumber(one))) return { ...base, kind: "text" };
  if (variants.length > 1) return { ...base, kind: "variants", variants: variants.map((one) => variantOf(one)) };
  return { ...base, kind: "json" };
}

type Unwrapped<F> = F extends unknown ? Omit<F, "optional" | "description" | "fallback"> : never;

function singleFieldOf(schema: Schema, root: Schema): Unwrapped<Field> {
  const options = schema.enum?.filter((one) => typeof one === "string" || typeof one === "number");
  if (options?.length) return { kind: "choice", options };
  if (schema.type === "boolean") return { kind: "flag" };
  if (isNumber(schema)) return { kind: "number", whole: schema.type === "integer", min: schema.minimum, max: schema.maximum };
  if (isText(schema)) return { kind: "text" };
  if (schema.properties) return { kind: "group", schema };
  if (schema.type === "array" && schema.items) {
    const item = resolve(schema.items, root);
    const kinds = (item.anyOf ?? [item]).map((one) => resolve(one, root));
    if (kinds.every((one) => isText(one) || isNumber(one) || one.enum)) return { kind: "list", numbers: kinds.some(isNumber) };
    return { kind: "items", item, most: schema.maxItems };
  }
  return { kind: "json" };
}

function variantOf(schema: Schema): Variant {
  if (schema.const !== undefined) return { label: displayValue(schema.const), schema, constant: schema.const };
  const discriminator = Object.values(schema.properties ?? {}).find((one) => typeof one.const === "string");
  const label = discriminator ? displayValue(discriminator.const) : (schema.title ?? (schema.type === "array" ? "list" : String(schema.type)));
  return { label: label.replace(/Params$/, ""), schema };
}

/** Return the initial value of a variant: its constants, which distinguish it from the others. */
export function initialValueOf(variant: Variant): unknown {
  if (variant.constant !== undefined) return variant.constant;
  const { properties, type } = variant.schema;
  if (!properties) return type === "array" ? [] : undefined;
  return Object.fromEntries(
    Object.entries(properties).filter(([, one]) => one.const !== undefined).map(([name, one]) => [name, one.const]),
  );
}

/** Return the index of the variant that a value belongs to; -1 for none. */
export function variantIndexOf(variants: readonly Variant[], value: unknown): number {
  if (value === undefined || value === null) return -1;
  const constant = variants.findIndex((one) => one.constant !== undefined && one.constant === value);
  if (constant >= 0) return constant;
  return variants.findIndex(({ schema, constant: only }) => {
    if (only !== undefined) return false;
    if (typeof value !== "object") return !schema.properties && schema.type !== "array";
    if (Array.isArray(value)) return schema.type === "array";
    return Object.entries(schema.properties ?? {}).every(
      ([name, one]) => one.const === undefined || (value as Record<string, unknown>)[name] === one.const,
    );
  });
}

/** Return a value as a form shows it; an empty text for no value. */
export function displayValue(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Return a text as a number if it is one. */
export function numberOrText(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
