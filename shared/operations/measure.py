"""What ffmpeg's filters measure, frame by frame: they write it into a file of the folder, and it is read from there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# On each frame, so that one of which nothing was measured isn't passed over; and it tells how its time is written.
MARK, MICROSECONDS = "clock", "us"
UNSAID = frozenset({"nan", "-nan", "inf", "-inf"})


@dataclass(frozen=True, slots=True)
class FrameMeasurement:
    """One frame: its time in seconds, and what the filters before said of it, by their own names."""

    time: float
    values: Mapping[str, str]

    def number(self, key: str) -> float | None:
        """Return what was measured under that name; None when the filter said nothing, or nothing finite."""
        value = self.values.get(key)
        return None if value is None or value in UNSAID else float(value)


def clearing_filter(*, audio: bool = False) -> str:
    """Return the filter to stand before all that measure: a stranger's frames may bring megabytes of their own."""
    return f"{'a' if audio else ''}metadata=mode=delete"


def writing_filters(file: str, *, audio: bool = False) -> str:
    """Return the filters that write what those before them measured into a file of the context's folder.

    `file` is a plain name: ffmpeg runs in the folder.
    """
    kind = "a" if audio else ""
    # The time in seconds is printed with six digits, which are too few after a quarter of an hour.
    return (
        f"{kind}settb=AVTB,{kind}metadata=mode=add:key={MARK}:value={MICROSECONDS},"
        f"{kind}metadata=mode=print:file={file}"
    )


def read_measurements(path: Path) -> Iterator[FrameMeasurement]:
    """Yield the frames of which a file tells, in its order; the file may be large, and may break off or not exist."""
    if not path.exists():
        return
    head = ""
    values: dict[str, str] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("frame:"):
                yield from _measured(head, values)
                head, values = line, {}
            else:
                key, _, value = line.rstrip("\n").partition("=")
                values[key] = value
    yield from _measured(head, values)


def _measured(head: str, values: Mapping[str, str]) -> Iterator[FrameMeasurement]:
    """Yield the frame of which `frame:12 pts:480000 pts_time:0.48` tells, if it has a time."""
    fields = dict(part.partition(":")[::2] for part in head.split())
    try:
        microseconds = values.get(MARK) == MICROSECONDS
        time = int(fields["pts"]) / 1e6 if microseconds else float(fields["pts_time"])
    except (KeyError, ValueError):
        return
    yield FrameMeasurement(time, values)
