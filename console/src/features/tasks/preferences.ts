/** How the reader wants the list of tasks: columns, rows, density. */

import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import { useState } from "react";
import { recall } from "../../storage";
import { text } from "../../strings";

const KEY = "reelmill.tasks";
const FIRST: CollectionPreferencesProps.Preferences = {
  pageSize: 20,
  contentDensity: "comfortable",
  contentDisplay: Object.keys(text.tasks.columns).map((id) => ({
    id,
    visible: !["duration", "size", "run", "priority"].includes(id),
  })),
};

/** Return how the reader wants the list, kept in the browser. */
export function useTaskPreferences() {
  const [preferences, setPreferences] = useState(() => ({ ...FIRST, ...(recall(KEY) as CollectionPreferencesProps.Preferences | null) }));
  const keep = (next: CollectionPreferencesProps.Preferences) => {
    localStorage.setItem(KEY, JSON.stringify(next));
    setPreferences(next);
  };
  return [preferences, keep] as const;
}
