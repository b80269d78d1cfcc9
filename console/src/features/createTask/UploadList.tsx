import Button from "@cloudscape-design/components/button";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { byteSize } from "../../format";
import * as text from "../../strings";
import type { UploadRow } from "./useUploads";

/** The progress of each upload. */
export function UploadList({ rows, onCancel }: { rows: readonly UploadRow[]; onCancel: (key: string) => void }) {
  return (
    <SpaceBetween size="m">
      {rows.map((row) => (
        <Row key={row.key} row={row} onCancel={onCancel} />
      ))}
    </SpaceBetween>
  );
}

function Row({ row, onCancel }: { row: UploadRow; onCancel: (key: string) => void }) {
  const isUnfinished = row.state === "queued" || row.state === "sending" || row.state === "waiting";
  const status = row.state === "done" ? "success" : row.state === "failed" || row.state === "canceled" ? "error" : "in-progress";
  return (
    <SpaceBetween size="xxs">
      <ProgressBar
        label={row.name}
        value={row.size ? (100 * row.sent) / row.size : 100}
        status={status}
        description={`${byteSize(row.sent)} / ${byteSize(row.size)}. ${text.uploading.states[row.state]}`}
        resultText={row.error ?? text.uploading.states[row.state]}
      />
      {isUnfinished && (
        <Button variant="inline-link" formAction="none" onClick={() => onCancel(row.key)} ariaLabel={text.uploading.cancel(row.name)}>
          {text.buttons.cancel}
        </Button>
      )}
    </SpaceBetween>
  );
}
