import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs, { type TabsProps } from "@cloudscape-design/components/tabs";
import Textarea from "@cloudscape-design/components/textarea";
import { type ReactNode, useState } from "react";
import { parse, stringify, YAMLParseError } from "yaml";
import * as text from "../../strings";

/** Typed YAML that isn't valid yet, and why. */
export interface Draft {
  typed: string;
  error: string;
}

interface Props<T> {
  value: T;
  draft: Draft | undefined;
  /** Return why a document isn't valid; undefined if it is. */
  validate: (value: unknown) => string | undefined;
  onChange: (value: T) => void;
  onDraft: (draft: Draft | undefined) => void;
}

/** The tabs that edit a document: a form, YAML, and others that show it. */
export function EditorViews<T>({ form, more = [], ...props }: Props<T> & { form: ReactNode; more?: TabsProps.Tab[] }) {
  const { draft, onDraft } = props;
  const back = (
    <Button formAction="none" onClick={() => onDraft(undefined)}>
      {text.yamlEditor.discard}
    </Button>
  );
  return (
    <Tabs
      ariaLabel={text.labels.views}
      tabs={[
        {
          id: "form",
          label: text.yamlEditor.form,
          // With invalid YAML, a change in the form would be lost in the YAML, or the reverse.
          content: draft ? <Alert type="warning" header={text.yamlEditor.hasErrors} action={back}><ErrorText>{draft.error}</ErrorText></Alert> : form,
        },
        ...more,
        { id: "yaml", label: text.yamlEditor.yaml, content: <YamlEditor {...props} /> },
      ]}
    />
  );
}

/** A document as YAML or JSON, validated while typing. Valid changes appear in the form. */
function YamlEditor<T>({ value, draft, validate, onChange, onDraft }: Props<T>) {
  const [typed, setTyped] = useState(() => draft?.typed ?? stringify(value));
  const { error } = parseDocument(typed, validate);
  const change = (next: string) => {
    setTyped(next);
    const parsed = parseDocument(next, validate);
    onDraft(parsed.error === undefined ? undefined : { typed: next, error: parsed.error });
    if (parsed.error === undefined) onChange(parsed.document as T);
  };
  return (
    <SpaceBetween size="s">
      <Textarea
        ariaLabel={text.yamlEditor.yaml}
        value={typed}
        rows={24}
        spellcheck={false}
        invalid={error !== undefined}
        onChange={({ detail }) => change(detail.value)}
      />
      {error ? (
        <Alert type="error" header={text.yamlEditor.invalid}>
          <ErrorText>{error}</ErrorText>
        </Alert>
      ) : (
        <Box color="text-status-success">{text.yamlEditor.valid}</Box>
      )}
    </SpaceBetween>
  );
}

function ErrorText({ children }: { children: string }) {
  return <Box variant="pre">{children}</Box>;
}

/** Return the document of a YAML text, and why it isn't valid. */
function parseDocument(typed: string, validate: Props<unknown>["validate"]): { document?: unknown; error?: string | undefined } {
  try {
    const document: unknown = parse(typed);
    return { document, error: validate(document) };
  } catch (reason) {
    return { error: reason instanceof YAMLParseError ? reason.message : String(reason) };
  }
}
