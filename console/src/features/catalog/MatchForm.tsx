/** "What would this key do?", answered by the orchestrations themselves. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { api, take } from "../../api/client";
import type { Orchestration, Schemas } from "../../api/types";
import { text } from "../../strings";
import { List } from "../../ui/DataTable";
import { useNotices } from "../../ui/notifications";

/** Begins with a key that such a trigger may take. */
export function MatchForm({ trigger }: { trigger?: Orchestration["trigger"] }) {
  const { fail } = useNotices();
  const [key, setKey] = useState(`${trigger ? (trigger.prefix ?? "") : "uploads/"}film.${trigger?.formats?.[0] ?? "mp4"}`);
  const [answer, setAnswer] = useState<Schemas["MatchList"]>();
  const ask = () => {
    take(api.POST("/orchestrations/match", { body: { key } })).then(setAnswer, fail);
  };
  return (
    <Container header={<Header variant="h2" description={text.match.about}>{text.match.title}</Header>}>
      <SpaceBetween size="m">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            ask();
          }}
        >
          <FormField label={text.match.key} secondaryControl={<Button>{text.match.ask}</Button>}>
            <Input value={key} onChange={({ detail }) => setKey(detail.value)} />
          </FormField>
        </form>
        {answer && (
          <SpaceBetween size="s">
            <StatusIndicator type={answer.verdict === "MATCHED" ? "success" : "warning"}>
              {`${text.verdicts[answer.verdict]}: ${answer.reason}`}
            </StatusIndicator>
            <List
              variant="borderless"
              wrapLines
              items={answer.matches}
              trackBy="orchestration"
              ariaLabels={{ tableLabel: text.match.title }}
              columnDefinitions={[
                { id: "name", header: text.create.orchestration, isRowHeader: true, cell: (one) => one.orchestration },
                { id: "verdict", header: text.match.verdict, cell: (one) => text.verdicts[one.verdict] },
                { id: "reason", header: text.moves.why, cell: (one) => one.reason },
              ]}
            />
          </SpaceBetween>
        )}
      </SpaceBetween>
    </Container>
  );
}
