/** A value of the API that stays fresh: polled while the page is visible, and more often while something runs. */

import { useCallback, useEffect, useEffectEvent, useState } from "react";

export const BUSY_INTERVAL = 2000; // ms between two requests while something runs
export const IDLE_INTERVAL = 15_000;
const AFTER_ERROR = 10_000;

export interface Polled<T> {
  value: T | undefined;
  /** When the API returned the value, in epoch milliseconds. */
  asOf: number | undefined;
  /** Why the last request failed. `value` keeps the last good response. */
  error: Error | undefined;
  /** Whether neither a value nor an error has arrived yet. */
  loading: boolean;
  refresh: () => void;
}

interface Known<T> {
  key: string;
  value?: T;
  asOf?: number;
  error?: Error;
}

/** Load a value, and load it again after `pause(value)` milliseconds, or never if that is null. A new `key` starts over. */
export function usePolled<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  pause: (value: T) => number | null,
): Polled<T> {
  const [known, setKnown] = useState<Known<T>>({ key });
  const [round, setRound] = useState(0);
  const onLoad = useEffectEvent(load);
  const onPause = useEffectEvent(pause);

  useEffect(() => {
    const aborter = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let pending = false;

    const refresh = async () => {
      clearTimeout(timer);
      if (document.hidden || pending) return;
      pending = true;
      let wait: number | null = AFTER_ERROR;
      try {
        const value = await onLoad(aborter.signal);
        if (aborter.signal.aborted) return;
        setKnown({ key, value, asOf: Date.now() });
        wait = onPause(value);
      } catch (error) {
        if (aborter.signal.aborted) return;
        // Keep the last good value, so that a lost connection doesn't clear the page.
        setKnown((before) => ({ ...(before.key === key ? before : { key }), error: error as Error }));
      } finally {
        pending = false;
      }
      if (wait !== null) timer = setTimeout(() => void refresh(), wait);
    };
    const onVisibilityChange = () => void refresh();

    document.addEventListener("visibilitychange", onVisibilityChange);
    void refresh();
    return () => {
      aborter.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisibilityChange);
    };
  }, [key, round]);

  const isCurrent = known.key === key;
  return {
    value: isCurrent ? known.value : undefined,
    asOf: isCurrent ? known.asOf : undefined,
    error: isCurrent ? known.error : undefined,
    loading: !isCurrent || (known.value === undefined && known.error === undefined),
    refresh: useCallback(() => setRound((n) => n + 1), []),
  };
}
