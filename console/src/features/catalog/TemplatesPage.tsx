import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useSearchParams } from "react-router";
import { api, take } from "../../api/client";
import type { SubtaskType, Template } from "../../api/types";
import { IDLE, usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { useFollow } from "../../ui/links";
import { List } from "../../ui/DataTable";

export default function TemplatesPage() {
  const follow = useFollow();
  const [search, setSearch] = useSearchParams();
  const list = usePolled(
    "templates",
    async (signal) => (await take(api.GET("/templates", { signal }))).templates,
    () => IDLE,
  );
  const typed = search.get("q") ?? "";
  const operation = search.get("operation") as SubtaskType | null;
  const items = list.value?.filter(
    (one) => (!operation || one.operation === operation) && `${one.name} ${one.summary}`.toLowerCase().includes(typed.toLowerCase()),
  );
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(search);
    if (value) next.set(name, value);
    else next.delete(name);
    setSearch(next, { replace: true });
  };
  const any = { value: "", label: text.templates.any };
  const kinds = Object.entries(text.types).map(([value, label]) => ({ value, label }));
  const { columns } = text.templates;
  return (
    <List<Template>
      page
      variant="full-page"
      polled={list}
      items={items}
      trackBy="name"
      wrapLines
      enableKeyboardNavigation
      ariaLabels={{ tableLabel: text.nav.templates }}
      header={
        <Header
          variant="h1"
          counter={items && `(${items.length})`}
          description={text.templates.about}
          actions={
            <Button variant="primary" href="/templates/create" onFollow={follow}>
              {text.templates.create}
            </Button>
          }
        >
          {text.nav.templates}
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
            ariaLabel={columns.operation}
            selectedOption={kinds.find((one) => one.value === operation) ?? any}
            options={[any, ...kinds]}
            onChange={({ detail }) => set("operation", detail.selectedOption.value ?? "")}
          />
        </SpaceBetween>
      }
      empty={{ title: text.templates.none, hint: text.templates.noneHint }}
      columnDefinitions={[
        {
          id: "name",
          header: columns.name,
          isRowHeader: true,
          cell: (one) => (
            <Link href={`/templates/${one.name}`} onFollow={follow}>
              {one.name}
            </Link>
          ),
        },
        { id: "operation", header: columns.operation, cell: (one) => text.types[one.operation] },
        { id: "summary", header: columns.summary, cell: (one) => one.summary || text.none },
        { id: "kind", header: text.orchestrations.columns.kind, cell: (one) => <Badge>{text.kinds[one.kind]}</Badge> },
        { id: "version", header: text.orchestrations.columns.version, cell: (one) => one.version },
      ]}
    />
  );
}
