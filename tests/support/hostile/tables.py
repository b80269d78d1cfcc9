"""Films whose tables claim more frames than exist: a few bytes that take gigabytes to read."""

import struct
from collections.abc import Iterator, Mapping

from tests.support.hostile.files import Hostile, Kit, box, edited

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
COUNTS = (1_000_000, 5_000_000, 20_000_000, 60_000_000)


def claims(kit: Kit) -> Iterator[Hostile]:
    """A real film that claims so many frames, once and in two tracks; edit lists and fragments that multiply them."""
    family, mp4, frag = "tables that claim too much", kit.bases["mp4"], kit.bases["frag.mp4"]
    for count in COUNTS:
        yield Hostile(family, f"{count}.mp4", claimed(mp4, count))
        yield Hostile(family, f"{count}-twice.mp4", claimed(mp4, count, tracks=2))
        yield Hostile(family, f"{count}.frag.mp4", edited(frag, b"trun", 1, bytes(3) + struct.pack(">I", count)))
    for frames, edits in ((1000, 80_000), (10_000, 80_000)):
        yield Hostile(family, f"{frames}-edited-{edits}-times.mp4", claimed(mp4, frames, edits=edits))


def claimed(film: bytes, frames: int, *, tracks: int = 1, edits: int = 1) -> bytes:
    """Return an MP4 film whose video claims so many frames of a byte, shown by so many edits, in so many tracks."""
    moov = film.index(b"moov") - 4
    shown = struct.pack(">IIHH", frames, 0, 1, 0)  # from the first frame on, at normal speed
    tables = {
        b"stsz": struct.pack(">III", 0, 1, frames),
        b"stts": struct.pack(">IIII", 0, 1, frames, 1),
        b"stsc": struct.pack(">IIIII", 0, 1, 1, frames, 1),
        b"stco": struct.pack(">III", 0, 1, film.index(b"mdat") + 4),
        b"edts": box(b"elst", struct.pack(">II", 0, edits), shown * edits),
    }
    boxes = list(_boxes(film[moov + 8 :]))
    video = next(no for no, (kind, _) in enumerate(boxes) if kind == b"trak")
    boxes[video : video + 1] = [(b"trak", _with_tables(boxes[video][1], tables))] * tracks
    return film[:moov] + box(b"moov", *(box(*part) for part in boxes))


def _with_tables(content: bytes, tables: Mapping[bytes, bytes]) -> bytes:
    """Return a track, or a part of it, with other tables, and without those that list what is gone."""
    parts = []
    for kind, body in _boxes(content):
        if kind in CONTAINERS:
            parts.append(box(kind, _with_tables(body, tables)))
        elif kind not in (b"ctts", b"stss", b"sgpd", b"sbgp"):
            parts.append(box(kind, tables.get(kind, body)))
    return b"".join(parts)


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(content):
        size = int.from_bytes(content[place : place + 4])
        yield content[place + 4 : place + 8], content[place + 8 : place + size]
        place += size
