/** The form that stores an orchestration or a template: where it begins, its name, saving. */

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
import { wrongWords } from "../subtaskEditor/validate";
import { usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { Leaving, useHere } from "../../ui/LeaveGuard";
import { leave, useFollow } from "../../ui/links";
import { Loaded } from "../../ui/Loaded";
import { useNotices } from "../../ui/notifications";
import { reasonOf } from "../../ui/errorMessage";
import { type Catalog, useCatalog } from "../../api/useCatalog";

interface BeginningProps<T> {
  fresh: T;
  load: (name: string, version: number | undefined, signal: AbortSignal) => Promise<T>;
  children: (first: T, catalog: Catalog) => ReactNode;
}

/** Loads what the address says to begin with: what is edited, one of its versions, what is copied, or nothing yet. */
export function Beginning<T>({ fresh, load, children }: BeginningProps<T>) {
  const { name } = useParams();
  const [search] = useSearchParams();
  const from = name ?? search.get("from") ?? "";
  const version = restored(search);
  const key = `${from}#${version ?? ""}`;
  const catalog = useCatalog();
  const found = usePolled(
    key,
    async (signal) => (from ? load(from, version, signal) : fresh),
    () => null,
  );
  // Another beginning is another form.
  return (
    <Loaded page polled={catalog}>
      {(known) => <Loaded page polled={found}>{(first) => <Fragment key={key}>{children(first, known)}</Fragment>}</Loaded>}
    </Loaded>
  );
}

interface Props {
  /** The address of all of its kind. */
  folder: string;
  /** The title of a new one. */
  create: string;
  nameWhy: string;
  /** What a new one may begin as. */
  others: readonly { name: string; description: string }[];
  /** Whether there is anything to lose. */
  changed: boolean;
  /** Why the document can't be stored; undefined when it can. */
  wrong: string | undefined;
  store: (name: string) => Promise<{ name: string; version: number }>;
  children: ReactNode;
}

export function DocumentEditor({ folder, create, nameWhy, others, changed, wrong, store, children }: Props) {
  const { name } = useParams();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const here = useHere();
  const follow = useFollow();
  const { tell } = useNotices();
  const [given, setGiven] = useState(name ?? "");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const wrongName = wrongWords({ name: given, type: "TRANSCODE" }, []).name;
  const version = restored(search);

  const save = async () => {
    setTried(true);
    if (wrongName ?? wrong) return;
    setBusy(true);
    setError(undefined);
    try {
      const stored = await store(given);
      tell("success", text.orchestrations.stored(stored.name, stored.version));
      if (here()) await navigate(`${folder}/${stored.name}`);
    } catch (problem) {
      setError(reasonOf(problem));
    } finally {
      setBusy(false);
    }
  };

  return (
    <ContentLayout header={<Header variant="h1">{name ? text.orchestrations.editing(name) : create}</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Form
          errorText={error ?? (tried && wrong ? text.orchestrations.notStored(wrong) : undefined)}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" href={name ? `${folder}/${name}` : folder} onFollow={follow}>
                {text.cancel}
              </Button>
              <Button variant="primary" loading={busy}>
                {text.save}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            {version !== undefined && <Alert type="info">{text.versions.restoring(version)}</Alert>}
            {!name && (
              <Container>
                <ColumnLayout columns={2}>
                  <FormField label={text.plan.name} description={nameWhy} errorText={tried ? wrongName : undefined}>
                    <Input value={given} onChange={({ detail }) => setGiven(detail.value)} />
                  </FormField>
                  <StartFrom others={others} />
                </ColumnLayout>
              </Container>
            )}
            {children}
          </SpaceBetween>
        </Form>
      </form>
      {changed && !busy && <Leaving title={text.leaving.editsTitle} what={text.leaving.edits} />}
    </ContentLayout>
  );
}

function StartFrom({ others }: { others: Props["others"] }) {
  const [search, setSearch] = useSearchParams();
  const from = search.get("from");
  const nothing = { value: "", label: text.orchestrations.blank };
  return (
    <FormField label={text.orchestrations.startFrom} description={text.orchestrations.startFromWhy}>
      <Select
        selectedOption={from ? { value: from, label: from } : nothing}
        options={[nothing, ...others.map((one) => ({ value: one.name, label: one.name, description: one.description }))]}
        onChange={({ detail: { selectedOption } }) => leave(() => setSearch(selectedOption.value ? { from: selectedOption.value } : {}))}
      />
    </FormField>
  );
}

/** Return the version that the address says to restore. */
function restored(search: URLSearchParams): number | undefined {
  return Number(search.get("version")) || undefined;
}
