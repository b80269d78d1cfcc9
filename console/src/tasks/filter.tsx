/** The filters of the list of tasks, as the URL keeps them and as the API takes them. */

import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import { lazy, Suspense } from "react";
import type { paths } from "../api/schema";
import { moment } from "../format";
import { text } from "../strings";

type TaskQuery = NonNullable<paths["/tasks"]["get"]["parameters"]["query"]>;

const TimeForm = lazy(() => import("./TimeForm")); // few filter by time, and its inputs weigh something
const WHOLE_ID = /^[0-9a-z]{4,26}$/i;
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
  operators: [isTime(key) ? timeOperator(OPERATORS[key]) : wordOperator(key)],
  defaultOperator: OPERATORS[key],
}));

function wordOperator(key: Property): PropertyFilterProps.ExtendedOperator<string> {
  return { operator: OPERATORS[key], format: (value) => CHOICES[key]?.[value] ?? value };
}

function timeOperator(operator: PropertyFilterProps.ComparisonOperator): PropertyFilterProps.ExtendedOperator<string> {
  return {
    operator,
    format: (value) => (value ? moment(value) : ""),
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
    const free = WHOLE_ID.test(given) ? "taskId" : "sourceKey";
    if (given) search.set(isProperty(propertyKey) ? propertyKey : free, given);
  }
  return search;
}

/** Return what to ask the API, for a page of `maxResults`. */
export function queryOf(search: URLSearchParams, maxResults: number, nextToken: string | undefined): TaskQuery {
  const asked = Object.fromEntries(PROPERTIES.map((name) => [name, search.get(name) ?? undefined]));
  return { ...asked, maxResults, nextToken };
}

/** Return whether anything is filtered. */
export function isFiltered(search: URLSearchParams): boolean {
  return PROPERTIES.some((name) => search.has(name));
}
