"""The packets of a file as its container has them: their times and durations, and whether they are shown."""

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import overload

NO_TIME = -(2**63)  # AV_NOPTS_VALUE
DISCARDED = 0x4  # AV_PKT_FLAG_DISCARD: an edit list excludes it


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet: its time and duration in seconds; `time` is None if the container doesn't state it."""

    time: float | None
    duration: float


class PacketList(Sequence[Packet]):
    """Packets in 16 bytes each: a file may have millions."""

    def __init__(self, packets: Iterable[Packet] = ()) -> None:
        """Begin with these."""
        self._times, self._durations = array("d"), array("d")
        for packet in packets:
            self.append(packet)

    def append(self, packet: Packet) -> None:
        """Add a packet at the end."""
        self._times.append(math.nan if packet.time is None else packet.time)
        self._durations.append(packet.duration)

    @overload
    def __getitem__(self, place: int) -> Packet: ...

    @overload
    def __getitem__(self, place: slice) -> "PacketList": ...

    def __getitem__(self, place: int | slice) -> "Packet | PacketList":
        """Return a packet, or those of a part."""
        if isinstance(place, slice):
            part = PacketList()
            part._times, part._durations = self._times[place], self._durations[place]
            return part
        time = self._times[place]
        return Packet(None if math.isnan(time) else time, self._durations[place])

    def __len__(self) -> int:
        """Return the number of packets."""
        return len(self._times)


def read_packets(
    path: Path, watch: Callable[[Iterable[str]], Iterable[str]]
) -> tuple[PacketList, PacketList, tuple[int, int]]:
    """Return the packets of the video, the packets of the audio, and the video's stored width and height.

    `watch` gets the lines, which may be millions: `Ffmpeg.watched`.
    Reads the output of ffmpeg's framecrc muxer, with at most one stream of each kind. The size is (0, 0) without video.
    """
    clocks: dict[str, Fraction] = {}
    kinds: dict[str, str] = {}
    found = {"video": PacketList(), "audio": PacketList()}
    size = (0, 0)
    if not path.exists():
        return PacketList(), PacketList(), size
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in watch(lines):
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
    return found["video"], found["audio"], size


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
