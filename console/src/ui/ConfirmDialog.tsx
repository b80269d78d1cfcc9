import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import * as text from "../strings";
import { messageOf } from "./errorMessage";

interface Props {
  title: string;
  content: ReactNode;
  label: string;
  back?: string | undefined;
  onConfirm: () => Promise<void>;
  /** Stops a long action that is running. */
  onStop?: () => void;
  onClose: () => void;
}

/** Asks for confirmation before an action. */
export function ConfirmDialog({ title, content, label, back = text.buttons.cancel, onConfirm, onStop, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const stoppable = busy && onStop;
  const dismiss = stoppable ? onStop : onClose;
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (problem) {
      setError(messageOf(problem));
      setBusy(false);
    }
  };
  return (
    <Modal
      visible
      header={title}
      closeAriaLabel={text.buttons.close}
      onDismiss={dismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={dismiss}>
              {stoppable ? text.buttons.stop : back}
            </Button>
            <Button variant="primary" loading={busy} onClick={() => void confirm()}>
              {label}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {content}
        {error && <Alert type="error">{error}</Alert>}
      </SpaceBetween>
    </Modal>
  );
}
