import CollectionPreferences, {
  type CollectionPreferencesProps,
} from "@cloudscape-design/components/collection-preferences";
import { text } from "../../strings";

const SIZES = [10, 20, 50, 100];
const ALWAYS = new Set(["id", "operation"]);
const CHOICES = Object.entries(text.tasks.columns).map(([id, label]) => ({ id, label, alwaysVisible: ALWAYS.has(id) }));

/** The dialog that changes how the list looks. */
export default function TaskPreferences(props: {
  preferences: CollectionPreferencesProps.Preferences;
  onConfirm: (next: CollectionPreferencesProps.Preferences) => void;
}) {
  return (
    <CollectionPreferences
      title={text.preferences.title}
      confirmLabel={text.confirm}
      cancelLabel={text.cancel}
      preferences={props.preferences}
      onConfirm={(event) => props.onConfirm(event.detail)}
      pageSizePreference={{
        title: text.preferences.pageSize,
        options: SIZES.map((value) => ({ value, label: text.preferences.rows(value) })),
      }}
      contentDensityPreference={{ label: text.preferences.compact, description: text.preferences.compactWhy }}
      contentDisplayPreference={{ title: text.preferences.columns, options: CHOICES }}
    />
  );
}
