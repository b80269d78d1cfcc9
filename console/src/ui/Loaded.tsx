import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import type { ReactNode } from "react";
import { useLocation } from "react-router";
import { ApiError } from "../api/client";
import { auth } from "../auth/auth";
import { crumbsOf } from "./breadcrumbs";
import { timeOf } from "../format";
import type { Polled } from "../api/usePolled";
import { text } from "../strings";
import { Answered } from "./answered";
import { useFollow } from "./links";
import { reasonOf } from "./errorMessage";

const statusOf = (error: Error | undefined) => (error instanceof ApiError ? error.status : undefined);

/** Return whether the API said that there is no such thing, and nothing of it is on the page. */
export function isMissing({ value, error }: Polled<unknown>): boolean {
  return value === undefined && statusOf(error) === 404;
}

/** Return whether the API refused to say anything, and nothing of it is on the page. */
export function isForbidden({ value, error }: Polled<unknown>): boolean {
  return value === undefined && statusOf(error) === 403;
}

function titleOf(error: Error): string {
  const status = statusOf(error);
  return status === 404 ? text.errors.notFound : status === 403 ? text.errors.forbidden : text.errors.loading;
}

/** Why something could not be loaded, with the way to try again. `asOf` is from when that is which is shown nonetheless. */
export function LoadError({ error, again, asOf }: { error: Error; again: () => void; asOf?: number | undefined }) {
  return (
    <Alert
      type="error"
      header={titleOf(error)}
      action={
        <Button formAction="none" onClick={again}>
          {text.again}
        </Button>
      }
    >
      {reasonOf(error)} {asOf !== undefined && text.errors.asOf(timeOf(asOf))}
    </Alert>
  );
}

/** In place of a page: what is wrong, and the one next step. */
export function ProblemPage({ title, why, step, children }: { title: string; why: string; step: ReactNode; children?: ReactNode }) {
  return (
    <SpaceBetween size="l">
      <Header variant="h1">{title}</Header>
      <Box variant="p">{why}</Box>
      {step}
      {children}
    </SpaceBetween>
  );
}

/** In place of a page whose subject could not be loaded. */
export function ErrorPage({ polled: { error, refresh }, children }: { polled: Polled<unknown>; children?: ReactNode }) {
  const [, list] = crumbsOf(useLocation().pathname);
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
        {text.again}
      </Button>
    );
  return (
    <ProblemPage title={titleOf(error)} why={reasonOf(error)} step={step}>
      {children}
    </ProblemPage>
  );
}

/** In place of a page at an address that has none. */
export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <ProblemPage
      title={text.errors.noPage}
      why={text.errors.noPageWhy(pathname)}
      step={<GoTo text={text.nav.tasks} href="/tasks" />}
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

export function Waiting() {
  return (
    <Box textAlign="center" padding="xxl" color="text-status-inactive">
      <Spinner /> {text.loading}
    </Box>
  );
}

interface Props<T> {
  polled: Polled<T>;
  /** Whether this is the subject of the page, which an error replaces. */
  page?: boolean;
  children: (value: T) => ReactNode;
}

/** What a polled value shows once it is there; until then that it loads, or why it can't. Stale, it stays, and says from when it is. */
export function Loaded<T>({ polled, page, children }: Props<T>) {
  const { value, error, refresh, asOf } = polled;
  if (value === undefined) {
    if (!error) return <Waiting />;
    return page ? <ErrorPage polled={polled} /> : <LoadError error={error} again={refresh} />;
  }
  return (
    <Answered value={!error}>
      {error && (
        <Box margin={{ bottom: "m" }}>
          <LoadError error={error} again={refresh} asOf={asOf} />
        </Box>
      )}
      {children(value)}
    </Answered>
  );
}
