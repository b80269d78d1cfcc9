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
  const [problem, setProblem] = useState<string>();
  const change = (next: string) => {
    setTyped(next);
    try {
      const read: unknown = parse(next);
      const found = wrong(read);
      setProblem(found);
      if (found === undefined) onChange(read as T);
    } catch (error) {
      setProblem(error instanceof YAMLParseError ? error.message : String(error));
    }
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
