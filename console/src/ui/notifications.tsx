/** Short messages above every page: what was done, or why it failed. */

import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, type ReactNode, use, useCallback, useMemo, useState } from "react";
import { messageOf } from "./errorMessage";

const MOST = 5;

interface Notifications {
  items: readonly FlashbarProps.MessageDefinition[];
  notify: (type: FlashbarProps.Type, content: ReactNode, header?: string) => void;
  notifyError: (error: unknown, header?: string) => void;
}

const NotificationsContext = createContext<Notifications>({ items: [], notify: () => undefined, notifyError: () => undefined });

export function NotificationsProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const notify = useCallback((type: FlashbarProps.Type, content: ReactNode, header?: string) => {
    const id = crypto.randomUUID();
    const dismiss = () => setItems((all) => all.filter((one) => one.id !== id));
    const ariaRole: "alert" | "status" = type === "error" ? "alert" : "status";
    setItems((all) => [{ id, type, header, content, dismissible: true, onDismiss: dismiss, ariaRole }, ...all].slice(0, MOST));
  }, []);
  const notifyError = useCallback((error: unknown, header?: string) => notify("error", messageOf(error), header), [notify]);
  const notifications = useMemo(() => ({ items, notify, notifyError }), [items, notify, notifyError]);
  return <NotificationsContext value={notifications}>{children}</NotificationsContext>;
}

/** Return the functions that show notifications. */
export function useNotifications(): Notifications {
  return use(NotificationsContext);
}

export function NotificationBar() {
  return <Flashbar items={[...useNotifications().items]} stackItems />;
}
