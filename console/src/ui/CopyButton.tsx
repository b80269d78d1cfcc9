import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import { text } from "../strings";

/** A button that copies what another program takes. */
export function Copy({ label, what }: { label: string; what: string }) {
  return (
    <CopyToClipboard
      variant="button"
      copyButtonText={label}
      textToCopy={what}
      copySuccessText={text.copied}
      copyErrorText={text.copyFailed}
    />
  );
}

/** A value with a small copy button before it. */
export function Copyable({ value, shown }: { value: string; shown?: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={value}
      textToDisplay={shown ?? value}
      copyButtonAriaLabel={text.copyOf(shown ?? value)}
      copySuccessText={text.copied}
      copyErrorText={text.copyFailed}
    />
  );
}
