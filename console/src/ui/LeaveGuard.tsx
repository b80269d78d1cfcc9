/** Protects a page that has unsaved changes or unfinished uploads. */

import { useEffect, useRef, useState } from "react";
import * as text from "../strings";
import { ConfirmDialog } from "./ConfirmDialog";
import { guardLeaving } from "./links";

interface Props {
  title: string;
  content: string;
}

/** While rendered, asks before the page is left by a link, by the browser's buttons, or by closing the tab. */
export function LeaveGuard({ title, content }: Props) {
  const [proceed, setProceed] = useState<() => void>();

  useEffect(() => guardLeaving((next) => setProceed(() => next)), []);
  useEffect(() => {
    const onBeforeUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", onBeforeUnload);
    return () => removeEventListener("beforeunload", onBeforeUnload);
  }, []);

  if (!proceed) return null;
  return (
    <ConfirmDialog
      title={title}
      content={content}
      label={text.leaving.leave}
      onClose={() => setProceed(undefined)}
      onConfirm={() => {
        proceed();
        return Promise.resolve();
      }}
    />
  );
}

/** Return a function that says whether the page is still mounted, for work that ends later. */
export function useIsMounted(): () => boolean {
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  return () => mounted.current;
}
