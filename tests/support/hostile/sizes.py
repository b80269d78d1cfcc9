"""Files that are larger than they look: bombs, huge videos, endless times, thousands of streams, boxes in boxes."""

import struct
import zlib
from collections.abc import Iterator, Mapping

from tests.support.hostile.files import (
    MATROSKA,
    Hostile,
    Kit,
    Role,
    a_film,
    box,
    chunk,
    cluster,
    ebml,
    edited,
    matroska,
    number,
    track,
)

PNG = b"\x89PNG\r\n\x1a\n"
MOST_32, MOST_64 = b"\xff\xff\xff\xff", b"\x7f" + b"\xff" * 7
FTYP = box(b"ftyp", b"isom\0\0\2\0isommp41")
DEEP = 6000
MANY = 3000


def png(width: int, height: int, pixels: bytes, *more: bytes, depth: int = 1) -> bytes:
    """Return a gray PNG with these compressed pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return PNG + b"".join([_part(b"IHDR", header), *more, _part(b"IDAT", pixels), _part(b"IEND", b"")])


def _part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def noughts(size: int) -> bytes:
    """Return so many zeros, compressed a thousandfold."""
    packer = zlib.compressobj(9)
    pieces = [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join([*pieces, packer.compress(bytes(size & 0xFFFFF)), packer.flush()])


def bombs(kit: Kit) -> Iterator[Hostile]:
    """Small files that unpack to large ones."""
    family, zeros = "decompression bomb", noughts(64 << 20)
    deep = png(20000, 20000, noughts(20000 * 2501))
    text = _part(b"zTXt", b"Comment\0\0" + zeros) + _part(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zeros)
    images = {
        "wide.png": deep,
        "just-small-enough.png": png(4096, 4096, noughts(4096 * 513)),
        "more-than-it-says.png": png(64, 64, zeros),
        "less-than-it-says.png": png(4000, 4000, zlib.compress(b"\0")),
        "texts.png": png(8, 8, zlib.compress(bytes(16)), text),
        "profile.png": png(8, 8, zlib.compress(bytes(16)), _part(b"iCCP", b"x\0\0" + zeros)),
        "chunks.png": png(8, 8, zlib.compress(bytes(16)), _part(b"tEXt", b"a\0b") * 50_000),
        "animated.png": png(8, 8, zlib.compress(bytes(16)), _part(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
        "late-animation.png": png(8, 8, zlib.compress(bytes(16))) + _part(b"acTL", struct.pack(">II", 2**31 - 1, 0)),
        "largest.png": png(2**31 - 1, 2**31 - 1, zeros[:5000]),
        "line.png": png(2**31 - 1, 1, zeros[:5000]),
        "nothing.png": png(0, 0, zlib.compress(b"")),
        "scans.jpg": _scans(kit.bases["jpg"]),
        "huge.jpg": edited(kit.bases["jpg"], b"\xff\xc0", 3, MOST_32),
        "huge.webp": edited(kit.bases["webp"], b"\x9d\x01\x2a", 0, b"\xff\x3f\xff\x3f"),
        "canvas.webp": chunk(b"RIFF", b"WEBP", chunk(b"VP8X", b"\0\0\0\0" + b"\xff" * 6), chunk(b"VP8 ", bytes(40))),
        "cut.png": kit.bases["png"][:300],
        "flipped.webp": edited(kit.bases["webp"], b"WEBP", 30, bytes(range(60))),
        "large.png": kit.bases["png"] + bytes(21_000_000),
        "empty.png": b"",
        "text.png": b"no image at all",
    }
    for name, content in images.items():
        yield Hostile("image bomb", name, content, Role.WATERMARK)
    yield Hostile(
        family, "png.mkv", a_film(b"V_MS/VFW/FOURCC", deep, 20000, 20000, ebml("63A2", _bitmap(20000, 20000, b"MPNG")))
    )
    yield Hostile(
        family, "small-png.mkv", a_film(b"V_MS/VFW/FOURCC", deep, 64, 64, ebml("63A2", _bitmap(64, 64, b"MPNG")))
    )
    packed = ebml("6D80", ebml("6240", number("5031", 0), ebml("5034", number("4254", 0), ebml("4255", b""))))
    yield Hostile(family, "zlib-track.mkv", a_film(b"V_MJPEG", zeros, 64, 64, packed))
    prefixed = ebml("6D80", ebml("6240", ebml("5034", number("4254", 3), ebml("4255", bytes(1 << 20)))))
    yield Hostile(family, "stripped-headers.mkv", a_film(b"V_MJPEG", b"x", 64, 64, prefixed))
    moov = box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", MOST_32, zeros))
    yield Hostile(family, "cmov.mov", FTYP + box(b"moov", moov))
    yield Hostile(
        family,
        "cmov-more.mov",
        FTYP + box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", struct.pack(">I", 64 << 20), zeros))),
    )
    frame = b"TIT2" + struct.pack(">I", len(zeros) + 4) + b"\0\x80" + struct.pack(">I", 64 << 20) + zeros
    yield Hostile(
        family,
        "id3.mp3",
        b"ID3\3\0\0"
        + bytes((0, len(frame) >> 14 & 127, len(frame) >> 7 & 127, len(frame) & 127))
        + frame
        + kit.bases["mp3"],
    )
    yield Hostile(family, "id3-lies.mp3", b"ID3\3\0\0\x7f\x7f\x7f\x7f" + kit.bases["mp3"])
    yield Hostile(family, "tag.mp4", _tag(kit.bases["mp4"], b"A" * 3_000_000))
    yield Hostile(family, "many-words.mkv", talkative(kit.bases["jpg"], b"a" * 3000, 100_000))
    yield Hostile(family, "endless-words.mkv", talkative(kit.bases["jpg"], b"a" * 1_000_000, 400))
    yield Hostile(family, "noted-frames.mkv", noted({f"note {no}": b"a" * (8 << 20) for no in range(20)}))


def talkative(frame: bytes, words: bytes, count: int) -> bytes:
    """Return a film of two subtitle tracks: compressed words, so many times over, and one plain sentence."""
    packed = ebml("6D80", ebml("6240", ebml("5034", number("4254", 0))))
    tracks = [
        track(b"V_MJPEG", ebml("E0", number("B0", 160), number("BA", 90))),
        track(b"S_TEXT/UTF8", packed, no=2, kind=17),
        track(b"S_TEXT/UTF8", no=3, kind=17),
    ]
    start = bytes(2)  # milliseconds after the cluster's
    many = ebml("A0", ebml("A1", b"\x82", start, b"\0", zlib.compress(words, 9)), number("9B", 40)) * count
    sentence = ebml("A0", ebml("A1", b"\x83", start, b"\0", b"Good morning"), number("9B", 40))
    video = ebml("A3", b"\x81", start, b"\x80", frame)
    return matroska(ebml("1654AE6B", *tracks), ebml("1F43B675", number("E7", 0), sentence, video, many, video))


def noted(notes: Mapping[str, bytes]) -> bytes:
    """Return a film of PNG frames with notes, which ffmpeg reads as measurements of each frame."""
    texts = [_part(b"zTXt", key.encode() + b"\0\0" + zlib.compress(text, 9)) for key, text in notes.items()]
    frame = png(256, 256, zlib.compress(bytes(256 * 33)), *texts)
    size = ebml("E0", number("B0", 256), number("BA", 256))
    entry = track(b"V_MS/VFW/FOURCC", size, ebml("63A2", _bitmap(256, 256, b"MPNG")))
    return matroska(ebml("1654AE6B", entry), cluster(frame, frame, frame, step=400))


def _bitmap(width: int, height: int, codec: bytes) -> bytes:
    return struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, codec, 0, 0, 0, 0, 0)


def _scans(jpeg: bytes) -> bytes:
    """Return a JPEG whose video is scanned two thousand times."""
    start = jpeg.index(b"\xff\xda")
    return jpeg[:start].replace(b"\xff\xc0", b"\xff\xc2") + jpeg[start:-2] * 200 + b"\xff\xd9"


def _tag(film: bytes, text: bytes) -> bytes:
    name = box(b"\xa9nam", box(b"data", struct.pack(">II", 1, 0), text))
    handler = box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    return film + box(b"moov", box(b"udta", box(b"meta", bytes(4), handler, box(b"ilst", name))))


def dimensions(kit: Kit) -> Iterator[Hostile]:
    """Videos that say that they are huge, have no size, or pixels of absurd shape."""
    family, bases = "huge dimensions", kit.bases
    yield Hostile(family, "stsd.mp4", edited(bases["mp4"], b"avc1", 24, MOST_32, nth=-1 + bases["mp4"].count(b"avc1")))
    yield Hostile(family, "tkhd.mp4", edited(bases["mp4"], b"tkhd", 76, MOST_64))
    yield Hostile(family, "zero.mp4", edited(bases["mp4"], b"tkhd", 76, bytes(8)))
    yield Hostile(family, "matrix.mp4", edited(bases["mp4"], b"tkhd", 40, bytes(36)))
    yield Hostile(family, "turned.mp4", edited(bases["mp4"], b"tkhd", 40, MOST_32 * 9))
    yield Hostile(family, "strf.avi", edited(bases["avi"], b"strf", 8, struct.pack("<ii", 2**31 - 1, -(2**31))))
    yield Hostile(family, "avih.avi", edited(bases["avi"], b"avih", 36, MOST_32 * 2))
    yield Hostile(family, "ivf.ivf", edited(bases["ivf"], b"DKIF", 8, MOST_32))
    yield Hostile(family, "flat.m2v", edited(bases["m2v"], b"\0\0\1\xb3", 0, b"\xff\xf0\x01"))
    yield Hostile(family, "tall.m2v", edited(bases["m2v"], b"\0\0\1\xb3", 0, b"\x00\x1f\xff"))
    jpeg = bases["jpg"]
    for width, height in ((2**31, 2**31), (65535, 65535), (8192, 8193), (2**62, 1), (0, 0), (1, 65535), (16384, 16384)):
        claimed = edited(jpeg, b"\xff\xc0", 3, struct.pack(">HH", min(height, 65535), min(width, 65535)))
        yield Hostile(family, f"{width}-by-{height}.mkv", a_film(b"V_MJPEG", claimed, width, height))
    for wide, high in ((1, 2**31), (2**31, 1), (0, 5)):
        shape = ebml("E0", number("B0", 160), number("BA", 90), number("54B0", wide), number("54BA", high))
        film = matroska(ebml("1654AE6B", track(b"V_MJPEG", shape)), cluster(jpeg, jpeg))
        yield Hostile(family, f"pixels-{wide}-{high}.mkv", film)
    yield Hostile(family, "joined.mkv", a_film(b"V_MJPEG", jpeg, 65535, 65535), Role.JOINED)


def times(kit: Kit) -> Iterator[Hostile]:
    """Films that claim to last forever, or whose clocks are broken."""
    family, bases = "endless or absurd time", kit.bases
    mp4, frag = bases["mp4"], bases["frag.mp4"]
    for kind, offset, value in (
        (b"mvhd", 12, MOST_32 * 2), (b"mvhd", 12, bytes(4)), (b"mdhd", 12, struct.pack(">II", 1, 2**32 - 1)),
        (b"mdhd", 12, struct.pack(">I", 0)), (b"mdhd", 12, struct.pack(">I", 2**32 - 1)), (b"tkhd", 20, MOST_32),
        (b"stts", 8, MOST_32), (b"stts", 12, MOST_32), (b"stts", 12, bytes(4)), (b"stts", 4, MOST_32),
        (b"stsz", 4, MOST_32), (b"stsz", 8, MOST_32), (b"stsz", 12, MOST_32), (b"stsc", 4, MOST_32),
        (b"stsc", 12, MOST_32),
        (b"stco", 4, MOST_32), (b"stco", 8, MOST_32), (b"elst", 4, MOST_32), (b"elst", 8, MOST_32 * 2),
        (b"elst", 16, bytes(4)),
    ):  # fmt: skip
        yield Hostile(family, f"{kind.decode()}-{offset}-{value[:4].hex()}.mp4", edited(mp4, kind, offset, value))
    yield Hostile(family, "trun-count.mp4", edited(frag, b"trun", 4, MOST_32))
    yield Hostile(family, "trun-empty.mp4", edited(frag, b"trun", 1, b"\0\0\0" + MOST_32))
    yield Hostile(family, "tfdt.mp4", edited(frag, b"tfdt", 4, MOST_64))
    yield Hostile(family, "fragments.mp4", frag + frag[frag.index(b"moof") - 4 :] * 300)
    frame = bases["jpg"]
    video = track(b"V_MJPEG", ebml("E0", number("B0", 160), number("BA", 90)))
    for name, seconds in {
        "long": 1e15,
        "longest": 1.7e308,
        "nan": float("nan"),
        "inf": float("inf"),
        "minus": -1e9,
        "century": 3.2e12,
    }.items():
        info = ebml("1549A966", number("2AD7B1", 1_000_000), ebml("4489", struct.pack(">d", seconds)))
        yield Hostile(family, f"{name}.mkv", matroska(info, ebml("1654AE6B", video), cluster(frame, frame)))
    for name, scale in {"no-scale": 0, "vast-scale": 2**63 - 1}.items():
        info = ebml("1549A966", number("2AD7B1", scale), ebml("4489", struct.pack(">d", 50)))
        yield Hostile(family, f"{name}.mkv", matroska(info, ebml("1654AE6B", video), cluster(frame, frame, frame)))
    late = ebml("1F43B675", number("E7", 2**40), ebml("A3", b"\x81\0\0\x80", frame))
    yield Hostile(family, "gap.mkv", matroska(ebml("1654AE6B", video), cluster(frame), late))
    day = ebml("1F43B675", number("E7", 86_400_000), ebml("A3", b"\x81\0\0\x80", frame))
    yield Hostile(family, "gap-of-a-day.mkv", matroska(ebml("1654AE6B", video), cluster(frame), day))
    for ns in (1, 10**18):
        fast = track(b"V_MJPEG", number("23E383", ns), ebml("E0", number("B0", 160), number("BA", 90)))
        yield Hostile(
            family, f"frame-every-{ns}-ns.mkv", matroska(ebml("1654AE6B", fast), cluster(frame, frame, step=1))
        )
    yield Hostile(family, "rate.avi", edited(bases["avi"], b"vids", 16, struct.pack("<II", 0, 0)))
    yield Hostile(family, "rates.avi", edited(bases["avi"], b"vids", 16, struct.pack("<II", 1, 2**32 - 1)))
    yield Hostile(
        family, "slow.avi", edited(bases["avi"], b"vids", 16, struct.pack("<IIII", 2**32 - 1, 1, 0, 2**32 - 1))
    )
    yield Hostile(family, "ivf-rate.ivf", edited(bases["ivf"], b"DKIF", 12, MOST_32 + bytes(4) + MOST_32))
    for name, values in {
        "sizes": (1, 2, 44100, 2**32 - 1, 65535, 65535), "slow": (1, 1, 1, 1, 1, 8),
        "fast": (1, 2, 2**32 - 1, 2**32 - 1, 4, 16),
        "channels": (1, 65535, 44100, 1, 65535, 8), "nothing": (1, 0, 0, 0, 0, 0), "codec": (0xFFFF, 2, 8000, 1, 1, 1),
    }.items():  # fmt: skip
        yield Hostile(family, f"{name}.wav", edited(bases["wav"], b"fmt ", 4, struct.pack("<HHIIHH", *values)))
    yield Hostile(family, "data.wav", edited(edited(bases["wav"], b"data", 0, MOST_32), b"RIFF", 0, MOST_32))
    yield Hostile(family, "chunk.wav", edited(bases["wav"], b"LIST", 0, b"\xf0\xff\xff\x7f"))
    yield Hostile(family, "size.w64", edited(bases["w64"], b"data\xf3\xac\xd3\x11", 8, MOST_64[::-1]))
    yield Hostile(
        family,
        "rate.aiff",
        edited(bases["aiff"], b"COMM", 4, b"\xff\xff" + MOST_32 + b"\xff\xff" + b"\x7f\xff" + b"\xff" * 8),
    )
    yield Hostile(family, "rate.caf", edited(bases["caf"], b"desc", 8, struct.pack(">d", 1e300)))
    yield Hostile(family, "nan.caf", edited(bases["caf"], b"desc", 8, struct.pack(">d", float("nan"))))
    yield Hostile(family, "frames.mp3", edited(bases["mp3"], b"Info", 4, MOST_32 * 2))
    yield Hostile(
        family, "granule.ogg", edited(bases["ogg"], b"OggS", 2, MOST_64[::-1], nth=bases["ogg"].count(b"OggS") - 1)
    )
    yield Hostile(family, "stamps.flv", edited(bases["flv"], b"\x09", 3, b"\xff\xff\xff\x7f", nth=2))
    yield Hostile(family, "samples.flac", edited(bases["flac"], b"fLaC", 14, MOST_32 * 2))
    yield Hostile(family, "again-and-again.ts", bases["ts"] * 40)


def streams(kit: Kit) -> Iterator[Hostile]:
    """Thousands of streams."""
    family, mp4 = "thousands of streams", kit.bases["mp4"]
    start = mp4.index(b"trak") - 4
    one = mp4[start : start + int.from_bytes(mp4[start : start + 4])]
    moov = mp4.index(b"moov") - 4
    head = mp4[moov + 8 : start]
    for count in (101, MANY):
        yield Hostile(family, f"{count}.mp4", mp4[:moov] + box(b"moov", head, *[one] * count))
    frame = kit.bases["jpg"]
    size = ebml("E0", number("B0", 160), number("BA", 90))
    for count in (101, MANY):
        entries = [track(b"V_MJPEG", size, no=no + 1) for no in range(count)]
        yield Hostile(family, f"{count}.mkv", matroska(ebml("1654AE6B", *entries), cluster(frame, frame)))
    fonts = [
        ebml("61A7", ebml("466E", b"f.ttf"), ebml("4660", b"font/ttf"), ebml("465C", b"x"), number("46AE", no + 1))
        for no in range(MANY)
    ]
    yield Hostile(family, "fonts.mkv", kit.bases["mkv"] + ebml("1941A469", *fonts))
    chapters = [
        ebml("B6", number("73C4", no + 1), number("91", no), ebml("80", ebml("85", b"x" * 50))) for no in range(MANY)
    ]
    yield Hostile(family, "chapters.mkv", kit.bases["mkv"] + ebml("1043A770", ebml("45B9", *chapters)))
    avi = kit.bases["avi"]
    place = avi.index(b"strl") - 8
    strl = avi[place : place + 8 + struct.unpack_from("<I", avi, place + 4)[0]]
    yield Hostile(family, "many.avi", avi[:place] + strl * MANY + avi[place:])
    page = kit.bases["ogg"][: kit.bases["ogg"].index(b"OggS", 4)]
    pages = b"".join(edited(page, b"OggS", 10, struct.pack("<I", no)) for no in range(MANY))
    yield Hostile(family, "many.ogg", pages + kit.bases["ogg"])
    yield Hostile(family, "many.ts", _programs() + kit.bases["ts"])


def _programs() -> bytes:
    """Return packets of a transport stream that announce 40 streams in each of 30 programs, without checksums."""
    packets = []
    for program in range(30):
        pat = b"\0\xb0\x0d\0\1\xc1\0\0" + struct.pack(">HH", program + 1, 0xE000 | 0x100 + program) + bytes(4)
        pmt = b"\2\xb0\xd7\0\1\xc1\0\0\xe1\0\xf0\0"
        pmt += b"".join(struct.pack(">BHH", 0x1B, 0xE000 | 0x200 + 40 * program + no, 0xF000) for no in range(34))
        for pid, table in ((0, pat), (0x100 + program, pmt)):
            packets.append((struct.pack(">BHBB", 0x47, 0x4000 | pid, 0x10, 0) + table).ljust(188, b"\xff")[:188])
    return b"".join(packets)


def nesting(kit: Kit) -> Iterator[Hostile]:
    """Boxes in boxes, of no size, or larger than all the file."""
    family, mp4, mkv = "nested or senseless boxes", kit.bases["mp4"], kit.bases["mkv"]
    for kind in (b"moov", b"trak", b"udta", b"meta", b"moof"):
        yield Hostile(family, f"{kind.decode()}.mp4", FTYP + _nested(kind) + mp4)
    for identity in ("18538067", "1654AE6B", "7373", "67C8", "B6", "1F43B675"):
        content = b""
        for _ in range(2000):
            content = ebml(identity, content)
        yield Hostile(family, f"{identity}.mkv", MATROSKA + ebml("18538067", ebml("1254C367", content)) + mkv)
    endless = bytes.fromhex("1853806701FFFFFFFFFFFFFF1F43B67501FFFFFFFFFFFFFF") * DEEP
    yield Hostile(family, "unknown-sizes.mkv", MATROSKA + endless)
    riff = b""
    for _ in range(DEEP):
        riff = chunk(b"LIST", b"hdrl", riff)
    yield Hostile(family, "lists.avi", chunk(b"RIFF", b"AVI ", riff))
    yield Hostile(family, "lists.wav", chunk(b"RIFF", b"WAVE", riff))
    for size in (0, 1, 2, 7, 2**31, 2**32 - 1):
        yield Hostile(family, f"size-{size}.mp4", FTYP + struct.pack(">I", size) + b"moov" + mp4)
    for size in (0, 15, 2**63, 2**64 - 1):
        yield Hostile(family, f"long-size-{size}.mp4", FTYP + struct.pack(">I4sQ", 1, b"mdat", size) + mp4)
    yield Hostile(family, "empty-boxes.mp4", FTYP + box(b"free") * 100_000 + mp4)
    yield Hostile(family, "zeros.mp4", FTYP + bytes(500_000))
    yield Hostile(family, "mp4-in-mkv.mkv", a_film(b"V_MPEG4/ISO/AVC", mp4, 160, 90))
    yield Hostile(family, "mkv-in-mp4.mp4", FTYP + box(b"mdat", mkv) + mp4[mp4.index(b"moov") - 4 :])
    yield Hostile(family, "zip-and-film.mp4", mp4 + b"PK\x05\x06" + bytes(18))
    yield Hostile(family, "two-films.mp4", mp4 + kit.bases["mov"])
    yield Hostile(family, "ebml.mkv", b"\x1a\x45\xdf\xa3" + b"\x01" + b"\xff" * 7 + bytes(1000))


def _nested(kind: bytes) -> bytes:
    """Return boxes in each other, written from the outermost: each has a size that fits."""
    sizes = range(8 * DEEP, 0, -8)
    return b"".join(struct.pack(">I", size) + kind for size in sizes)
