/** The form that shows which orchestrations match a key. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { api, unwrap } from "../../api/client";
import type { Orchestration, Schemas } from "../../api/types";
import * as text from "../../strings";
import { DataTable } from "../../ui/DataTable";
import { useNotifications } from "../../ui/notifications";

/** Starts with a key that may match `trigger`. */
export function MatchForm({ trigger }: { trigger?: Orchestration["trigger"] }) {
  const { notifyError } = useNotifications();
  const [key, setKey] = useState(`${trigger ? (trigger.prefix ?? "") : "uploads/"}film.${trigger?.formats?.[0] ?? "mp4"}`);
  const [result, setResult] = useState<Schemas["MatchList"]>();
  const test = () => {
    unwrap(api.POST("/orchestrations/match", { body: { key } })).then(setResult, notifyError);
  };
  return (
    <Container header={<Header variant="h2" description={text.matchForm.about}>{text.matchForm.title}</Header>}>
      <SpaceBetween size="m">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            test();
          }}
        >
          <FormField label={text.matchForm.key} secondaryControl={<Button>{text.matchForm.test}</Button>}>
            <Input value={key} onChange={({ detail }) => setKey(detail.value)} />
          </FormField>
        </form>
        {result && (
          <SpaceBetween size="s">
            <StatusIndicator type={result.verdict === "MATCHED" ? "success" : "warning"}>
              {`${text.verdicts[result.verdict]}: ${result.reason}`}
            </StatusIndicator>
            <DataTable
              variant="borderless"
              wrapLines
              items={result.matches}
              trackBy="orchestration"
              ariaLabels={{ tableLabel: text.matchForm.title }}
              columnDefinitions={[
                { id: "name", header: text.labels.orchestration, isRowHeader: true, cell: (one) => one.orchestration },
                { id: "verdict", header: text.labels.result, cell: (one) => text.verdicts[one.verdict] },
                { id: "reason", header: text.labels.reason, cell: (one) => one.reason },
              ]}
            />
          </SpaceBetween>
        )}
      </SpaceBetween>
    </Container>
  );
}
