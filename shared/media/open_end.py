"""Headers that leave the size of a file open, as a program writes them to a pipe or while it records."""

from dataclasses import replace
from pathlib import Path

from shared.media.mediainfo import MediaInfoTrack

HEAD_BYTES = 256
EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"  # RFC 8794; Matroska: RFC 9559
RIFF_OR_AIFF = (b"RIFF", b"FORM")
WAVE64 = b"riff\x2e\x91\xcf\x11"
OPEN_SIZES = frozenset({b"\xff\xff\xff\xff", b"\0\0\0\0"})
UNKNOWN_COUNT = "4294967295"  # of frames, in the header of an IVF file: 32 set bits


def is_open_ended(path: Path) -> bool:
    """Whether a WebM, Matroska, AVI, WAV, Wave64 or AIFF file doesn't state its size.

    If its end is missing, that can't be noticed.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(RIFF_OR_AIFF):
        return head[4:8] in OPEN_SIZES
    if head.startswith(WAVE64):
        return head[16:20] in OPEN_SIZES
    if not head.startswith(EBML):
        return False
    end, size = _vint(head, len(EBML))
    segment = end + (size or 0)
    return head[segment : segment + len(SEGMENT)] == SEGMENT and _vint(head, segment + len(SEGMENT))[1] is None


def without_unknown_count(track: MediaInfoTrack) -> MediaInfoTrack:
    """Return the track without what MediaInfo computes from a number of frames that stands for an unknown one."""
    if track.frame_count != UNKNOWN_COUNT:
        return track
    return replace(track, frame_count=None, duration=None, bit_rate=None, overall_bit_rate=None)


def _vint(head: bytes, place: int) -> tuple[int, int | None]:
    """Return the place after a size of EBML, and the size; None if all of its bits are set, which means unknown."""
    first = int.from_bytes(head[place : place + 1])
    length = 9 - first.bit_length()
    most = (1 << 7 * length) - 1
    size = int.from_bytes(head[place : place + length]) & most
    return place + length, None if size == most else size
