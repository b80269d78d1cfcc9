import Modal from "@cloudscape-design/components/modal";
import { lazy, Suspense } from "react";
import type { Task } from "../../api/types";
import { fileName } from "../../format";
import { text } from "../../strings";
import { Waiting } from "../../ui/Loaded";

const Source = lazy(() => import("./TaskSource"));

/** A task's source in a window of its own. */
export function SourcePlayer({ task, onClose }: { task: Pick<Task, "taskId" | "source">; onClose: () => void }) {
  return (
    <Modal visible size="large" header={fileName(task.source.key)} closeAriaLabel={text.close} onDismiss={onClose}>
      <Suspense fallback={<Waiting />}>
        <Source taskId={task.taskId} />
      </Suspense>
    </Modal>
  );
}
