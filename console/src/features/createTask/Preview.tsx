/** A preview of the subtasks and outputs, before anything is created. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { api, unwrap } from "../../api/client";
import type { PlannedSubtask, Schemas } from "../../api/types";
import type { Catalog } from "../../api/useCatalog";
import { usePolled } from "../../api/usePolled";
import * as text from "../../strings";
import { Loaded } from "../../ui/Loaded";
import { outputName, type ParameterCatalog } from "../subtaskEditor/outputName";

interface Props {
  /** The first file's key; empty until a file is selected. */
  sourceKey: string;
  isUpload: boolean;
  /** The subtasks of the new task; null if the orchestrations decide. */
  subtasks: readonly PlannedSubtask[] | null;
  prefix: string;
  catalog: Catalog;
}

export function Preview({ sourceKey, isUpload, subtasks, prefix, catalog }: Props) {
  const matching = usePolled(
    isUpload ? sourceKey : "",
    (signal) => (isUpload && sourceKey ? unwrap(api.POST("/orchestrations/match", { body: { key: sourceKey }, signal })) : Promise.resolve(null)),
    () => null,
  );
  return (
    <Container header={<Header variant="h2">{text.preview.title}</Header>}>
      {!sourceKey && <Box color="text-status-inactive">{text.preview.selectFirst}</Box>}
      {sourceKey && (
        <SpaceBetween size="m">
          {subtasks && <Outputs title={text.preview.task} subtasks={subtasks} prefix={prefix} sourceKey={sourceKey} catalog={catalog} />}
          <Loaded polled={matching}>
            {(match) => match && <MatchingOrchestrations match={match} additional={subtasks !== null} sourceKey={sourceKey} catalog={catalog} />}
          </Loaded>
        </SpaceBetween>
      )}
    </Container>
  );
}

/** The tasks that orchestrations will create for an upload: alone, or in addition to the task of the form. */
function MatchingOrchestrations(props: { match: Schemas["MatchList"]; additional: boolean; sourceKey: string; catalog: Catalog }) {
  const { match, additional, sourceKey, catalog } = props;
  const names = match.matches.filter((one) => one.verdict === "MATCHED").map((one) => one.orchestration);
  if (additional) return names.length > 0 && <Alert type="warning">{text.preview.second(names)}</Alert>;
  if (!names.length) {
    return (
      <Alert type="warning" header={text.verdicts[match.verdict]}>
        {`${match.reason}. ${text.preview.noTask}`}
      </Alert>
    );
  }
  return (
    <SpaceBetween size="m">
      {catalog.orchestrations
        .filter((one) => names.includes(one.name))
        .map((one) => (
          <Outputs
            key={one.name}
            title={text.preview.byOrchestration(one.name)}
            subtasks={one.subtasks}
            prefix={one.output.prefix ?? ""}
            sourceKey={sourceKey}
            catalog={catalog}
          />
        ))}
    </SpaceBetween>
  );
}

function Outputs(props: { title: string; subtasks: readonly PlannedSubtask[]; prefix: string; sourceKey: string; catalog: ParameterCatalog }) {
  const { title, subtasks, prefix, sourceKey, catalog } = props;
  return (
    <SpaceBetween size="xs">
      <StatusIndicator type={subtasks.length ? "success" : "pending"}>{title}</StatusIndicator>
      <ol style={{ margin: 0, paddingInlineStart: 24 }}>
        {subtasks.map((subtask, index) => (
          <li key={index}>
            {`${text.subtaskTypes[subtask.type]} `}
            <Box variant="code">{outputName(prefix, sourceKey, subtask, catalog)}</Box>
          </li>
        ))}
      </ol>
      <Box variant="small">{text.preview.folder}</Box>
    </SpaceBetween>
  );
}
