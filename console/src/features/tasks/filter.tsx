/** The filters of the list of tasks, as the URL keeps them and as the API takes them. */

import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import { lazy, Suspense } from "react";
import type { paths } from "../../api/schema";
import type { TaskFilter } from "../../api/types";
import { moment } from "../../format";
import { text } from "../../strings";

type TaskQuery = NonNullable<paths["/tasks"]["get"]["parameters"]["query"]>;

const TimeForm = lazy(() => import("./TimeForm")); // few filter by time, and its inputs weigh something
const ID = /^0[0-9A-HJKMNP-TV-Z]{3,25}$/i; // it begins with the time: with 0 until the year 3084
const CHOICES: Record<string, Record<string, string>> = { status: text.statuses, outcome: text.outcomes };
/** What can be asked for, each once: the API joins them with "and". */
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
  return { operator: OPERATORS[key], format: (value) => shown(key, value) };
}

function shown(key: Property, value: string): string {
  if (isTime(key)) return value ? moment(value) : ""; // none yet, in the form
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

/** Return the filter's tokens, as the URL says. */
export function tokensOf(search: URLSearchParams): PropertyFilterProps.Token[] {
  return PROPERTIES.flatMap((propertyKey) => {
    const value = search.get(propertyKey);
    return value ? [{ propertyKey, operator: OPERATORS[propertyKey], value }] : [];
  });
}

/** Return the URL's words for these tokens; the last of a kind counts, and free text is an ID or else a file. */
export function withTokens(tokens: readonly PropertyFilterProps.Token[]): URLSearchParams {
  const search = new URLSearchParams();
  for (const { propertyKey, value } of tokens) {
    const given = typeof value === "string" ? value.trim() : "";
    const free = ID.test(given) ? "taskId" : "sourceKey";
    if (given) search.set(isProperty(propertyKey) ? propertyKey : free, given);
  }
  return search;
}

/** Return what to ask the API, for a page of `maxResults`. */
export function queryOf(search: URLSearchParams, maxResults: number, nextToken: string | undefined): TaskQuery {
  return { ...filterOf(search), maxResults, nextToken };
}

/** Return the filter that the URL says, as the API takes it. */
export function filterOf(search: URLSearchParams): TaskFilter {
  return Object.fromEntries(PROPERTIES.flatMap((name) => (search.has(name) ? [[name, search.get(name)]] : [])));
}

/** Return what a filter asks, in a reader's words. */
export function wordsOf(filter: TaskFilter): string[] {
  return PROPERTIES.flatMap((name) => {
    const value = filter[name];
    return value ? [`${text.tasks.filters[name].label} ${OPERATORS[name]} ${shown(name, value)}`] : [];
  });
}

/** Return whether anything is filtered. */
export function isFiltered(search: URLSearchParams): boolean {
  return PROPERTIES.some((name) => search.has(name));
}
