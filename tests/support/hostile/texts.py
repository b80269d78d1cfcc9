"""Texts that a program could execute or interpret: file names, titles, languages, chapters."""

import struct
from collections.abc import Iterator

from tests.support.hostile.files import Hostile, Kit, box, cluster, ebml, matroska, number, track

NAMES = (
    "-i",
    "-y -f null",
    "--help.mp4",
    "file:canary.mp4",
    "concat:canary|canary.mp4",
    "http://127.0.0.1/canary.mp4",
    "pipe:0",
    "%03d.mp4",
    "%s%n%x.mkv",
    "a|b.mp4",
    "a\nfile /etc/passwd\n.mp4",
    "a\r\n\x1b[2J\x1b]0;owned\x07.mp4",
    "\u202egpj.exe.mp4",
    "../../../../../../etc/canary.mp4",
    "..",
    "/etc/passwd",
    "~root/canary.mp4",
    "$(touch canary).mp4",
    "`touch canary`.mp4",
    "; touch canary; #.mp4",
    "'\"\\.mp4",
    "[0:v]movie=canary[out].mp4",
    "{inputDir}{taskId}{0.__class__}.mp4",
    "x:y=z,w;[a].mp4",
    "CON.mp4",
    ".hidden",
    " ",
    "film.mp4.m3u8",
    "film.svg",
    "é" * 400 + ".mp4",
    "a/" * 400 + "b.mp4",
    "film." + "m" * 600,
)
WORDS = {
    "newline": "x\n[CHAPTER]\nfile=canary",
    "ffmetadata": ";FFMETADATA1\ntitle=canary",
    "ansi": "\x1b[31m\x1b]8;;http://canary\x07click\x1b[0m",
    "controls": "".join(map(chr, range(1, 32))),
    "equals": "=x=y;#\\",
    "option": "-i /etc/passwd",
    "markup": "</Title></track><!ENTITY x SYSTEM 'file:///etc/passwd'><script>canary</script>&x;",
    "playlist": '",URI="http://canary/x.m3u8",NAME="x\n#EXTINF:1\nhttp://canary/x.ts',
    "long": "w" * 200_000,
    "nul": "a\0b",
    "bidi": "\u202e\u2066\u200f\ufeff",
    "not-characters": "\ufffe\uffff",
    "format": "%s%n%x%p {0} {taskId} ${HOME} $(id)",
    "filter": "'\\:[],;=movie=canary",
}
BAD_UTF8 = b"\xff\xfe\xc0\xaf\xed\xa0\x80\x80title"


def names(kit: Kit) -> Iterator[Hostile]:
    """A good film under bad names."""
    for name in NAMES:
        yield Hostile("name", name, kit.bases["mp4"])


def metadata(kit: Kit) -> Iterator[Hostile]:
    """Bad words in every place where a file may say something."""
    for name, word in WORDS.items():
        text = word.encode("utf-8", "surrogatepass")
        yield Hostile("metadata", f"{name}.mp4", _titled(kit.bases["mp4"], text))
        yield Hostile("metadata", f"{name}.mkv", _named(text, kit.bases["jpg"]))
        yield Hostile("metadata", f"{name}.mp3", _id3(word.encode("utf-16", "surrogatepass"), 1) + kit.bases["mp3"])
    yield Hostile("metadata", "bad-utf8.mp4", _titled(kit.bases["mp4"], BAD_UTF8))
    yield Hostile("metadata", "bad-utf8.mkv", _named(BAD_UTF8, kit.bases["jpg"]))
    yield Hostile("metadata", "bad-utf8.mp3", _id3(BAD_UTF8, 3) + kit.bases["mp3"])


def _titled(film: bytes, text: bytes) -> bytes:
    """Return the film with a box in front that calls it, its artist and its album so."""
    words = [
        box(kind, box(b"data", struct.pack(">II", 1, 0), text))
        for kind in (b"\xa9nam", b"\xa9ART", b"\xa9alb", b"\xa9too")
    ]
    handler = box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    place = film.index(b"moov") - 4
    size = int.from_bytes(film[place : place + 4])
    moov = film[place + 8 : place + size]
    end = moov.find(b"udta") - 4
    tags = box(b"udta", box(b"meta", bytes(4), handler, box(b"ilst", *words)))
    return film[:place] + box(b"moov", moov[:end] if end > 0 else moov, tags) + film[place + size :]


def _named(text: bytes, frame: bytes) -> bytes:
    """Return a film whose title, tracks, languages, chapters, tags and makers are called so."""
    info = ebml("1549A966", number("2AD7B1", 10**6), ebml("7BA9", text), ebml("4D80", text), ebml("5741", text))
    size = ebml("E0", number("B0", 160), number("BA", 90))
    said = (ebml("536E", text), ebml("22B59C", text), ebml("258688", text))
    tracks = [track(b"V_MJPEG", size, *said), track(b"S_TEXT/UTF8", *said, no=2, kind=17)]
    chapter = ebml("B6", number("73C4", 1), number("91", 0), ebml("80", ebml("85", text), ebml("437C", text)))
    tag = ebml(
        "7373",
        ebml("63C0"),
        ebml("67C8", ebml("45A3", b"ARTIST"), ebml("4487", text)),
        ebml("67C8", ebml("45A3", text), ebml("4487", text)),
    )
    return matroska(
        info,
        ebml("1654AE6B", *tracks),
        ebml("1043A770", ebml("45B9", chapter)),
        ebml("1254C367", tag),
        cluster(frame, frame, frame),
    )


def _id3(text: bytes, encoding: int) -> bytes:
    frames = b"".join(
        kind + struct.pack(">IH", len(text) + 1, 0) + bytes((encoding,)) + text
        for kind in (b"TIT2", b"TPE1", b"TALB", b"TSSE", b"TLAN")
    )
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frames
