/** Short messages above every page: what was done, or why it wasn't. */

import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, type ReactNode, use, useCallback, useMemo, useState } from "react";
import { reasonOf } from "./errorMessage";

const MOST = 5;

interface Notices {
  items: readonly FlashbarProps.MessageDefinition[];
  tell: (type: FlashbarProps.Type, content: ReactNode, header?: string) => void;
  fail: (error: unknown, header?: string) => void;
}

const NoticesContext = createContext<Notices>({ items: [], tell: () => undefined, fail: () => undefined });

export function NoticesProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const tell = useCallback((type: FlashbarProps.Type, content: ReactNode, header?: string) => {
    const id = crypto.randomUUID();
    const dismiss = () => setItems((all) => all.filter((one) => one.id !== id));
    const ariaRole: "alert" | "status" = type === "error" ? "alert" : "status";
    setItems((all) => [{ id, type, header, content, dismissible: true, onDismiss: dismiss, ariaRole }, ...all].slice(0, MOST));
  }, []);
  const fail = useCallback((error: unknown, header?: string) => tell("error", reasonOf(error), header), [tell]);
  const notices = useMemo(() => ({ items, tell, fail }), [items, tell, fail]);
  return <NoticesContext value={notices}>{children}</NoticesContext>;
}

/** Return the ways to tell the person something. */
export function useNotices(): Notices {
  return use(NoticesContext);
}

export function NoticeBar() {
  return <Flashbar items={[...useNotices().items]} stackItems />;
}
