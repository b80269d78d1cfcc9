/** The form that saves an orchestration or a template: its initial content, its name, and the Save button. */

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Fragment, type ReactNode, useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { type Catalog, useCatalog } from "../../api/useCatalog";
import { usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { messageOf } from "../../ui/errorMessage";
import { LeaveGuard, useIsMounted } from "../../ui/LeaveGuard";
import { leave, useFollow } from "../../ui/links";
import { Loaded } from "../../ui/Loaded";
import { useNotifications } from "../../ui/notifications";
import { validateSubtask } from "../subtaskEditor/validate";

interface InitialDocumentProps<T> {
  blank: T;
  load: (name: string, version: number | undefined, signal: AbortSignal) => Promise<T>;
  children: (initial: T, catalog: Catalog) => ReactNode;
}

/** Loads the initial content that the address names: the edited document, one of its versions, a document to duplicate, or a blank one. */
export function InitialDocument<T>({ blank, load, children }: InitialDocumentProps<T>) {
  const { name } = useParams();
  const [search] = useSearchParams();
  const from = name ?? search.get("from") ?? "";
  const version = versionOf(search);
  const key = `${from}#${version ?? ""}`;
  const catalog = useCatalog();
  const initial = usePolled(
    key,
    async (signal) => (from ? load(from, version, signal) : blank),
    () => null,
  );
  // Another initial content starts another form.
  return (
    <Loaded page polled={catalog}>
      {(loaded) => <Loaded page polled={initial}>{(first) => <Fragment key={key}>{children(first, loaded)}</Fragment>}</Loaded>}
    </Loaded>
  );
}

interface Props {
  /** The path of the list. */
  folder: string;
  /** The title for a new document. */
  create: string;
  nameWhy: string;
  /** The documents that a new one can start from. */
  others: readonly { name: string; description: string }[];
  /** Whether there are unsaved changes. */
  changed: boolean;
  /** Why the document can't be saved; undefined if it can. */
  invalid: string | undefined;
  save: (name: string) => Promise<{ name: string; version: number }>;
  children: ReactNode;
}

export function DocumentEditor({ folder, create, nameWhy, others, changed, invalid, save, children }: Props) {
  const { name } = useParams();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const isMounted = useIsMounted();
  const follow = useFollow();
  const { notify } = useNotifications();
  const [typedName, setTypedName] = useState(name ?? "");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const nameError = validateSubtask({ name: typedName, type: "TRANSCODE" }, []).name;
  const version = versionOf(search);

  const submit = async () => {
    setTried(true);
    if (nameError ?? invalid) return;
    setBusy(true);
    setError(undefined);
    try {
      const saved = await save(typedName);
      notify("success", text.catalog.saved(saved.name, saved.version));
      if (isMounted()) await navigate(`${folder}/${saved.name}`);
    } catch (problem) {
      setError(messageOf(problem));
    } finally {
      setBusy(false);
    }
  };

  return (
    <ContentLayout header={<Header variant="h1">{name ? text.catalog.editing(name) : create}</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Form
          errorText={error ?? (tried && invalid ? text.catalog.notSaved(invalid) : undefined)}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" href={name ? `${folder}/${name}` : folder} onFollow={follow}>
                {text.buttons.cancel}
              </Button>
              <Button variant="primary" loading={busy}>
                {text.buttons.save}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            {version !== undefined && <Alert type="info">{text.versions.restoring(version)}</Alert>}
            {!name && (
              <Container>
                <ColumnLayout columns={2}>
                  <FormField label={text.labels.name} description={nameWhy} errorText={tried ? nameError : undefined}>
                    <Input value={typedName} onChange={({ detail }) => setTypedName(detail.value)} />
                  </FormField>
                  <StartFrom others={others} />
                </ColumnLayout>
              </Container>
            )}
            {children}
          </SpaceBetween>
        </Form>
      </form>
      {changed && !busy && <LeaveGuard title={text.leaving.editsTitle} content={text.leaving.edits} />}
    </ContentLayout>
  );
}

function StartFrom({ others }: { others: Props["others"] }) {
  const [search, setSearch] = useSearchParams();
  const from = search.get("from");
  const blank = { value: "", label: text.catalog.blank };
  return (
    <FormField label={text.catalog.startFrom} description={text.catalog.startFromWhy}>
      <Select
        selectedOption={from ? { value: from, label: from } : blank}
        options={[blank, ...others.map((one) => ({ value: one.name, label: one.name, description: one.description }))]}
        onChange={({ detail: { selectedOption } }) => leave(() => setSearch(selectedOption.value ? { from: selectedOption.value } : {}))}
      />
    </FormField>
  );
}

/** Return the version to restore, from the address. */
function versionOf(search: URLSearchParams): number | undefined {
  return Number(search.get("version")) || undefined;
}
