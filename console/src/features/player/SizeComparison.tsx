import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import { number, size } from "../../format";
import { text } from "../../strings";

interface Props {
  sourceSize: number;
  outputSize: number;
  seconds: number | undefined;
}

/** What an output weighs beside its source. */
export function Savings({ sourceSize, outputSize, seconds }: Props) {
  const saved = 1 - outputSize / sourceSize;
  const rate = (bytes: number) => (seconds ? text.player.rate(number(Math.round((bytes * 8) / seconds / 1000))) : "");
  return (
    <KeyValuePairs
      columns={3}
      items={[
        { label: text.player.source, value: `${size(sourceSize)}${rate(sourceSize)}` },
        { label: text.player.output, value: `${size(outputSize)}${rate(outputSize)}` },
        { label: saved >= 0 ? text.player.saved : text.player.grown, value: `${number(Math.abs(saved) * 100)} %` },
      ]}
    />
  );
}
