/** JSON schemas of operations' parameters, read as fields of a form. Pure. */

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
  /** The value of a variant that has only one. */
  constant?: unknown;
}

/** How a value is given: `optional` may be left out, and then `fallback` holds. */
export type Field = { optional: boolean; description?: string; fallback?: unknown } & (
  | { kind: "choice"; options: readonly (string | number)[] }
  | { kind: "flag" }
  | { kind: "number"; whole: boolean; min?: number; max?: number }
  | { kind: "word" }
  | { kind: "words"; numbers: boolean }
  | { kind: "group"; schema: Schema }
  | { kind: "items"; item: Schema; most?: number }
  | { kind: "variants"; variants: readonly Variant[] }
  | { kind: "json" }
);

/** Return a schema with its reference followed; what stands beside a reference goes first. */
function resolved(schema: Schema, root: Schema): Schema {
  if (!schema.$ref) return schema;
  const found = root.$defs?.[schema.$ref.replace("#/$defs/", "")] ?? {};
  return { ...resolved(found, root), ...schema, $ref: undefined };
}

const isWord = (one: Schema) => one.type === "string" && one.const === undefined && !one.enum;
const isNumber = (one: Schema) => one.type === "number" || one.type === "integer";

/** Return how a form asks for what a schema describes. */
export function fieldOf(given: Schema, root: Schema, required: boolean): Field {
  const schema = resolved(given, root);
  const all = (schema.anyOf ?? schema.oneOf ?? [schema]).map((one) => resolved(one, root));
  const some = all.filter((one) => one.type !== "null");
  const base = { optional: !required, description: schema.description ?? some[0]?.description, fallback: schema.default };
  const [only] = some;
  if (some.length === 1 && only) return { ...base, ...plain(only, root) };
  if (some.every((one) => isWord(one) || isNumber(one))) return { ...base, kind: "word" };
  if (some.length > 1) return { ...base, kind: "variants", variants: some.map((one) => variantOf(one)) };
  return { ...base, kind: "json" };
}

type Plain<F> = F extends unknown ? Omit<F, "optional" | "description" | "fallback"> : never;

function plain(schema: Schema, root: Schema): Plain<Field> {
  const options = schema.enum?.filter((one) => typeof one === "string" || typeof one === "number");
  if (options?.length) return { kind: "choice", options };
  if (schema.type === "boolean") return { kind: "flag" };
  if (isNumber(schema)) return { kind: "number", whole: schema.type === "integer", min: schema.minimum, max: schema.maximum };
  if (isWord(schema)) return { kind: "word" };
  if (schema.properties) return { kind: "group", schema };
  if (schema.type === "array" && schema.items) {
    const item = resolved(schema.items, root);
    const kinds = (item.anyOf ?? [item]).map((one) => resolved(one, root));
    if (kinds.every((one) => isWord(one) || isNumber(one) || one.enum)) return { kind: "words", numbers: kinds.some(isNumber) };
    return { kind: "items", item, most: schema.maxItems };
  }
  return { kind: "json" };
}

function variantOf(schema: Schema): Variant {
  if (schema.const !== undefined) return { label: shown(schema.const), schema, constant: schema.const };
  const marked = Object.values(schema.properties ?? {}).find((one) => typeof one.const === "string");
  const label = marked ? shown(marked.const) : (schema.title ?? String(schema.type));
  return { label: label.replace(/Params$/, ""), schema };
}

/** Return what a variant begins with: its constants, by which it is told from the others. */
export function seedOf(variant: Variant): unknown {
  if (variant.constant !== undefined) return variant.constant;
  const { properties, type } = variant.schema;
  if (!properties) return type === "array" ? [] : undefined;
  return Object.fromEntries(
    Object.entries(properties).filter(([, one]) => one.const !== undefined).map(([name, one]) => [name, one.const]),
  );
}

/** Return which variant a value is of; -1 for none. */
export function variantOfValue(variants: readonly Variant[], value: unknown): number {
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

/** Return a value as a form shows it; nothing for none. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Return a word as the number that it is, if it is one. */
export function asValue(word: string): string | number {
  return word.trim() !== "" && Number.isFinite(Number(word)) ? Number(word) : word;
}
