import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import type { BulkResult } from "../../api/types";
import { text } from "../../strings";
import { List } from "../../ui/DataTable";

const MOST = 100; // rows: of a filter's tasks it may be thousands

/** The tasks with which nothing was done, each with its reason. */
export default function RefusedTasks({ failed, onClose }: { failed: readonly BulkResult[]; onClose: () => void }) {
  return (
    <Modal
      visible
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
      <List
        variant="embedded"
        items={failed.slice(0, MOST)}
        trackBy="taskId"
        ariaLabels={{ tableLabel: text.moves.refused(failed.length) }}
        footer={failed.length > MOST && text.moves.refusedMore(failed.length - MOST)}
        columnDefinitions={[
          { id: "id", header: text.tasks.columns.id, isRowHeader: true, cell: (one) => one.taskId },
          { id: "why", header: text.moves.why, cell: (one) => one.error?.message },
        ]}
      />
    </Modal>
  );
}
