"""Files that name other files: lists in disguise, links inside of containers, subtitles and vector images."""

import struct
from collections.abc import Callable, Iterator, Mapping

from tests.support.hostile.files import (
    Hostile,
    Kit,
    Role,
    box,
    chunk,
    cluster,
    ebml,
    edited,
    matroska,
    number,
    track,
)

LISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
    "m3u8-key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{0}"\n#EXT-X-MAP:URI="{0}"\n#EXTINF:10,\n{0}\n'
    "#EXT-X-ENDLIST\n",
    "m3u8-master": '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="{0}"\n'
    "#EXT-X-STREAM-INF:BANDWIDTH=1\n{0}\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet '
    'mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet>'
    "</Period></MPD>",
    "ism": '<SmoothStreamingMedia MajorVersion="2"><StreamIndex Type="video" Url="{}"/></SmoothStreamingMedia>',
    "f4m": '<manifest xmlns="http://ns.adobe.com/f4m/1.0"><media url="{}"/></manifest>',
    "smil": '<smil><body><video src="{}"/></body></smil>',
    "xspf": '<playlist version="1"><trackList><track><location>{}</location></track></trackList></playlist>',
    "asx": '<asx version="3.0"><entry><ref href="{}"/></entry></asx>',
    "cpl": "<CompositionPlaylist><Id>x</Id><Path>{}</Path></CompositionPlaylist>",
    "pls": "[playlist]\nFile1={}\nLength1=-1\nNumberOfEntries=1\nVersion=2\n",
    "rtsptext": "rtsptext {}\n",
    "qtl": '<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?><embed src="{}"/>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=control:{}\nm=video 9 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "xxe": '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "{}">]><MPD><BaseURL>&y;</BaseURL></MPD>',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{}"/>'
    "</svg>",
    "mvg": "push graphic-context\nviewbox 0 0 640 480\nimage over 0,0 0,0 '{}'\npop graphic-context\n",
    "ffmetadata": ";FFMETADATA1\ntitle={}\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1\ntitle=x\n",
    "avs": 'AviSource("{}")\n',
    "lavfi": "movie={}\n",
}
ID3 = b"ID3\x04\0\0\0\0\0\0"
# Prefixes that make a list look like media to a program that reads only the first bytes.
DISGUISES: Mapping[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "bom": lambda text: text.encode("utf-8-sig"),
    "utf16": lambda text: text.encode("utf-16"),
    "id3": lambda text: ID3 + text.encode(),
    "ftyp": lambda text: box(b"ftyp", b"isom\0\0\2\0isom") + text.encode(),
    "riff": lambda text: chunk(b"RIFF", b"AVI ", text.encode()),
    "sync": lambda text: b"\xff\xfb\x90\x64" + text.encode(),
    "ts": lambda text: (b"G" + text.encode()[:187].ljust(187)) * 8,
    "ebml": lambda text: b"\x1a\x45\xdf\xa3" + text.encode(),
    "ogg": lambda text: b"OggS" + text.encode(),
    "flv": lambda text: b"FLV\1\5\0\0\0\x09\0\0\0\0" + text.encode(),
    "amr": lambda text: b"#!AMR\n" + text.encode(),
}


def lists(kit: Kit) -> Iterator[Hostile]:
    """Each kind of list in two disguises, and each target and disguise with the kinds that ffmpeg opens."""
    targets, disguises = kit.lures.targets, list(DISGUISES.items())
    for place, (kind, text) in enumerate(LISTS.items()):
        for turn in range(2):
            name, disguise = disguises[(place + 5 * turn) % len(disguises)]
            content = disguise(text.format(targets[(place + 3 * turn) % len(targets)]))
            yield Hostile("list in disguise", f"{kind}-{name}.mp4", content)
    for place, target in enumerate(targets):
        name, disguise = disguises[place % len(disguises)]
        yield Hostile("list in disguise", f"target-{place}-{name}.mkv", disguise(LISTS["m3u8-key"].format(target)))
        yield Hostile("list in disguise", f"target-{place}.mov", LISTS["ffconcat"].format(target).encode())
    for name in ("plain", "id3"):
        yield Hostile(
            "list in disguise", f"joined-{name}.mp4", DISGUISES[name](LISTS["m3u8"].format(targets[0])), Role.JOINED
        )


def links(kit: Kit) -> Iterator[Hostile]:
    """Containers that say that their media lies elsewhere."""
    family, mp4, mkv = "link in a container", kit.bases["mp4"], kit.bases["mkv"]
    for place, target in enumerate(kit.lures.targets[:7]):
        entry = target.encode() + b"\0"
        yield Hostile(family, f"dref-{place}.mp4", _with_dref(mp4, box(b"url ", bytes(4), entry)))
    path = str(kit.lures.file).encode()
    alias = struct.pack(">4sHHH", b"\0\0\0\0", 200, 2, 0) + bytes(130) + struct.pack(">HH", 2, len(path)) + path
    yield Hostile(family, "alias.mov", _with_dref(kit.bases["mov"], box(b"alis", bytes(4), alias)))
    reference = box(b"rmda", box(b"rdrf", bytes(4), b"url ", struct.pack(">I", len(path)), path))
    yield Hostile(family, "reference-movie.mov", box(b"ftyp", b"qt  \0\0\0\0") + box(b"moov", box(b"rmra", reference)))
    yield Hostile(family, "reference-joined.mov", _with_dref(mp4, box(b"url ", bytes(4), path)), Role.JOINED)
    linked = ebml(
        "1549A966", ebml("3C83AB", path), ebml("3EB923", bytes(16)), ebml("3E83BB", path), number("2AD7B1", 10**6)
    )
    yield Hostile(family, "linked-segment.mkv", matroska(linked) + mkv)
    chapter = ebml("B6", number("73C4", 1), number("91", 0), ebml("6E67", bytes(16)), number("4598", 1))
    yield Hostile(family, "ordered-chapters.mkv", matroska(ebml("1043A770", ebml("45B9", number("45DD", 1), chapter))))
    name = b"../../../../../../tmp/canary-attachment"
    attached = ebml(
        "61A7",
        ebml("466E", name),
        ebml("4660", b"application/x-truetype-font"),
        ebml("465C", b"font"),
        number("46AE", 7),
    )
    yield Hostile(family, "attachment.mkv", mkv + ebml("1941A469", attached))
    url = kit.lures.url.encode()
    link = b"APIC" + struct.pack(">IH", len(url) + 8, 0) + b"\0-->\0\3\0" + url + b"\0"
    yield Hostile(family, "cover-link.mp3", b"ID3\3\0\0" + _syncsafe(len(link)) + link + kit.bases["mp3"])
    for tag in (b"WXXX", b"LINK", b"GEOB"):
        frame = tag + struct.pack(">IH", len(url) + 2, 0) + b"\0\0" + url
        yield Hostile(
            family, f"{tag.decode().lower()}.mp3", b"ID3\3\0\0" + _syncsafe(len(frame)) + frame + kit.bases["mp3"]
        )
    playlist = LISTS["m3u8"].format(kit.lures.url).encode()
    yield Hostile(family, "film-and-list.mp4", mp4 + b"\n" + playlist)
    yield Hostile(family, "list-in-free.mp4", box(b"ftyp", b"isom\0\0\2\0isom") + box(b"free", playlist) + mp4)
    yield Hostile(family, "list-in-junk.avi", edited(kit.bases["avi"], b"JUNK", 4, playlist[:200]))


def _with_dref(movie: bytes, entry: bytes) -> bytes:
    """Return the film with its first track's data said to lie where `entry` says; all sizes around it hold."""
    place = movie.index(b"dref") - 4
    size = int.from_bytes(movie[place : place + 4])
    grown = box(b"dref", bytes(4), struct.pack(">I", 1), entry)
    more = len(grown) - size
    content = bytearray(movie[:place] + grown + movie[place + size :])
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        start = content.index(kind) - 4
        struct.pack_into(">I", content, start, int.from_bytes(content[start : start + 4]) + more)
    return bytes(content)


def _syncsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def subtitles(kit: Kit) -> Iterator[Hostile]:
    """Subtitles that name fonts, images and addresses, that never end, or that are invalid."""
    lure, family = kit.lures.url, "subtitle trick"
    ass = "[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\n[Fonts]\nfontname: {0}\n{1}\n[Events]\n"
    tracks = {
        "ass": (b"S_TEXT/ASS", ass.format(lure, "!" * 4000), f"0,0,Default,,0,0,0,,{{\\fn{lure}\\p1}}m 0 0{{\\p0}}"),
        "ass-deep": (b"S_TEXT/ASS", ass.format("x", ""), "0,0,Default,,0,0,0,," + "{\\t(" * 5000),
        "srt": (
            b"S_TEXT/UTF8",
            "",
            f'<font face="{lure}"><img src="{lure}"><script src="{lure}"></script>' + "<b>" * 3000,
        ),
        "vtt": (
            b"S_TEXT/WEBVTT",
            f"WEBVTT\n\nSTYLE\n::cue {{ background: url({lure}) }}\n",
            f"<v {lure}>x --> y\n\n00:00 --> 99:99",
        ),
        "usf": (b"S_TEXT/USF", f"<!DOCTYPE x SYSTEM '{lure}'>", "<text>&x;</text>"),
        "pgs": (b"S_HDMV/PGS", "", "\x16\0\x13\xff\xff\xff\xff\x40\0\0\0\0\0\0\0\0\0\0"),
        "vobsub": (b"S_VOBSUB", f"size: 65535x65535\npalette: {'ffffff,' * 16}\n", "\xff\xff\xff\xff" * 20),
    }
    for name, (codec, private, line) in tracks.items():
        yield Hostile(
            family,
            f"{name}.mkv",
            _subtitled(kit.bases["mkv"], codec, private.encode("latin-1"), line.encode("latin-1")),
        )
    bomb = struct.pack(">H", 65535) + b"<" * 65535
    yield Hostile(family, "mov-text.mp4", _timed_text(kit.bases["mp4"], bomb))
    yield Hostile(
        family,
        "mov-text-links.mp4",
        _timed_text(
            kit.bases["mp4"],
            struct.pack(">H", 2) + b"hi" + box(b"href", struct.pack(">HHB", 0, 2, len(lure)), lure.encode()),
        ),
    )
    for name, text in {
        "srt": f"1\n00:00:00,000 --> 99:59:59,999\n<img src={lure}>\n" * 50,
        "ass": ass.format(lure, ""),
        "ttml": f'<?xml version="1.0"?><!DOCTYPE tt SYSTEM "{lure}"><tt xmlns="http://www.w3.org/ns/ttml"><body/></tt>',
    }.items():
        yield Hostile(family, f"{name}-alone.mp4", text.encode())


def _subtitled(film: bytes, codec: bytes, private: bytes, line: bytes) -> bytes:
    """Return a film with a track of subtitles in a separate segment in front."""
    entry = track(
        codec, ebml("63A2", private), ebml("22B59C", b"../en"), ebml("536E", b'x",URI="http://canary'), kind=17
    )
    video = track(b"V_VP8", ebml("E0", number("B0", 160), number("BA", 90)), no=2)
    return matroska(ebml("1654AE6B", entry, video), cluster(line, line)) + film


def _timed_text(film: bytes, sample: bytes) -> bytes:
    """Return the film with its second track said to be subtitles, of a sample that stands at the end."""
    content = edited(film, b"hdlr", 8, b"sbtl", nth=1)
    return content.replace(b"mp4a", b"tx3g") + box(b"mdat", sample)


def images(kit: Kit) -> Iterator[Hostile]:
    """Vector images and lists as watermarks, under each name that an image may have."""
    for place, kind in enumerate(("svg", "mvg", "m3u8", "ffconcat", "xxe", "lavfi")):
        ending = ("png", "jpg", "webp")[place % 3]
        text = LISTS[kind].format(kit.lures.targets[place % 6]).encode()
        yield Hostile("watermark that names files", f"{kind}.{ending}", text, Role.WATERMARK)
        signed = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff\xe0", "webp": b"RIFF\xff\0\0\0WEBPVP8 "}[
            ending
        ] + text
        yield Hostile("watermark that names files", f"{kind}-signed.{ending}", signed, Role.WATERMARK)
    bombs = {"exif": b"<x:xmpmeta><image href='%s'/></x:xmpmeta>" % kit.lures.url.encode()}
    marked = (
        kit.bases["jpg"][:2]
        + b"\xff\xe1"
        + struct.pack(">H", len(bombs["exif"]) + 2)
        + bombs["exif"]
        + kit.bases["jpg"][2:]
    )
    yield Hostile("watermark that names files", "exif.jpg", marked, Role.WATERMARK)
    yield Hostile("list in disguise", "video.svg", LISTS["svg"].format(kit.lures.url).encode())
    yield Hostile("list in disguise", "film.svg.mp4", b"\n" + LISTS["svg"].format(kit.lures.file).encode())
