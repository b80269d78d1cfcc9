import Alert from "@cloudscape-design/components/alert";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { Attempt } from "../../api/types";
import { dateTime, duration, humanize, secondsBetween } from "../../format";
import * as text from "../../strings";
import { CodeBlock } from "../../ui/CodeBlock";
import { EmptyState } from "../../ui/EmptyState";

/** The attempts of a subtask, the newest first. */
export function Attempts({ attempts }: { attempts: readonly Attempt[] }) {
  if (!attempts.length) return <EmptyState title={text.task.noAttempts} hint={text.task.noAttemptsHint} />;
  return (
    <SpaceBetween size="s">
      {attempts.toReversed().map((attempt, index) => (
        <ExpandableSection
          key={attempt.attempt}
          variant="container"
          defaultExpanded={index === 0}
          headerText={text.task.attempt(attempt.attempt)}
          headerDescription={`${dateTime(attempt.startedAt)}, ${duration(secondsBetween(attempt.startedAt, attempt.endedAt))}. ${phasesOf(attempt)}`}
        >
          <SpaceBetween size="m">
            {attempt.error && (
              <Alert type="error" header={attempt.error.code}>
                {attempt.error.message}
              </Alert>
            )}
            {attempt.warnings.map((warning) => (
              <Alert key={warning} type="warning">
                {warning}
              </Alert>
            ))}
            {attempt.commands.map((command, place) => (
              <CodeBlock key={command} label={text.task.commandOf(place + 1, text.task.attemptNo(attempt.attempt))} copy={text.task.copyCommand}>
                {command}
              </CodeBlock>
            ))}
            {attempt.logTail ? <CodeBlock label={text.task.logOf(text.task.attemptNo(attempt.attempt))}>{attempt.logTail}</CodeBlock> : text.task.noLog}
          </SpaceBetween>
        </ExpandableSection>
      ))}
    </SpaceBetween>
  );
}

const phasesOf = (attempt: Attempt) =>
  Object.entries(attempt.seconds)
    .map(([phase, seconds]) => `${humanize(phase)} ${duration(seconds)}`)
    .join(", ");
