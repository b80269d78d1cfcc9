"""Films whose tables claim more frames than exist, or repeat the same ones: a few bytes that take gigabytes to read.

The counts are absurd in some of them, and in others those of a long film.
"""

import struct
from collections.abc import Iterator, Mapping

from tests.support.hostile.files import (
    Hostile,
    Kit,
    a_film,
    box,
    chunk,
    cluster,
    ebml,
    edited,
    matroska,
    number,
    summed,
    track,
)

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
COUNTS = (1_000_000, 5_000_000, 20_000_000, 60_000_000)
PLAUSIBLE = (2_000, 30_000, 300_000)  # frames of a minute, of 20 minutes, and of three hours
CLAIMS = "tables that claim too much"
REPEATS = "tables that multiply"


def claims(kit: Kit) -> Iterator[Hostile]:
    """A real film that claims so many frames, once and in two tracks; edit lists and fragments that multiply them."""
    mp4, frag = kit.bases["mp4"], kit.bases["frag.mp4"]
    for count in COUNTS:
        yield Hostile(CLAIMS, f"{count}.mp4", claimed(mp4, count))
        yield Hostile(CLAIMS, f"{count}-twice.mp4", claimed(mp4, count, tracks=2))
        yield Hostile(CLAIMS, f"{count}.frag.mp4", edited(frag, b"trun", 1, bytes(3) + struct.pack(">I", count)))
    for frames, edits in ((300, 2_000), (1000, 10_000), (1000, 80_000), (10_000, 80_000), (300_000, 100)):
        yield Hostile(CLAIMS, f"{frames}-edited-{edits}-times.mp4", claimed(mp4, frames, edits=edits))


def film_tables(kit: Kit) -> Iterator[Hostile]:
    """The tables of MP4: times, offsets, places, encryption, fragments."""
    mp4, frag = kit.bases["mp4"], kit.bases["frag.mp4"]
    start = int.from_bytes(frag[:4])  # behind the first box, which has to stay the first
    for count in PLAUSIBLE:
        for name, tables in _sample_tables(count).items():
            yield Hostile(REPEATS, f"{name}-{count}.mp4", claimed(mp4, count, more=tables))
        yield Hostile(REPEATS, f"plain-{count}.mp4", claimed(mp4, count))
        yield Hostile(REPEATS, f"tracks-{count}.mp4", claimed(mp4, count, tracks=20))
        yield Hostile(REPEATS, f"stsc-{count}.mp4", claimed(mp4, count, more={b"stsc": _alternating_chunks(count)}))
        yield Hostile(REPEATS, f"sidx-{count}.mp4", frag[:start] + _segment_index(count) + frag[start:])
        place = frag.index(b"moof") - 4
        trun = box(b"trun", bytes(4), struct.pack(">I", count))  # without a byte for any of its frames
        for truns in (1, 50):
            moof = box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", box(b"tfhd", bytes(4), b"\0\0\0\1"), trun * truns))
            yield Hostile(REPEATS, f"trun-{count}-{truns}.mp4", frag[:place] + moof + frag[place:])
        yield Hostile(REPEATS, f"moof-{count}.mp4", frag[:place] + _moof(1) * (count // 100) + frag[place:])
        entries = struct.pack(">QQBBB", 0, place, 1, 1, 1) * (count // 10)
        tfra = box(b"tfra", b"\1\0\0\0", struct.pack(">III", 1, 0, count // 10), entries)
        mfra = box(b"mfra", tfra, box(b"mfro", bytes(4), struct.pack(">I", len(tfra) + 24)))
        yield Hostile(REPEATS, f"tfra-{count}.mp4", frag + mfra)


def other_tables(kit: Kit) -> Iterator[Hostile]:
    """The tables and indexes of other containers."""
    for count in PLAUSIBLE:
        yield Hostile(REPEATS, f"cues-{count}.mkv", _cues(kit.bases["jpg"], count // 10))
        yield Hostile(REPEATS, f"laced-{count}.mkv", _laced(kit.bases["jpg"], count // 100))
        yield Hostile(REPEATS, f"blocks-{count}.mkv", _blocks(kit.bases["jpg"], count // 10))
        yield Hostile(REPEATS, f"idx1-{count}.avi", _repeated_index(kit.bases["avi"], count // 10))
        yield Hostile(REPEATS, f"header-{count}.avi", edited(kit.bases["avi"], b"strh", 36, struct.pack("<I", count)))
        yield Hostile(REPEATS, f"empty-{count}.ogg", _empty_packets(kit.bases["ogg"], count // 255))
        yield Hostile(REPEATS, f"seek-{count}.flac", _seek_table(kit.bases["flac"], count // 10))
        yield Hostile(REPEATS, f"vobu-{count}.mpg", _navigation(count // 10) + kit.bases["mpg"])
        yield Hostile(REPEATS, f"packets-{count}.ts", _empty_transport_packets(count // 10) + kit.bases["ts"])
        yield Hostile(REPEATS, f"frames-{count}.ivf", _empty_frames(kit.bases["ivf"], count // 10))
        yield Hostile(REPEATS, f"tags-{count}.flv", kit.bases["flv"][:13] + _empty_tags(count // 10))
        yield Hostile(REPEATS, f"frames-{count}.aiff", edited(kit.bases["aiff"], b"COMM", 6, struct.pack(">I", count)))
        yield Hostile(REPEATS, f"cue-{count}.wav", kit.bases["wav"] + chunk(b"cue ", _cue_points(count // 10)))
        pakt = struct.pack(">4sqqqii", b"pakt", 24 + count // 10, count, 1024 * count, 0, 0) + b"\1" * (count // 10)
        yield Hostile(REPEATS, f"pakt-{count}.caf", kit.bases["caf"] + pakt)
        yield Hostile(REPEATS, f"silence-{count}.mp3", kit.bases["mp3"] + b"\xff\xfb\x10\xc4" * (count // 10))
        yield Hostile(REPEATS, f"headers-{count}.aac", kit.bases["aac"] + b"\xff\xf1\x4c\x40\0\xff\xfc" * (count // 10))


def claimed(
    film: bytes, frames: int, *, tracks: int = 1, edits: int = 1, more: Mapping[bytes, bytes] | None = None
) -> bytes:
    """Return an MP4 film whose video claims so many frames of a byte, shown by so many edits, in so many tracks.

    `more` are sample tables in place of those, or beside them.
    """
    moov = film.index(b"moov") - 4
    shown = struct.pack(">IIHH", frames, 0, 1, 0)  # from the first frame on, at normal speed
    tables = {
        b"stsz": struct.pack(">III", 0, 1, frames),
        b"stts": struct.pack(">IIII", 0, 1, frames, 1),
        b"stsc": struct.pack(">IIIII", 0, 1, 1, frames, 1),
        b"stco": struct.pack(">III", 0, 1, film.index(b"mdat") + 4),
        b"edts": box(b"elst", struct.pack(">II", 0, edits), shown * edits),
        **(more or {}),
    }
    boxes = list(_boxes(film[moov + 8 :]))
    video = next(no for no, (kind, _) in enumerate(boxes) if kind == b"trak")
    boxes[video : video + 1] = [(b"trak", _with_tables(boxes[video][1], tables))] * tracks
    return film[:moov] + box(b"moov", *(box(*part) for part in boxes))


def _with_tables(content: bytes, tables: Mapping[bytes, bytes]) -> bytes:
    """Return a track, or a part of it, with other tables, and without those that list what is gone."""
    parts, found = [], set()
    for kind, body in _boxes(content):
        found.add(kind)
        if kind in CONTAINERS:
            parts.append(box(kind, _with_tables(body, tables)))
        elif kind in tables or kind not in (b"ctts", b"stss", b"sgpd", b"sbgp"):
            parts.append(box(kind, tables.get(kind, body)))
    if b"stsd" in found:  # these are the sample tables
        parts += [box(kind, body) for kind, body in tables.items() if kind not in {*found, b"edts"}]
    return b"".join(parts)


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(content):
        size = int.from_bytes(content[place : place + 4])
        yield content[place + 4 : place + 8], content[place + 8 : place + size]
        place += size


def _sample_tables(count: int) -> Mapping[str, Mapping[bytes, bytes]]:
    """Return tables for so many frames, by a name: one entry for all, or an entry for every few."""
    few = count // 10
    return {
        "stts-one": {b"stts": struct.pack(">IIII", 0, 1, 0xFFFFFFFF, 1)},
        "stts-many": {b"stts": struct.pack(">II", 0, few) + struct.pack(">IIII", 5, 1, 5, 2) * (few // 2)},
        "stts-backward": {b"stts": struct.pack(">II", 0, few) + struct.pack(">II", 10, 0xFFFFFFF0) * few},
        "ctts-one": {b"ctts": struct.pack(">IIII", 0, 1, count, 5)},
        "ctts-most": {b"ctts": struct.pack(">IIII", 0, 1, 0xFFFFFFFF, 5)},
        "ctts-many": {b"ctts": struct.pack(">II", 0, few) + struct.pack(">II", 10, 0x7FFFFFFF) * few},
        "stss-many": {b"stss": struct.pack(">II", 0, few) + b"".join(struct.pack(">I", 10 * no) for no in range(few))},
        "stco-same": {
            b"stco": struct.pack(">II", 0, few) + struct.pack(">I", 48) * few,
            b"stsc": struct.pack(">IIIII", 0, 1, 1, 10, 1),
        },
        "saiz": {b"saiz": struct.pack(">IBI", 0, 255, count), b"saio": struct.pack(">III", 0, 1, 48)},
        "sbgp": {b"sbgp": b"\0\0\0\0rap " + struct.pack(">I", few) + struct.pack(">II", 10, 1) * few},
        "sdtp": {b"sdtp": bytes(4) + b"\x20" * few},
        "large-frames": {b"stsz": struct.pack(">III", 0, 20_000, count)},
        "no-frames": {b"stsz": struct.pack(">III", 0, 0, few) + bytes(4 * few)},
    }


def _alternating_chunks(count: int) -> bytes:
    entries = count // 10
    return struct.pack(">II", 0, entries) + b"".join(
        struct.pack(">III", no + 1, no % 2 + 1, 1) for no in range(entries)
    )


def _segment_index(count: int) -> bytes:
    """Return indexes of segments that all have the same size and time; one has 16 bits for its count."""
    references = min(count // 10, 0xFFFF)
    head = struct.pack(">IIIIIHH", 0, 1, 1000, 0, 0, 0, references)
    return box(b"sidx", head, struct.pack(">III", 1, 1, 0x90000000) * references)


def _moof(sequence: int) -> bytes:
    return box(
        b"moof",
        box(b"mfhd", struct.pack(">II", 0, sequence)),
        box(b"traf", box(b"tfhd", bytes(4), b"\0\0\0\1"), box(b"trun", bytes(4), struct.pack(">I", 100))),
    )


def _cues(frame: bytes, count: int) -> bytes:
    """Return a Matroska film whose index names the same cluster again and again, at other times."""
    place = ebml("B7", number("F7", 1), number("F1", 100))
    points = [ebml("BB", number("B3", no), place) for no in range(count)]
    film = a_film(b"V_MJPEG", frame, 160, 90)
    return film + ebml("1C53BB6B", *points)


def _laced(frame: bytes, count: int) -> bytes:
    """Return a Matroska film of blocks that each hold 256 frames, all of them empty: fixed-size lacing."""
    block = ebml("A3", b"\x81\0\0\x84\xff")
    size = ebml("E0", number("B0", 160), number("BA", 90))
    entry = track(b"V_MJPEG", size, number("9C", 1), number("23E383", 1))
    return matroska(ebml("1654AE6B", entry), cluster(frame), ebml("1F43B675", number("E7", 40), block * count))


def _blocks(frame: bytes, count: int) -> bytes:
    """Return a Matroska film of many blocks without a byte of content."""
    size = ebml("E0", number("B0", 160), number("BA", 90))
    empty = ebml("1F43B675", number("E7", 40), ebml("A3", b"\x81\0\0\x80") * count)
    return matroska(ebml("1654AE6B", track(b"V_MJPEG", size)), cluster(frame), empty, cluster(frame))


def _repeated_index(film: bytes, count: int) -> bytes:
    """Return an AVI film whose index names its first frame again and again."""
    place = film.index(b"idx1")
    entries = film[place + 8 :]
    video = next(entries[at : at + 16] for at in range(0, len(entries), 16) if entries[at + 2 : at + 4] == b"dc")
    return film[:place] + chunk(b"idx1", video * count)


def _empty_packets(film: bytes, count: int) -> bytes:
    """Return an Ogg file with pages of 255 empty packets each."""
    serial = film[14:18]
    pages = b"".join(
        b"OggS\0\0" + struct.pack("<q4sII", 48_000 + 255 * no, serial, 100 + no, 0) + b"\xff" + bytes(255)
        for no in range(count)
    )
    return film + summed(pages)


def _seek_table(film: bytes, count: int) -> bytes:
    """Return a FLAC file whose seek table names the first frame again and again; a block has 24 bits for its size."""
    points = struct.pack(">QQH", 0, 0, 4096) * min(count, 900_000)
    block = b"\x03" + len(points).to_bytes(3) + points
    return film[:42] + block + film[42:]


def _navigation(count: int) -> bytes:
    """Return a program stream's start, and the packets by which a DVD is navigated: its units are empty."""
    pack = b"\0\0\1\xba\x44\0\4\0\4\1\0\1\x89\xc3\xf8"[:14]
    unit = b"\0\0\1\xbf\0\x0a\1" + bytes(9)
    return (pack + unit) * count


def _empty_transport_packets(count: int) -> bytes:
    """Return packets that start a stream each time, and have nothing in it."""
    head = b"\x47\x41\0\x10\0\0\1\xe0\0\0\x80\0\0"
    return head.ljust(188, b"\xff") * (count // 10)


def _empty_frames(film: bytes, count: int) -> bytes:
    frames = b"".join(struct.pack("<IQ", 0, no) for no in range(count))
    return film[:24] + struct.pack("<I", count) + film[28:] + frames


def _empty_tags(count: int) -> bytes:
    return b"".join(
        struct.pack(">B3s3sB3sI", 9, bytes(3), (no % 2**24).to_bytes(3), 0, bytes(3), 11) for no in range(count)
    )


def _cue_points(count: int) -> bytes:
    points = b"".join(struct.pack("<II4sIII", no, 0, b"data", 0, 0, no) for no in range(count))
    return struct.pack("<I", count) + points
