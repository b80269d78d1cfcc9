import CollectionPreferences, {
  type CollectionPreferencesProps,
} from "@cloudscape-design/components/collection-preferences";
import * as text from "../../strings";

const SIZES = [10, 20, 50, 100];
const ALWAYS = new Set(["id", "actions"]);
const COLUMNS = Object.entries(text.tasks.columns).map(([id, label]) => ({ id, label, alwaysVisible: ALWAYS.has(id) }));

/** The dialog that changes the preferences of the list. */
export default function TaskPreferences(props: {
  preferences: CollectionPreferencesProps.Preferences;
  onConfirm: (next: CollectionPreferencesProps.Preferences) => void;
}) {
  return (
    <CollectionPreferences
      title={text.preferences.title}
      confirmLabel={text.buttons.confirm}
      cancelLabel={text.buttons.cancel}
      preferences={props.preferences}
      onConfirm={(event) => props.onConfirm(event.detail)}
      pageSizePreference={{
        title: text.preferences.pageSize,
        options: SIZES.map((value) => ({ value, label: text.preferences.rows(value) })),
      }}
      contentDensityPreference={{ label: text.preferences.compact, description: text.preferences.compactWhy }}
      contentDisplayPreference={{ title: text.preferences.columns, options: COLUMNS }}
    />
  );
}
