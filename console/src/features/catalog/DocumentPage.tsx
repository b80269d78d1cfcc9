/** The page of an orchestration or a template: its overview, its views and its versions. */

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
import * as text from "../../strings";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { useIsMounted } from "../../ui/LeaveGuard";
import { ErrorPage, isMissing, Loaded } from "../../ui/Loaded";
import { useNotifications } from "../../ui/notifications";
import { Timestamp } from "../../ui/Timestamp";

interface Props {
  document: Orchestration | Template;
  description: string;
  actions: ReactNode;
  overview: KeyValuePairsProps.Item[];
  views: TabsProps.Tab[];
  versions: ReactNode;
  children?: ReactNode;
}

export function DocumentPage({ document, description, actions, overview, views, versions, children }: Props) {
  const [search, setSearch] = useSearchParams();
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={description} actions={actions}>
          {document.name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">{text.labels.overview}</Header>}>
          <KeyValuePairs
            columns={4}
            items={[
              ...overview,
              { label: text.catalog.version, value: document.version },
              { label: text.catalog.kind, value: text.kinds[document.kind] },
              { label: text.catalog.updated, value: <Timestamp at={document.updatedAt} /> },
            ]}
          />
        </Container>
        <Tabs
          ariaLabel={text.labels.views}
          activeTabId={search.get("view") ?? views[0]?.id ?? ""}
          onChange={({ detail }) => setSearch({ view: detail.activeTabId })}
          tabs={[...views, { id: "versions", label: text.versions.title, content: versions }]}
        />
        {children}
      </SpaceBetween>
    </ContentLayout>
  );
}

interface StoredDocumentProps<T> {
  polled: Polled<T>;
  /** The remaining versions if the document was deleted. */
  versions: ReactNode;
  children: (value: T) => ReactNode;
}

/** Shows a stored document once it has loaded; for a deleted document, its remaining versions. */
export function StoredDocument<T>({ polled, versions, children }: StoredDocumentProps<T>) {
  if (isMissing(polled)) return <ErrorPage polled={polled}>{versions}</ErrorPage>;
  return (
    <Loaded page polled={polled}>
      {children}
    </Loaded>
  );
}

interface DeleteDialogProps {
  /** The path of the list. */
  folder: string;
  name: string;
  consequence: string;
  onDelete: (name: string) => Promise<void>;
  onClose: () => void;
}

/** Asks before a document is deleted, then returns to the list. */
export function DeleteDialog({ folder, name, consequence, onDelete, onClose }: DeleteDialogProps) {
  const navigate = useNavigate();
  const isMounted = useIsMounted();
  const { notify } = useNotifications();
  return (
    <ConfirmDialog
      title={text.catalog.deleteTitle(name)}
      content={consequence}
      label={text.buttons.delete}
      onClose={onClose}
      onConfirm={async () => {
        await onDelete(name);
        notify("success", text.catalog.deleted(name));
        if (isMounted()) await navigate(folder);
      }}
    />
  );
}
