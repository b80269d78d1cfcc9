import { dateTime, utcTime } from "../format";
import * as text from "../strings";

/** A time in the local time zone, with the UTC time as its tooltip. */
export function Timestamp({ at, short }: { at: string | null | undefined; short?: boolean }) {
  return at ? (
    <time dateTime={at} title={utcTime(at)}>
      {dateTime(at, short)}
    </time>
  ) : (
    <>{text.none}</>
  );
}
