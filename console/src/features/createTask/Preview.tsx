/** What will happen, before anything does. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { api, take } from "../../api/client";
import type { Schemas, SubtaskRule } from "../../api/types";
import type { Catalog } from "../../api/useCatalog";
import { usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { Loaded } from "../../ui/Loaded";
import { type Known, outputName } from "../subtaskEditor/outputName";

interface Props {
  /** The first file's key, empty while none is chosen. */
  sourceKey: string;
  isUpload: boolean;
  /** The subtasks of the new task; null leaves it to the orchestrations. */
  rules: readonly SubtaskRule[] | null;
  prefix: string;
  known: Catalog;
}

export function DryRun({ sourceKey, isUpload, rules, prefix, known }: Props) {
  const asked = usePolled(
    isUpload ? sourceKey : "",
    (signal) => (isUpload && sourceKey ? take(api.POST("/orchestrations/match", { body: { key: sourceKey }, signal })) : Promise.resolve(null)),
    () => null,
  );
  return (
    <Container header={<Header variant="h2">{text.dryRun.title}</Header>}>
      {!sourceKey && <Box color="text-status-inactive">{text.dryRun.chooseFirst}</Box>}
      {sourceKey && (
        <SpaceBetween size="m">
          {rules && <Outputs title={text.dryRun.task} rules={rules} prefix={prefix} sourceKey={sourceKey} known={known} />}
          <Loaded polled={asked}>
            {(match) => match && <ByItself match={match} also={rules !== null} sourceKey={sourceKey} known={known} />}
          </Loaded>
        </SpaceBetween>
      )}
    </Container>
  );
}

/** What the orchestrations make of an upload: beside a task that is asked for (`also`), or alone. */
function ByItself(props: { match: Schemas["MatchList"]; also: boolean; sourceKey: string; known: Catalog }) {
  const { match, also, sourceKey, known } = props;
  const takers = match.matches.filter((one) => one.verdict === "MATCHED").map((one) => one.orchestration);
  if (also) return takers.length > 0 && <Alert type="warning">{text.dryRun.also(takers.join(", "))}</Alert>;
  if (!takers.length) {
    return (
      <Alert type="warning" header={text.verdicts[match.verdict]}>
        {`${match.reason}. ${text.dryRun.noneTakes}`}
      </Alert>
    );
  }
  return (
    <SpaceBetween size="m">
      {known.orchestrations
        .filter((one) => takers.includes(one.name))
        .map((one) => (
          <Outputs
            key={one.name}
            title={text.dryRun.by(one.name)}
            rules={one.subtasks}
            prefix={one.output.prefix ?? ""}
            sourceKey={sourceKey}
            known={known}
          />
        ))}
    </SpaceBetween>
  );
}

function Outputs(props: { title: string; rules: readonly SubtaskRule[]; prefix: string; sourceKey: string; known: Known }) {
  const { title, rules, prefix, sourceKey, known } = props;
  return (
    <SpaceBetween size="xs">
      <StatusIndicator type={rules.length ? "success" : "pending"}>{title}</StatusIndicator>
      <ol style={{ margin: 0, paddingInlineStart: 24 }}>
        {rules.map((rule, index) => (
          <li key={index}>
            {`${text.types[rule.type]} `}
            <Box variant="code">{outputName(prefix, sourceKey, rule, known)}</Box>
          </li>
        ))}
      </ol>
      <Box variant="small">{text.dryRun.folder}</Box>
    </SpaceBetween>
  );
}
