"""The packets of a file as its container has them: their times and durations, and whether they are shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

NO_TIME = -(2**63)  # AV_NOPTS_VALUE
DISCARDED = 0x4  # AV_PKT_FLAG_DISCARD: an edit list excludes it


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet: its time and duration in seconds; `time` is None if the container doesn't state it."""

    time: float | None
    duration: float


def read_packets(path: Path) -> tuple[tuple[Packet, ...], tuple[Packet, ...], tuple[int, int]]:
    """Return the packets of the video, the packets of the audio, and the video's stored width and height.

    Reads the output of ffmpeg's framecrc muxer, with at most one stream of each kind. The size is (0, 0) without video.
    """
    clocks: dict[str, Fraction] = {}
    kinds: dict[str, str] = {}
    found: dict[str, list[Packet]] = {"video": [], "audio": []}
    size = (0, 0)
    if not path.exists():
        return (), (), size
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("#"):
                key, _, value = line[1:].rstrip("\n").partition(": ")
                name, _, stream = key.partition(" ")
                if name == "tb":
                    clocks[stream] = Fraction(value)
                elif name == "media_type":
                    kinds[stream] = value
                elif name == "dimensions":
                    width, _, height = value.partition("x")
                    size = int(width), int(height)
                continue
            fields = [field.strip() for field in line.split(",")]
            if packet := _packet(fields, clocks):
                found[kinds[fields[0]]].append(packet)
    return tuple(found["video"]), tuple(found["audio"]), size


def iter_packets(path: Path) -> Iterator[Packet]:
    """Yield the packets in a list of one stream; the list may be long."""
    clocks: dict[str, Fraction] = {}
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("#tb "):
                stream, _, clock = line.removeprefix("#tb ").partition(": ")
                clocks[stream] = Fraction(clock)
            elif packet := _packet([field.strip() for field in line.split(",")], clocks):
                yield packet


def _packet(fields: list[str], clocks: dict[str, Fraction]) -> Packet | None:
    """Return the packet of a line (stream, dts, pts, duration, size, checksum, flags); None if it isn't shown."""
    flags = next((int(field.removeprefix("F="), base=0) for field in fields if field.startswith("F=")), 0)
    if flags & DISCARDED or fields[0] not in clocks:
        return None
    clock = clocks[fields[0]]
    time = int(fields[2])
    return Packet(None if time == NO_TIME else float(time * clock), float(int(fields[3]) * clock))
