/** The preferences of the list of tasks: columns, rows per page, density. */

import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import { useState } from "react";
import { readStored } from "../../storage";
import * as text from "../../strings";

const KEY = "reelmill.tasks";
const DEFAULTS: CollectionPreferencesProps.Preferences = {
  pageSize: 20,
  contentDensity: "comfortable",
  contentDisplay: Object.keys(text.tasks.columns).map((id) => ({
    id,
    visible: !["duration", "size", "run", "priority"].includes(id),
  })),
};

/** Return the preferences, which the browser stores, and the function that saves them. */
export function useTaskPreferences() {
  const [preferences, setPreferences] = useState(() => ({ ...DEFAULTS, ...(readStored(KEY) as CollectionPreferencesProps.Preferences | null) }));
  const save = (next: CollectionPreferencesProps.Preferences) => {
    localStorage.setItem(KEY, JSON.stringify(next));
    setPreferences(next);
  };
  return [preferences, save] as const;
}
