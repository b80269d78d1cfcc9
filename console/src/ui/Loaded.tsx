import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import type { ReactNode } from "react";
import { useLocation } from "react-router";
import { ApiError } from "../api/client";
import type { Polled } from "../api/usePolled";
import { auth } from "../auth/auth";
import { shortTime } from "../format";
import * as text from "../strings";
import { breadcrumbsOf } from "./breadcrumbs";
import { messageOf } from "./errorMessage";
import { IsCurrent } from "./isCurrent";
import { useFollow } from "./links";

const statusOf = (error: Error | undefined) => (error instanceof ApiError ? error.status : undefined);

/** Return whether the API reports that the value doesn't exist, and the page has no earlier value. */
export function isMissing({ value, error }: Polled<unknown>): boolean {
  return value === undefined && statusOf(error) === 404;
}

/** Return whether the API denies access, and the page has no earlier value. */
export function isForbidden({ value, error }: Polled<unknown>): boolean {
  return value === undefined && statusOf(error) === 403;
}

function titleOf(error: Error): string {
  if (error instanceof ApiError && error.code === "NewerVersion") return text.errors.newerVersion;
  const status = statusOf(error);
  return status === 404 ? text.errors.notFound : status === 403 ? text.errors.forbidden : text.errors.loading;
}

/** Why a request failed, with a button to retry. `asOf` is the time of the stale value that the page still shows. */
export function LoadError({ error, onRetry, asOf }: { error: Error; onRetry: () => void; asOf?: number | undefined }) {
  return (
    <Alert
      type="error"
      header={titleOf(error)}
      action={
        <Button formAction="none" onClick={onRetry}>
          {text.buttons.tryAgain}
        </Button>
      }
    >
      {messageOf(error)} {asOf !== undefined && text.errors.asOf(shortTime(asOf))}
    </Alert>
  );
}

/** A page that says what is wrong, and offers one next step. */
function ProblemPage({ title, why, step, children }: { title: string; why: string; step: ReactNode; children?: ReactNode }) {
  return (
    <SpaceBetween size="l">
      <Header variant="h1">{title}</Header>
      <Box variant="p">{why}</Box>
      {step}
      {children}
    </SpaceBetween>
  );
}

/** The page that appears when its main value can't be loaded. */
export function ErrorPage({ polled: { error, refresh }, children }: { polled: Polled<unknown>; children?: ReactNode }) {
  const [, list] = breadcrumbsOf(useLocation().pathname);
  const { signOut } = auth();
  if (!error) return null;
  const status = statusOf(error);
  const step =
    status === 404 && list ? (
      <GoTo {...list} />
    ) : status === 403 && signOut ? (
      <Button variant="primary" onClick={() => void signOut()}>
        {text.errors.signInAgain}
      </Button>
    ) : (
      <Button variant="primary" onClick={refresh}>
        {text.buttons.tryAgain}
      </Button>
    );
  return (
    <ProblemPage title={titleOf(error)} why={messageOf(error)} step={step}>
      {children}
    </ProblemPage>
  );
}

/** The page of an address that doesn't exist. */
export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <ProblemPage
      title={text.errors.noPage}
      why={text.errors.noPageWhy(pathname)}
      step={<GoTo text={text.navigation.tasks} href="/tasks" />}
    />
  );
}

function GoTo({ text: name, href }: { text: string; href: string }) {
  const follow = useFollow();
  return (
    <Button variant="primary" href={href} onFollow={follow}>
      {text.errors.goTo(name)}
    </Button>
  );
}

/** A spinner for whatever is loading. */
export function Loading() {
  return (
    <Box textAlign="center" padding="xxl" color="text-status-inactive">
      <Spinner /> {text.loading}
    </Box>
  );
}

interface Props<T> {
  polled: Polled<T>;
  /** Whether this is the main value of the page, which an error replaces. */
  page?: boolean;
  children: (value: T) => ReactNode;
}

/** Shows a polled value once it has loaded; before that, a spinner or the error. A stale value stays, with its time. */
export function Loaded<T>({ polled, page, children }: Props<T>) {
  const { value, error, refresh, asOf } = polled;
  if (value === undefined) {
    if (!error) return <Loading />;
    return page ? <ErrorPage polled={polled} /> : <LoadError error={error} onRetry={refresh} />;
  }
  return (
    <IsCurrent value={!error}>
      {error && (
        <Box margin={{ bottom: "m" }}>
          <LoadError error={error} onRetry={refresh} asOf={asOf} />
        </Box>
      )}
      {children(value)}
    </IsCurrent>
  );
}
