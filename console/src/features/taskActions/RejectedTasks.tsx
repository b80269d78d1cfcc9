import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import type { BulkResult } from "../../api/types";
import * as text from "../../strings";
import { DataTable } from "../../ui/DataTable";

const MOST_ROWS = 100; // a filter may match thousands of tasks

/** The tasks that an action didn't change, each with the reason. */
export default function RejectedTasks({ rejected, onClose }: { rejected: readonly BulkResult[]; onClose: () => void }) {
  return (
    <Modal
      visible
      size="large"
      header={text.taskActions.rejected(rejected.length)}
      closeAriaLabel={text.buttons.close}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            {text.buttons.close}
          </Button>
        </Box>
      }
    >
      <DataTable
        variant="embedded"
        items={rejected.slice(0, MOST_ROWS)}
        trackBy="taskId"
        ariaLabels={{ tableLabel: text.taskActions.rejected(rejected.length) }}
        footer={rejected.length > MOST_ROWS && text.taskActions.more(rejected.length - MOST_ROWS)}
        columnDefinitions={[
          { id: "id", header: text.tasks.columns.id, isRowHeader: true, cell: (one) => one.taskId },
          { id: "reason", header: text.labels.reason, cell: (one) => one.error?.message },
        ]}
      />
    </Modal>
  );
}
