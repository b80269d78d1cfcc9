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
import { cliCommand, curlCommand } from "../../api/commands";
import type { Orchestration, PlannedSubtask } from "../../api/types";
import { type Catalog, useCatalog } from "../../api/useCatalog";
import { config } from "../../config";
import * as text from "../../strings";
import { CopyButton } from "../../ui/CopyButton";
import { messageOf } from "../../ui/errorMessage";
import { LeaveGuard, useIsMounted } from "../../ui/LeaveGuard";
import { useFollow } from "../../ui/links";
import { Loaded } from "../../ui/Loaded";
import { useNotifications } from "../../ui/notifications";
import { SubtasksEditor } from "../subtaskEditor/SubtasksEditor";
import { validateSubtasks } from "../subtaskEditor/validate";
import { Preview } from "./Preview";
import { keyOf, objectOf, type SourceChoice, SourcePicker } from "./SourcePicker";
import { createTasks, findTask } from "./submit";
import { useUploads } from "./useUploads";

type Processing = "auto" | "orchestration" | "custom";
const CUSTOM_PREFIX = "{inputDir}/{inputName}/";
const FOLDERS: Record<Processing, string> = { auto: "uploads/", orchestration: "sources/", custom: "sources/" };

export default function CreateTaskPage() {
  const navigate = useNavigate();
  const isMounted = useIsMounted();
  const follow = useFollow();
  const [search] = useSearchParams();
  const { notify } = useNotifications();
  const catalog = useCatalog();
  const uploads = useUploads();

  const requested = search.get("orchestration");
  const [choice, setChoice] = useState<Processing>(requested ? "orchestration" : "auto");
  const [source, setSource] = useState<SourceChoice>({ origin: "upload", files: [], folder: FOLDERS[choice], uri: "" });
  const [orchestrationName, setOrchestrationName] = useState(requested ?? "");
  const [subtasks, setSubtasks] = useState<PlannedSubtask[]>([]);
  const [prefix, setPrefix] = useState(CUSTOM_PREFIX);
  const [priority, setPriority] = useState(0);
  const [context, setContext] = useState("");
  const [formId] = useState(() => crypto.randomUUID());
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();

  const isUpload = source.origin === "upload";
  // The orchestrations have already seen the objects in the bucket.
  const processing = !isUpload && choice === "auto" ? "orchestration" : choice;
  const orchestration = catalog.value?.orchestrations.find((one) => one.name === orchestrationName);
  const object = objectOf(source.uri);
  const keys = isUpload ? source.files.map((file) => keyOf(source.folder, file)) : object ? [object.key] : [];
  const plan =
    processing === "orchestration"
      ? { orchestration: orchestration?.name, priority: priority || undefined, sessionContext: context || undefined }
      : { subtasks, output: { prefix }, priority: priority || undefined, sessionContext: context || undefined };
  const duplicate = keys.find((key, index) => keys.indexOf(key) < index);
  const noSource = isUpload ? text.createTask.noFile : text.createTask.invalidUri;
  const sourceError = keys.length ? duplicate && text.createTask.sameKey(duplicate) : noSource;
  const isValid = subtasks.length > 0 && catalog.value && validateSubtasks(subtasks, catalog.value).size === 0;
  const subtasksError = processing === "custom" && !isValid ? text.createTask.invalidPlan : undefined;
  const orchestrationError = processing === "orchestration" && !orchestration ? text.createTask.selectOrchestration : undefined;

  const change = (next: Processing) => {
    // A default folder follows the choice; a typed folder stays.
    if (source.folder === FOLDERS[choice]) setSource({ ...source, folder: FOLDERS[next] });
    setChoice(next);
  };

  const submit = async () => {
    if (busy) return; // Enter in a field submits again
    setTried(true);
    setError(undefined);
    if (sourceError ?? subtasksError ?? orchestrationError) return;
    setBusy(true);
    try {
      const objects = isUpload
        ? await uploads.start(source.files.map((file) => ({ file, key: keyOf(source.folder, file) })))
        : object ? [object] : [];
      if (!objects.length || !isMounted()) return;
      const [first] = objects;
      if (processing === "auto") {
        const task = objects.length === 1 && first ? await findTask(first.key) : null;
        notify("success", text.createTask.uploaded(objects.length));
        if (isMounted()) await navigate(task ? `/tasks/${task.taskId}` : objects.length === 1 && first ? `/uploads?key=${encodeURIComponent(first.key)}` : "/tasks");
        return;
      }
      const created = await createTasks(objects.map(({ bucket, key }) => ({ bucket, key })), plan, formId);
      notify("success", text.createTask.created(created.length));
      if (isMounted()) await navigate(created.length === 1 && created[0] ? `/tasks/${created[0].taskId}` : "/tasks");
    } catch (problem) {
      setError(messageOf(problem));
    } finally {
      setBusy(false);
    }
  };

  const body = { source: object ?? { bucket: config().inputBucket, key: keys[0] ?? "" }, ...plan };
  const words = ["tasks", "create", `s3://${body.source.bucket}/${body.source.key}`];
  const command = processing === "orchestration" && orchestration ? cliCommand(...words, "--orchestration", orchestration.name) : undefined;

  const preview = (loaded: Catalog) => (
    <Preview
      sourceKey={keys[0] ?? ""}
      isUpload={isUpload}
      subtasks={processing === "auto" ? null : processing === "custom" ? subtasks : (orchestration?.subtasks ?? [])}
      prefix={processing === "custom" ? prefix : (orchestration?.output.prefix ?? "")}
      catalog={loaded}
    />
  );

  return (
    <ContentLayout header={<Header variant="h1" description={text.createTask.about}>{text.navigation.createTask}</Header>}>
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
              {(processing === "custom" || orchestration) && <CopyButton label={text.createTask.copyCurl} value={curlCommand("POST", "/tasks", body)} />}
              {command && <CopyButton label={text.createTask.copyCli} value={command} />}
              <Button variant="link" formAction="none" href="/tasks" onFollow={follow}>
                {text.buttons.cancel}
              </Button>
              <Button variant="primary" loading={busy}>
                {processing === "auto" ? text.createTask.submitUpload : text.createTask.submit(keys.length)}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            <SourcePicker
              choice={source}
              error={tried ? sourceError : undefined}
              uploads={uploads.rows}
              onChange={setSource}
              onCancel={uploads.cancel}
            />
            <Container header={<Header variant="h2">{text.createTask.processing}</Header>}>
              <SpaceBetween size="l">
                <FormField label={text.createTask.how} stretch>
                  <Tiles
                    value={processing}
                    onChange={({ detail }) => change(detail.value as Processing)}
                    items={[
                      ...(isUpload ? [{ value: "auto", label: text.createTask.auto, description: text.createTask.autoWhy }] : []),
                      { value: "orchestration", label: text.labels.orchestration, description: text.createTask.orchestrationWhy },
                      { value: "custom", label: text.labels.customSubtasks, description: text.createTask.customWhy },
                    ]}
                  />
                </FormField>
                {processing === "orchestration" && (
                  <Loaded polled={catalog}>
                    {({ orchestrations }) => (
                      <FormField label={text.labels.orchestration} errorText={tried ? orchestrationError : undefined}>
                        <Select
                          selectedOption={orchestration ? { value: orchestration.name, label: orchestration.name } : null}
                          options={orchestrations.map(optionOf)}
                          placeholder={text.createTask.selectOrchestration}
                          onChange={({ detail }) => setOrchestrationName(detail.selectedOption.value ?? "")}
                        />
                      </FormField>
                    )}
                  </Loaded>
                )}
                {processing === "custom" && (
                  <SpaceBetween size="l">
                    <FormField label={text.labels.outputPath} description={text.createTask.prefixWhy}>
                      <Input value={prefix} onChange={({ detail }) => setPrefix(detail.value)} />
                    </FormField>
                    {tried && subtasksError && <Alert type="error">{subtasksError}</Alert>}
                    <Loaded polled={catalog}>{(loaded) => <SubtasksEditor subtasks={subtasks} catalog={loaded} onChange={setSubtasks} />}</Loaded>
                  </SpaceBetween>
                )}
                {processing !== "auto" && (
                  <ExpandableSection headerText={text.createTask.more}>
                    <SpaceBetween size="m">
                      <FormField label={text.labels.priority} description={text.createTask.priorityWhy}>
                        <Slider value={priority} min={-10} max={10} ariaLabel={text.labels.priority} onChange={({ detail }) => setPriority(detail.value)} />
                      </FormField>
                      <FormField label={text.task.context} description={text.createTask.contextWhy}>
                        <Input value={context} onChange={({ detail }) => setContext(detail.value)} />
                      </FormField>
                    </SpaceBetween>
                  </ExpandableSection>
                )}
              </SpaceBetween>
            </Container>
            {processing === "auto" ? <Loaded polled={catalog}>{preview}</Loaded> : catalog.value && preview(catalog.value)}
          </SpaceBetween>
        </Form>
      </form>
      {uploads.busy && <LeaveGuard title={text.leaving.uploadTitle} content={text.leaving.upload} />}
    </ContentLayout>
  );
}

/** Return an orchestration as an option. A disabled one can be selected, too: it only ignores new files. */
function optionOf({ name, description, enabled }: Orchestration): SelectProps.Option {
  return { value: name, label: name, description, labelTag: enabled ? undefined : text.orchestrations.off };
}
