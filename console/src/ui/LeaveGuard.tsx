/** Leaving a page that has something unfinished. */

import { useEffect, useRef, useState } from "react";
import { text } from "../strings";
import { Confirm } from "./ConfirmDialog";
import { askFirst } from "./links";

interface Props {
  title: string;
  what: string;
}

/** Asks before what the page has is left, as long as this is shown: by a link, by the browser's buttons, by closing it. */
export function Leaving({ title, what }: Props) {
  const [leave, setLeave] = useState<() => void>();

  useEffect(() => askFirst((way) => setLeave(() => way)), []);
  useEffect(() => {
    const closing = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", closing);
    return () => removeEventListener("beforeunload", closing);
  }, []);

  if (!leave) return null;
  return (
    <Confirm
      title={title}
      what={what}
      label={text.leaving.leave}
      onClose={() => setLeave(undefined)}
      act={() => {
        leave();
        return Promise.resolve();
      }}
    />
  );
}

/** Return what says whether the page is still shown, for what ends later. */
export function useHere(): () => boolean {
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  return () => here.current;
}
