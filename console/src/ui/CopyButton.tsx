import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import * as text from "../strings";

/** A button that copies a value for use in another program. */
export function CopyButton({ label, value }: { label: string; value: string }) {
  return (
    <CopyToClipboard
      variant="button"
      copyButtonText={label}
      textToCopy={value}
      copySuccessText={text.copying.copied}
      copyErrorText={text.copying.failed}
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
      copyButtonAriaLabel={text.copying.value(shown ?? value)}
      copySuccessText={text.copying.copied}
      copyErrorText={text.copying.failed}
    />
  );
}
