"""Measurements of ffmpeg's filters, frame by frame: the filters write them into a file, and this module reads it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# Put on each frame: it keeps a frame without measurements in the file, and states the unit of the frame's time.
MARK, MICROSECONDS = "clock", "us"
UNSAID = frozenset({"nan", "-nan", "inf", "-inf"})


@dataclass(frozen=True, slots=True)
class FrameMeasurement:
    """One frame: its time in seconds, and the measurements of the filters before, by the filters' own names."""

    time: float
    values: Mapping[str, str]

    def number(self, key: str) -> float | None:
        """Return the measurement of that name; None if the filter wrote none, or none that is finite."""
        value = self.values.get(key)
        return None if value is None or value in UNSAID else float(value)


def clearing_filter(*, audio: bool = False) -> str:
    """Return the filter to put before all measuring ones: untrusted frames may carry megabytes of metadata."""
    return f"{'a' if audio else ''}metadata=mode=delete"


def writing_filters(file: str, *, audio: bool = False) -> str:
    """Return the filters that write the measurements of those before them into a file of the context's folder.

    `file` is a plain name, because ffmpeg runs in the folder.
    """
    kind = "a" if audio else ""
    # ffmpeg prints the time in seconds with six digits, which are too few after a quarter of an hour.
    return (
        f"{kind}settb=AVTB,{kind}metadata=mode=add:key={MARK}:value={MICROSECONDS},"
        f"{kind}metadata=mode=print:file={file}"
    )


def read_measurements(path: Path) -> Iterator[FrameMeasurement]:
    """Yield the frames in the file, in its order; the file may be large, truncated or missing."""
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
    """Yield the frame that `frame:12 pts:480000 pts_time:0.48` describes, if it has a time."""
    fields = dict(part.partition(":")[::2] for part in head.split())
    try:
        microseconds = values.get(MARK) == MICROSECONDS
        time = int(fields["pts"]) / 1e6 if microseconds else float(fields["pts_time"])
    except (KeyError, ValueError):
        return
    yield FrameMeasurement(time, values)
