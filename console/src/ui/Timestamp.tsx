import { inUtc, moment } from "../format";
import { text } from "../strings";

/** A moment in the reader's zone; the pointer shows it in UTC. */
export function Moment({ at, short }: { at: string | null | undefined; short?: boolean }) {
  return at ? (
    <time dateTime={at} title={inUtc(at)}>
      {moment(at, short)}
    </time>
  ) : (
    <>{text.none}</>
  );
}
