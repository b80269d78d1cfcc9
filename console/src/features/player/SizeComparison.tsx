import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import { byteSize, number } from "../../format";
import * as text from "../../strings";

interface Props {
  sourceSize: number;
  outputSize: number;
  seconds: number | undefined;
}

/** The sizes of an output and its source, and the difference. */
export function SizeComparison({ sourceSize, outputSize, seconds }: Props) {
  const saved = 1 - outputSize / sourceSize;
  const rate = (bytes: number) => (seconds ? text.player.rate(number(Math.round((bytes * 8) / seconds / 1000))) : "");
  return (
    <KeyValuePairs
      columns={3}
      items={[
        { label: text.player.source, value: `${byteSize(sourceSize)}${rate(sourceSize)}` },
        { label: text.player.output, value: `${byteSize(outputSize)}${rate(outputSize)}` },
        { label: saved >= 0 ? text.player.saved : text.player.increase, value: text.percent(number(Math.abs(saved) * 100)) },
      ]}
    />
  );
}
