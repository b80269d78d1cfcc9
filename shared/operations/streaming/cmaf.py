"""The media files of a stream: fragmented MP4, one file per rendition, with an index of its segments in front.

The boxes follow ISO/IEC 14496-12, the codec names RFC 6381 and the codecs' own ISOBMFF bindings.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from shared.errors import MediaRejected

STSD_PATH = (b"trak", b"mdia", b"minf", b"stbl", b"stsd")
STSD_HEADER = 8  # version, flags, number of entries
VIDEO_ENTRY, SIZE_PLACE = 78, 32  # bytes of a VisualSampleEntry before its inner boxes, and before its width
SIZE_MASK, DURATION_BYTES = 0x7FFFFFFF, 12
PROFILE_SPACES = ("", "A", "B", "C")


@dataclass(frozen=True)
class MediaSegment:
    """A part of a file, in bytes and seconds, that begins with a key frame."""

    start: int
    size: int
    seconds: float

    @property
    def bit_rate(self) -> float:
        """Bits per second."""
        return 8 * self.size / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class CmafTrack:
    """One file: `header` bytes that set up a decoder, an index at the bytes `index` (first, last), then segments.

    `size` is the video's width and height; it has no meaning for audio.
    """

    header: int
    index: tuple[int, int]
    codecs: str
    size: tuple[int, int]
    segments: tuple[MediaSegment, ...]

    @cached_property
    def seconds(self) -> float:
        """Its duration."""
        return sum(segment.seconds for segment in self.segments)

    @property
    def average(self) -> int:
        """Bits per second, over the whole file."""
        return round(8 * sum(segment.size for segment in self.segments) / self.seconds)

    @property
    def peak(self) -> int:
        """Bits per second of its heaviest segment; a short last segment counts for less."""
        longest = max(segment.seconds for segment in self.segments)
        return max(self.average, round(max(s.bit_rate for s in self.segments if s.seconds >= longest / 2)))


def read_cmaf(path: Path) -> CmafTrack:
    """Read the structure of a file that ffmpeg wrote; raise MediaRejected if it has no segment."""
    with path.open("rb") as file:
        boxes = dict(_boxes_before_media(file, path.stat().st_size))
    segments = _segments(*boxes[b"sidx"]) if b"sidx" in boxes else ()
    if b"moov" not in boxes or not sum(segment.seconds for segment in segments):
        message = "the source is damaged: nothing in it could be decoded"
        raise MediaRejected(message)
    start, moov = boxes[b"moov"]
    first, index = boxes[b"sidx"]
    entry = _sample_entry(moov)
    size = struct.unpack_from(">HH", entry, SIZE_PLACE)
    return CmafTrack(start + len(moov), (first, first + len(index) - 1), _codecs(entry), size, segments)


def _boxes_before_media(file: BinaryIO, size: int) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    """Yield each box with its position and content, up to the first segment."""
    while file.tell() < size:
        start = file.tell()
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind in {b"moof", b"mdat"}:
            return
        file.seek(start)
        yield kind, (start, file.read(length))


def _segments(start: int, sidx: bytes) -> tuple[MediaSegment, ...]:
    """Return the segments in the index that starts at that byte."""
    times = ">QQ" if sidx[8] else ">II"
    (timescale,) = struct.unpack_from(">I", sidx, 16)
    place = 20 + struct.calcsize(times)
    offset = start + len(sidx) + struct.unpack_from(times, sidx, 20)[1]
    (count,) = struct.unpack_from(">H", sidx, place + 2)
    found = []
    for number in range(count):
        size, duration = struct.unpack_from(">II", sidx, place + 4 + DURATION_BYTES * number)
        found.append(MediaSegment(offset, size & SIZE_MASK, duration / timescale))
        offset += size & SIZE_MASK
    return tuple(found)


def _sample_entry(moov: bytes) -> bytes:
    """Return the box that describes the file's only stream."""
    box = moov
    for kind in STSD_PATH:
        box = _child(box[8:], kind)
    return box[8 + STSD_HEADER :]


def _codecs(entry: bytes) -> str:
    """Return the name of the codec, as browsers expect it."""
    kind, inside = entry[4:8], entry[8 + VIDEO_ENTRY :]
    match kind:
        case b"avc1":
            return f"avc1.{_child(inside, b'avcC')[9:12].hex()}"
        case b"hvc1":
            return _hevc(_child(inside, b"hvcC")[8:])
        case b"av01":
            return _av1(_child(inside, b"av1C")[8:])
        case _:
            return "mp4a.40.2"  # AAC-LC, the only audio codec of a stream


def _child(boxes: bytes, kind: bytes) -> bytes:
    """Return the first box of that kind."""
    place = 0
    while boxes[place + 4 : place + 8] != kind:
        place += int.from_bytes(boxes[place : place + 4])
    return boxes[place : place + int.from_bytes(boxes[place : place + 4])]


def _hevc(record: bytes) -> str:
    """Return the codec name of a decoder configuration, as in ISO/IEC 14496-15, annex E.3."""
    space, tier, profile = record[1] >> 6, record[1] >> 5 & 1, record[1] & 31
    compatible = int(f"{int.from_bytes(record[2:6]):032b}"[::-1], 2)
    constraints = [f"{byte:x}" for byte in record[6:12].rstrip(b"\0")]
    level = f"{'H' if tier else 'L'}{record[12]}"
    return ".".join(["hvc1", f"{PROFILE_SPACES[space]}{profile}", f"{compatible:x}", level, *constraints])


def _av1(record: bytes) -> str:
    """Return the codec name of a decoder configuration, as in section 5 of AV1's ISOBMFF binding."""
    profile, level, tier, deep = record[1] >> 5, record[1] & 31, record[2] >> 7, record[2] >> 6 & 1
    return f"av01.{profile}.{level:02}{'H' if tier else 'M'}.{10 if deep else 8:02}"
