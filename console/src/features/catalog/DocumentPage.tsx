/** The page of what is stored under a name, an orchestration or a template: what it is, its views, its versions. */

import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs, { type KeyValuePairsProps } from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs, { type TabsProps } from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";
import { useNavigate, useSearchParams } from "react-router";
import type { Orchestration, Template } from "../../api/types";
import type { Polled } from "../../api/usePolled";
import { text } from "../../strings";
import { Confirm } from "../../ui/ConfirmDialog";
import { useHere } from "../../ui/LeaveGuard";
import { ErrorPage, isMissing, Loaded } from "../../ui/Loaded";
import { Moment } from "../../ui/Timestamp";
import { useNotices } from "../../ui/notifications";

interface Props {
  document: Orchestration | Template;
  description: string;
  actions: ReactNode;
  facts: KeyValuePairsProps.Item[];
  views: TabsProps.Tab[];
  versions: ReactNode;
  children?: ReactNode;
}

export function DocumentPage({ document, description, actions, facts, views, versions, children }: Props) {
  const [search, setSearch] = useSearchParams();
  const { columns } = text.orchestrations;
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={description} actions={actions}>
          {document.name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">{text.task.overviewTitle}</Header>}>
          <KeyValuePairs
            columns={4}
            items={[
              ...facts,
              { label: columns.version, value: document.version },
              { label: columns.kind, value: text.kinds[document.kind] },
              { label: columns.updated, value: <Moment at={document.updatedAt} /> },
            ]}
          />
        </Container>
        <Tabs
          ariaLabel={text.task.views}
          activeTabId={search.get("view") ?? views[0]?.id ?? ""}
          onChange={({ detail }) => setSearch({ view: detail.activeTabId })}
          tabs={[...views, { id: "versions", label: text.versions.title, content: versions }]}
        />
        {children}
      </SpaceBetween>
    </ContentLayout>
  );
}

interface StoredProps<T> {
  polled: Polled<T>;
  /** The versions of what was deleted, if there are any. */
  versions: ReactNode;
  children: (value: T) => ReactNode;
}

/** What is stored under a name, once it is there; of what was deleted, the versions that are left. */
export function Stored<T>({ polled, versions, children }: StoredProps<T>) {
  if (isMissing(polled)) return <ErrorPage polled={polled}>{versions}</ErrorPage>;
  return (
    <Loaded page polled={polled}>
      {children}
    </Loaded>
  );
}

interface DeletionProps {
  /** The address of all of its kind. */
  folder: string;
  name: string;
  what: string;
  act: (name: string) => Promise<void>;
  onClose: () => void;
}

/** Asks before a document is deleted, and goes back to all of its kind. */
export function Deletion({ folder, name, what, act, onClose }: DeletionProps) {
  const navigate = useNavigate();
  const here = useHere();
  const { tell } = useNotices();
  return (
    <Confirm
      title={text.orchestrations.deleteTitle(name)}
      what={what}
      label={text.delete}
      onClose={onClose}
      act={async () => {
        await act(name);
        tell("success", text.orchestrations.deleted(name));
        if (here()) await navigate(folder);
      }}
    />
  );
}
