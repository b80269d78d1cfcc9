import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Spinner from "@cloudscape-design/components/spinner";
import type { ReactNode } from "react";
import type { Polled } from "../polled";
import { text } from "../strings";
import { reasonOf } from "./reason";

/** Why something could not be loaded, with the way to try again. */
export function LoadError({ error, again }: { error: Error; again: () => void }) {
  return (
    <Alert type="error" header={text.errors.loading} action={<Button formAction="none" onClick={again}>{text.again}</Button>}>
      {reasonOf(error)}
    </Alert>
  );
}

export function Waiting() {
  return (
    <Box textAlign="center" padding="xxl" color="text-status-inactive">
      <Spinner /> {text.loading}
    </Box>
  );
}

/** What a polled value shows once it is there; until then that it loads, or why it can't. */
export function Loaded<T>({ polled, children }: { polled: Polled<T>; children: (value: T) => ReactNode }) {
  if (polled.value !== undefined) return <>{children(polled.value)}</>;
  return polled.error ? <LoadError error={polled.error} again={polled.refresh} /> : <Waiting />;
}
