/** Restart, End and Cancel, with what became of each task told at the top of the page. */

import { useState } from "react";
import type { BulkAction, BulkResult } from "../api/types";
import { text } from "../strings";
import { useNotices } from "../ui/notices";
import { act } from "./moves";

interface Moves {
  busy: boolean;
  failed: readonly BulkResult[];
  forget: () => void;
  move: (action: BulkAction, taskIds: readonly string[]) => Promise<void>;
}

/** Return the ways to move tasks; `moved` hears when it is time to look again. */
export function useMoves(moved: () => void): Moves {
  const { tell, fail } = useNotices();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<readonly BulkResult[]>([]);

  const move = async (action: BulkAction, taskIds: readonly string[]) => {
    setBusy(true);
    try {
      const results = await act(action, taskIds);
      const refused = results.filter((one) => one.error);
      const done = results.filter((one) => !one.error);
      if (done[0]) tell("success", text.moves.done(action, done.length, done[0].taskId));
      if (refused.length === 1 && results.length === 1) tell("error", refused[0]?.error?.message);
      else setFailed(refused);
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
      moved();
    }
  };
  return { busy, failed, forget: () => setFailed([]), move };
}
