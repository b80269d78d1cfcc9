import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { text } from "../strings";
import { reasonOf } from "./errorMessage";

interface Props {
  title: string;
  what: ReactNode;
  label: string;
  back?: string;
  act: () => Promise<void>;
  /** Ends what takes long, once it has begun. */
  onStop?: () => void;
  onClose: () => void;
}

/** Asks before something is done that can't be undone. */
export function Confirm({ title, what, label, back = text.cancel, act, onStop, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const stoppable = busy && onStop;
  const leave = stoppable ? onStop : onClose;
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await act();
      onClose();
    } catch (problem) {
      setError(reasonOf(problem));
      setBusy(false);
    }
  };
  return (
    <Modal
      visible
      header={title}
      closeAriaLabel={text.close}
      onDismiss={leave}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={leave}>
              {stoppable ? text.stop : back}
            </Button>
            <Button variant="primary" loading={busy} onClick={() => void go()}>
              {label}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {what}
        {error && <Alert type="error">{error}</Alert>}
      </SpaceBetween>
    </Modal>
  );
}
