import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs, { type TabsProps } from "@cloudscape-design/components/tabs";
import Textarea from "@cloudscape-design/components/textarea";
import { type ReactNode, useState } from "react";
import { parse, stringify, YAMLParseError } from "yaml";
import { text } from "../../strings";

/** What was typed and can't be taken over yet, and why. */
export interface Draft {
  typed: string;
  problem: string;
}

interface Props<T> {
  value: T;
  draft: Draft | undefined;
  /** Return what is wrong with a document; undefined when it can be stored. */
  wrong: (value: unknown) => string | undefined;
  onChange: (value: T) => void;
  onDraft: (draft: Draft | undefined) => void;
}

/** The ways to edit a document: a form, YAML, and whatever else shows it. */
export function EditorViews<T>({ form, more = [], ...props }: Props<T> & { form: ReactNode; more?: TabsProps.Tab[] }) {
  const { draft, onDraft } = props;
  const back = (
    <Button formAction="none" onClick={() => onDraft(undefined)}>
      {text.orchestrations.backToForm}
    </Button>
  );
  return (
    <Tabs
      ariaLabel={text.task.views}
      tabs={[
        {
          id: "form",
          label: text.orchestrations.form,
          // A change here would be lost there, or the other way round.
          content: draft ? <Alert type="warning" header={text.orchestrations.typed} action={back}><Problem>{draft.problem}</Problem></Alert> : form,
        },
        ...more,
        { id: "yaml", label: text.orchestrations.yaml, content: <YamlEditor {...props} /> },
      ]}
    />
  );
}

/** A document as YAML (or JSON, which is YAML), checked as one types; the forms follow whatever can be stored. */
function YamlEditor<T>({ value, draft, wrong, onChange, onDraft }: Props<T>) {
  const [typed, setTyped] = useState(() => draft?.typed ?? stringify(value));
  const { problem } = judged(typed, wrong);
  const change = (next: string) => {
    setTyped(next);
    const found = judged(next, wrong);
    onDraft(found.problem === undefined ? undefined : { typed: next, problem: found.problem });
    if (found.problem === undefined) onChange(found.document as T);
  };
  return (
    <SpaceBetween size="s">
      <Textarea
        ariaLabel={text.orchestrations.yaml}
        value={typed}
        rows={24}
        spellcheck={false}
        invalid={problem !== undefined}
        onChange={({ detail }) => change(detail.value)}
      />
      {problem ? (
        <Alert type="error" header={text.orchestrations.unreadable}>
          <Problem>{problem}</Problem>
        </Alert>
      ) : (
        <Box color="text-status-success">{text.orchestrations.readable}</Box>
      )}
    </SpaceBetween>
  );
}

function Problem({ children }: { children: string }) {
  return <Box variant="pre">{children}</Box>;
}

/** Return what a text says, and what is wrong with it. */
function judged(typed: string, wrong: Props<unknown>["wrong"]): { document?: unknown; problem?: string | undefined } {
  try {
    const document: unknown = parse(typed);
    return { document, problem: wrong(document) };
  } catch (error) {
    return { problem: error instanceof YAMLParseError ? error.message : String(error) };
  }
}
