import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import Slider from "@cloudscape-design/components/slider";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import type { Orchestration, SubtaskRule } from "../../api/types";
import { type Catalog, useCatalog } from "../../api/useCatalog";
import { config } from "../../config";
import { text } from "../../strings";
import { cli, curl } from "../../api/commands";
import { Copy } from "../../ui/CopyButton";
import { Leaving, useHere } from "../../ui/LeaveGuard";
import { useFollow } from "../../ui/links";
import { Loaded } from "../../ui/Loaded";
import { useNotices } from "../../ui/notifications";
import { reasonOf } from "../../ui/errorMessage";
import { problemsOfRules } from "../subtaskEditor/validate";
import { DryRun } from "./Preview";
import { PlanEditor } from "../subtaskEditor/SubtasksEditor";
import { keyOf, objectOf, type SourceChoice, SourcePicker } from "./SourcePicker";
import { findTask, makeTasks } from "./submit";
import { useUploads } from "./useUploads";

type Way = "auto" | "orchestration" | "own";
const OWN_PREFIX = "{inputDir}/{inputName}/";
const FOLDERS: Record<Way, string> = { auto: "uploads/", orchestration: "sources/", own: "sources/" };

export default function CreateTaskPage() {
  const navigate = useNavigate();
  const here = useHere();
  const follow = useFollow();
  const [search] = useSearchParams();
  const { tell } = useNotices();
  const catalog = useCatalog();
  const uploads = useUploads();

  const asked = search.get("orchestration");
  const [way, setWay] = useState<Way>(asked ? "orchestration" : "auto");
  const [source, setSource] = useState<SourceChoice>({ origin: "upload", files: [], folder: FOLDERS[way], uri: "" });
  const [named, setNamed] = useState(asked ?? "");
  const [rules, setRules] = useState<SubtaskRule[]>([]);
  const [prefix, setPrefix] = useState(OWN_PREFIX);
  const [priority, setPriority] = useState(0);
  const [context, setContext] = useState("");
  const [form] = useState(() => crypto.randomUUID());
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();

  const isUpload = source.origin === "upload";
  // What lies in the bucket already has been offered to the orchestrations when it came.
  const done = !isUpload && way === "auto" ? "orchestration" : way;
  const orchestration = catalog.value?.orchestrations.find((one) => one.name === named);
  const object = objectOf(source.uri);
  const keys = isUpload ? source.files.map((file) => keyOf(source.folder, file)) : object ? [object.key] : [];
  const plan =
    done === "orchestration"
      ? { orchestration: orchestration?.name, priority: priority || undefined, sessionContext: context || undefined }
      : { subtasks: rules, output: { prefix }, priority: priority || undefined, sessionContext: context || undefined };
  const twice = keys.find((key, index) => keys.indexOf(key) < index);
  const noSource = isUpload ? text.create.noFile : text.create.badUri;
  const wrongSource = keys.length ? twice && text.create.sameName(twice) : noSource;
  const isValid = rules.length > 0 && catalog.value && problemsOfRules(rules, catalog.value).size === 0;
  const wrongOwn = done === "own" && !isValid ? text.create.badPlan : undefined;
  const wrongChoice = done === "orchestration" && !orchestration ? text.create.chooseOrchestration : undefined;

  const change = (next: Way) => {
    // A folder that nobody has typed goes with the way.
    if (source.folder === FOLDERS[way]) setSource({ ...source, folder: FOLDERS[next] });
    setWay(next);
  };

  const submit = async () => {
    if (busy) return; // Enter in a field asks again
    setTried(true);
    setError(undefined);
    if (wrongSource ?? wrongOwn ?? wrongChoice) return;
    setBusy(true);
    try {
      const objects = isUpload
        ? await uploads.start(source.files.map((file) => ({ file, key: keyOf(source.folder, file) })))
        : object ? [object] : [];
      if (!objects.length || !here()) return;
      const [first] = objects;
      if (done === "auto") {
        const made = objects.length === 1 && first ? await findTask(first.key) : null;
        tell("success", text.create.uploaded(objects.length));
        if (here()) await navigate(made ? `/tasks/${made.taskId}` : objects.length === 1 && first ? `/uploads?key=${encodeURIComponent(first.key)}` : "/tasks");
        return;
      }
      const made = await makeTasks(objects.map(({ bucket, key }) => ({ bucket, key })), plan, form);
      tell("success", text.create.made(made.length));
      if (here()) await navigate(made.length === 1 && made[0] ? `/tasks/${made[0].taskId}` : "/tasks");
    } catch (problem) {
      setError(reasonOf(problem));
    } finally {
      setBusy(false);
    }
  };

  const body = { source: object ?? { bucket: config().inputBucket, key: keys[0] ?? "" }, ...plan };
  const words = ["tasks", "create", `s3://${body.source.bucket}/${body.source.key}`];
  const command = done === "orchestration" && orchestration ? cli(...words, "--orchestration", orchestration.name) : undefined;

  const dryRun = (known: Catalog) => (
    <DryRun
      sourceKey={keys[0] ?? ""}
      isUpload={isUpload}
      rules={done === "auto" ? null : done === "own" ? rules : (orchestration?.subtasks ?? [])}
      prefix={done === "own" ? prefix : (orchestration?.output.prefix ?? "")}
      known={known}
    />
  );

  return (
    <ContentLayout header={<Header variant="h1" description={text.create.about}>{text.nav.create}</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Form
          errorText={error}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {(done === "own" || orchestration) && <Copy label={text.create.copyCurl} what={curl("POST", "/tasks", body)} />}
              {command && <Copy label={text.create.copyCli} what={command} />}
              <Button variant="link" formAction="none" href="/tasks" onFollow={follow}>
                {text.cancel}
              </Button>
              <Button variant="primary" loading={busy}>
                {done === "auto" ? text.create.submitAuto : text.create.submit(keys.length)}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            <SourcePicker
              choice={source}
              wrong={tried ? wrongSource : undefined}
              uploads={uploads.rows}
              onChange={setSource}
              onCancel={uploads.cancel}
            />
            <Container header={<Header variant="h2">{text.create.processing}</Header>}>
              <SpaceBetween size="l">
                <FormField label={text.create.what} stretch>
                  <Tiles
                    value={done}
                    onChange={({ detail }) => change(detail.value as Way)}
                    items={[
                      ...(isUpload ? [{ value: "auto", label: text.create.auto, description: text.create.autoWhy }] : []),
                      { value: "orchestration", label: text.create.orchestration, description: text.create.orchestrationWhy },
                      { value: "own", label: text.create.own, description: text.create.ownWhy },
                    ]}
                  />
                </FormField>
                {done === "orchestration" && (
                  <Loaded polled={catalog}>
                    {({ orchestrations }) => (
                      <FormField label={text.create.orchestration} errorText={tried ? wrongChoice : undefined}>
                        <Select
                          selectedOption={orchestration ? { value: orchestration.name, label: orchestration.name } : null}
                          options={orchestrations.map(optionOf)}
                          placeholder={text.create.chooseOrchestration}
                          onChange={({ detail }) => setNamed(detail.selectedOption.value ?? "")}
                        />
                      </FormField>
                    )}
                  </Loaded>
                )}
                {done === "own" && (
                  <SpaceBetween size="l">
                    <FormField label={text.create.prefix} description={text.create.prefixWhy}>
                      <Input value={prefix} onChange={({ detail }) => setPrefix(detail.value)} />
                    </FormField>
                    {tried && wrongOwn && <Alert type="error">{wrongOwn}</Alert>}
                    <Loaded polled={catalog}>{(known) => <PlanEditor rules={rules} known={known} onChange={setRules} />}</Loaded>
                  </SpaceBetween>
                )}
                {done !== "auto" && (
                  <ExpandableSection headerText={text.create.more}>
                    <SpaceBetween size="m">
                      <FormField label={text.task.overview.priority} description={text.create.priorityWhy}>
                        <Slider value={priority} min={-10} max={10} ariaLabel={text.task.overview.priority} onChange={({ detail }) => setPriority(detail.value)} />
                      </FormField>
                      <FormField label={text.task.overview.context} description={text.create.contextWhy}>
                        <Input value={context} onChange={({ detail }) => setContext(detail.value)} />
                      </FormField>
                    </SpaceBetween>
                  </ExpandableSection>
                )}
              </SpaceBetween>
            </Container>
            {done === "auto" ? <Loaded polled={catalog}>{dryRun}</Loaded> : catalog.value && dryRun(catalog.value)}
          </SpaceBetween>
        </Form>
      </form>
      {uploads.busy && <Leaving title={text.leaving.uploadTitle} what={text.leaving.upload} />}
    </ContentLayout>
  );
}

/** An orchestration to choose; one that is off can be chosen as well: it only takes no files by itself. */
function optionOf({ name, description, enabled }: Orchestration): SelectProps.Option {
  return { value: name, label: name, description, labelTag: enabled ? undefined : text.orchestrations.off };
}
