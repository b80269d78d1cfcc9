import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import type { ReactNode } from "react";
import { useLocation } from "react-router";
import { ApiError } from "../api/client";
import { crumbsOf } from "../crumbs";
import type { Polled } from "../polled";
import { text } from "../strings";
import { useFollow } from "./links";
import { reasonOf } from "./reason";

/** Why something could not be loaded, with the way to try again; of what is not there, the way to its list. */
export function LoadError({ error, again }: { error: Error; again: () => void }) {
  return (
    <Alert
      type="error"
      header={text.errors.loading}
      action={
        <SpaceBetween direction="horizontal" size="xs">
          <ToList error={error} />
          <Button formAction="none" onClick={again}>
            {text.again}
          </Button>
        </SpaceBetween>
      }
    >
      {reasonOf(error)}
    </Alert>
  );
}

/** A link to the list in which something would be that is not there. */
export function ToList({ error }: { error: Error }) {
  const follow = useFollow();
  const [, list] = crumbsOf(useLocation().pathname);
  if (!(error instanceof ApiError && error.status === 404 && list)) return null;
  return (
    <Button formAction="none" href={list.href} onFollow={follow}>
      {list.text}
    </Button>
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
