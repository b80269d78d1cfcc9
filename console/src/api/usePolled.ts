/** A value of the API that stays fresh: polled while somebody looks, and only as often as something moves. */

import { useCallback, useEffect, useEffectEvent, useState } from "react";

export const BUSY = 2000; // ms between two looks while something runs
export const IDLE = 15_000;
const AFTER_ERROR = 10_000;

export interface Polled<T> {
  value: T | undefined;
  /** When the value was the API's answer, in epoch milliseconds. */
  asOf: number | undefined;
  /** Why the last look failed. What was seen before stays as the value. */
  error: Error | undefined;
  /** Whether there is neither a value nor an error yet. */
  loading: boolean;
  refresh: () => void;
}

interface Known<T> {
  key: string;
  value?: T;
  asOf?: number;
  error?: Error;
}

/** Load a value, and again after `pause(value)` milliseconds; null stops. Another `key` is another value. */
export function usePolled<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  pause: (value: T) => number | null,
): Polled<T> {
  const [known, setKnown] = useState<Known<T>>({ key });
  const [round, setRound] = useState(0);
  const loading = useEffectEvent(load);
  const pausing = useEffectEvent(pause);

  useEffect(() => {
    const given = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let under = false;

    const look = async () => {
      clearTimeout(timer);
      if (document.hidden || under) return;
      under = true;
      let wait: number | null = AFTER_ERROR;
      try {
        const value = await loading(given.signal);
        if (given.signal.aborted) return;
        setKnown({ key, value, asOf: Date.now() });
        wait = pausing(value);
      } catch (error) {
        if (given.signal.aborted) return;
        // What was seen before stays on the page, so that a lost connection hides nothing.
        setKnown((before) => ({ ...(before.key === key ? before : { key }), error: error as Error }));
      } finally {
        under = false;
      }
      if (wait !== null) timer = setTimeout(() => void look(), wait);
    };
    const woken = () => void look();

    document.addEventListener("visibilitychange", woken);
    void look();
    return () => {
      given.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", woken);
    };
  }, [key, round]);

  const fits = known.key === key;
  return {
    value: fits ? known.value : undefined,
    asOf: fits ? known.asOf : undefined,
    error: fits ? known.error : undefined,
    loading: !fits || (known.value === undefined && known.error === undefined),
    refresh: useCallback(() => setRound((n) => n + 1), []),
  };
}
