import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import Table from "@cloudscape-design/components/table";
import type { BulkResult } from "../api/types";
import { text } from "../strings";

/** The tasks with which nothing was done, each with its reason. */
export function RefusedTasks({ failed, onClose }: { failed: readonly BulkResult[]; onClose: () => void }) {
  return (
    <Modal
      visible={failed.length > 0}
      size="large"
      header={text.moves.refused(failed.length)}
      closeAriaLabel={text.close}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            {text.close}
          </Button>
        </Box>
      }
    >
      <Table
        variant="embedded"
        items={failed}
        trackBy="taskId"
        ariaLabels={{ tableLabel: text.moves.refused(failed.length) }}
        columnDefinitions={[
          { id: "id", header: text.tasks.columns.id, isRowHeader: true, cell: (one) => one.taskId },
          { id: "why", header: text.moves.why, cell: (one) => one.error?.message },
        ]}
      />
    </Modal>
  );
}
