import Modal from "@cloudscape-design/components/modal";
import { lazy, Suspense } from "react";
import type { Task } from "../../api/types";
import { fileName } from "../../format";
import * as text from "../../strings";
import { Loading } from "../../ui/Loaded";

const TaskSource = lazy(() => import("./TaskSource"));

/** A dialog that plays a task's source. */
export function SourceDialog({ task, onClose }: { task: Pick<Task, "taskId" | "source">; onClose: () => void }) {
  return (
    <Modal visible size="large" header={fileName(task.source.key)} closeAriaLabel={text.buttons.close} onDismiss={onClose}>
      <Suspense fallback={<Loading />}>
        <TaskSource taskId={task.taskId} />
      </Suspense>
    </Modal>
  );
}
