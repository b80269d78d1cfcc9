/** The filters of the list of tasks: as URL parameters, as tokens of the filter field, and as the API's filter. */

import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import { lazy, Suspense } from "react";
import type { paths } from "../../api/schema";
import type { TaskFilter } from "../../api/types";
import { dateTime } from "../../format";
import * as text from "../../strings";

type TaskQuery = NonNullable<paths["/tasks"]["get"]["parameters"]["query"]>;

const TimeForm = lazy(() => import("./TimeForm")); // rarely used, and its inputs are large
const ID = /^0[0-9A-HJKMNP-TV-Z]{3,25}$/i; // it starts with the time: with 0 until the year 3084
const CHOICES: Record<string, Record<string, string>> = { status: text.taskStatuses, outcome: text.outcomes };
/** Each can be used once; the API joins them with "and". */
const PROPERTIES = ["taskId", "status", "outcome", "orchestration", "sourceKey", "createdAfter", "createdBefore"] as const;
type Property = (typeof PROPERTIES)[number];
const OPERATORS: Record<Property, PropertyFilterProps.ComparisonOperator> = {
  taskId: "^",
  status: "=",
  outcome: "=",
  orchestration: "=",
  sourceKey: "=",
  createdAfter: ">=",
  createdBefore: "<=",
};

const isProperty = (name: string | undefined): name is Property => PROPERTIES.some((one) => one === name);
const isTime = (name: Property) => name === "createdAfter" || name === "createdBefore";

export const filteringProperties: PropertyFilterProps.FilteringProperty[] = PROPERTIES.map((key) => ({
  key,
  propertyLabel: text.tasks.filters[key].label,
  groupValuesLabel: text.tasks.filters[key].values,
  operators: [isTime(key) ? timeOperator(key) : wordOperator(key)],
  defaultOperator: OPERATORS[key],
}));

function wordOperator(key: Property): PropertyFilterProps.ExtendedOperator<string> {
  return { operator: OPERATORS[key], format: (value) => displayValue(key, value) };
}

function displayValue(key: Property, value: string): string {
  if (isTime(key)) return value ? dateTime(value) : ""; // empty while the form is incomplete
  return CHOICES[key]?.[value] ?? value;
}

function timeOperator(key: Property): PropertyFilterProps.ExtendedOperator<string> {
  return {
    ...wordOperator(key),
    form: ({ value, onChange }) => (
      <Suspense>
        <TimeForm value={value} onChange={onChange} />
      </Suspense>
    ),
  };
}

/** Return the values that the filter offers. */
export function filteringOptions(orchestrations: readonly string[]): PropertyFilterProps.FilteringOption[] {
  const choices = Object.entries(CHOICES).flatMap(([propertyKey, labels]) =>
    Object.entries(labels).map(([value, label]) => ({ propertyKey, value, label })),
  );
  return [...choices, ...orchestrations.map((value) => ({ propertyKey: "orchestration", value }))];
}

/** Return the tokens for the URL's parameters. */
export function tokensOf(search: URLSearchParams): PropertyFilterProps.Token[] {
  return PROPERTIES.flatMap((propertyKey) => {
    const value = search.get(propertyKey);
    return value ? [{ propertyKey, operator: OPERATORS[propertyKey], value }] : [];
  });
}

/** Return the URL's parameters for tokens. The last token of a property counts; free text is a task ID or else a source key. */
export function searchOf(tokens: readonly PropertyFilterProps.Token[]): URLSearchParams {
  const search = new URLSearchParams();
  for (const { propertyKey, value } of tokens) {
    const trimmed = typeof value === "string" ? value.trim() : "";
    const free = ID.test(trimmed) ? "taskId" : "sourceKey";
    if (trimmed) search.set(isProperty(propertyKey) ? propertyKey : free, trimmed);
  }
  return search;
}

/** Return the API's query for one page of `maxResults` tasks. */
export function queryOf(search: URLSearchParams, maxResults: number, nextToken: string | undefined): TaskQuery {
  return { ...filterOf(search), maxResults, nextToken };
}

/** Return the API's filter for the URL's parameters. */
export function filterOf(search: URLSearchParams): TaskFilter {
  return Object.fromEntries(PROPERTIES.flatMap((name) => (search.has(name) ? [[name, search.get(name)]] : [])));
}

/** Return a filter in words: "Status = Waiting, Created after >= …". */
export function describeFilter(filter: TaskFilter): string {
  const conditions = PROPERTIES.flatMap((name) => {
    const value = filter[name];
    return value ? [`${text.tasks.filters[name].label} ${OPERATORS[name]} ${displayValue(name, value)}`] : [];
  });
  return conditions.join(", ");
}

/** Return whether the URL has any filter. */
export function isFiltered(search: URLSearchParams): boolean {
  return PROPERTIES.some((name) => search.has(name));
}
