import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useSearchParams } from "react-router";
import { api, unwrap } from "../../api/client";
import type { SubtaskType, Template } from "../../api/types";
import { IDLE_INTERVAL, usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { DataTable } from "../../ui/DataTable";
import { useFollow } from "../../ui/links";

export default function TemplatesPage() {
  const follow = useFollow();
  const [search, setSearch] = useSearchParams();
  const list = usePolled(
    "templates",
    (signal) => unwrap(api.GET("/templates", { signal })),
    () => IDLE_INTERVAL,
  );
  const typed = search.get("q") ?? "";
  const operation = search.get("operation") as SubtaskType | null;
  const items = list.value?.templates.filter(
    (one) => (!operation || one.operation === operation) && `${one.name} ${one.summary}`.toLowerCase().includes(typed.toLowerCase()),
  );
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(search);
    if (value) next.set(name, value);
    else next.delete(name);
    setSearch(next, { replace: true });
  };
  const any = { value: "", label: text.templates.any };
  const operations = Object.entries(text.subtaskTypes).map(([value, label]) => ({ value, label }));
  return (
    <DataTable<Template>
      page
      variant="full-page"
      polled={list}
      items={items}
      newerVersion={{ list: "templates", names: list.value?.newerVersion }}
      trackBy="name"
      wrapLines
      enableKeyboardNavigation
      ariaLabels={{ tableLabel: text.navigation.templates }}
      header={
        <Header
          variant="h1"
          counter={items && `(${items.length})`}
          description={text.templates.about}
          actions={
            <Button variant="primary" href="/templates/create" onFollow={follow}>
              {text.navigation.createTemplate}
            </Button>
          }
        >
          {text.navigation.templates}
        </Header>
      }
      filter={
        <SpaceBetween direction="horizontal" size="s">
          <TextFilter
            filteringText={typed}
            filteringPlaceholder={text.templates.find}
            filteringAriaLabel={text.templates.find}
            onChange={({ detail }) => set("q", detail.filteringText)}
          />
          <Select
            ariaLabel={text.labels.operation}
            selectedOption={operations.find((one) => one.value === operation) ?? any}
            options={[any, ...operations]}
            onChange={({ detail }) => set("operation", detail.selectedOption.value ?? "")}
          />
        </SpaceBetween>
      }
      empty={{ title: text.templates.none, hint: text.templates.noneHint }}
      columnDefinitions={[
        {
          id: "name",
          header: text.labels.name,
          isRowHeader: true,
          cell: (one) => (
            <Link href={`/templates/${one.name}`} onFollow={follow}>
              {one.name}
            </Link>
          ),
        },
        { id: "operation", header: text.labels.operation, cell: (one) => text.subtaskTypes[one.operation] },
        { id: "summary", header: text.templates.summary, cell: (one) => one.summary || text.none },
        { id: "kind", header: text.catalog.kind, cell: (one) => <Badge>{text.kinds[one.kind]}</Badge> },
        { id: "version", header: text.catalog.version, cell: (one) => one.version },
      ]}
    />
  );
}
