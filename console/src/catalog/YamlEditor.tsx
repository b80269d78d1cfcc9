import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { parse, stringify, YAMLParseError } from "yaml";
import { text } from "../strings";

interface Props<T> {
  value: T;
  /** Return what is wrong with a document; undefined when it can be stored. */
  wrong: (value: unknown) => string | undefined;
  onChange: (value: T) => void;
}

/** A document as YAML (or JSON, which is YAML), checked as one types; the forms follow whatever can be read. */
export function YamlEditor<T>({ value, wrong, onChange }: Props<T>) {
  const [typed, setTyped] = useState(() => stringify(value));
  const { problem } = judged(typed, wrong);
  const change = (next: string) => {
    setTyped(next);
    const found = judged(next, wrong);
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
          <Box variant="pre">{problem}</Box>
        </Alert>
      ) : (
        <Box color="text-status-success">{text.orchestrations.readable}</Box>
      )}
    </SpaceBetween>
  );
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
