"""Hostile files: what they are, the real files that they are made from, and the parts of containers."""

import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared.media.ffmpeg import binary
from tests.support.clips import Clips


class Role(StrEnum):
    """The role in which a worker receives a file."""

    SOURCE = "source"
    WATERMARK = "watermark"  # an image over a good source
    JOINED = "joined"  # played after a good source


@dataclass(frozen=True)
class Hostile:
    """A hostile file: its family, the key that it is uploaded under, and its content."""

    family: str
    key: str
    content: bytes
    role: Role = Role.SOURCE


@dataclass(frozen=True)
class Lures:
    """Bait that the worker must not touch: an address with a listener, and a file that records its last read."""

    url: str
    file: Path

    @property
    def targets(self) -> tuple[str, ...]:
        """What hostile files name."""
        return (
            f"file://{self.file}",
            str(self.file),
            "../" * 12 + str(self.file).lstrip("/"),
            "file:///etc/passwd",
            "/proc/self/environ",
            self.url,
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/canary",
            "http://[fd00:ec2::254]/latest/api/token?canary",
            f"concat:{self.file}|/etc/passwd",
            f"subfile,,start,0,end,64,,:{self.file}",
            f"crypto+{self.url}",
            f"tcp://{self.url.removeprefix('http://')}",
            f"data:text/plain,{self.url}",
        )


@dataclass(frozen=True)
class Kit:
    """The material of hostile files: real files of every container, and the bait."""

    bases: Mapping[str, bytes]
    lures: Lures


Family = Callable[[Kit], Iterator[Hostile]]

H264, AAC = ("-c:v", "copy", "-c:a", "copy"), ("-vn", "-c:a", "copy")
OLD = ("-c:v", "mpeg2video", "-c:a", "mp2", "-r", "25")
# How blink.mp4 becomes each of the containers that Reelmill reads.
CONTAINERS: Mapping[str, tuple[str, ...]] = {
    "mp4": H264,
    "frag.mp4": (*H264, "-movflags", "frag_keyframe+empty_moov"),
    "mov": H264,
    "mkv": H264,
    "ts": H264,
    "m2ts": H264,
    "flv": H264,
    "m4a": AAC,
    "aac": AAC,
    "webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    "avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "wmv": ("-c:v", "wmv2", "-c:a", "wmav2"),
    "mpg": OLD,
    "m2v": ("-an", "-c:v", "mpeg2video"),
    "rm": ("-c:v", "rv20", "-s", "176x144", "-c:a", "ac3"),
    "ivf": ("-an", "-c:v", "libvpx", "-deadline", "realtime"),
    "ogv": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-f", "ogg"),
    "ogg": ("-vn", "-c:a", "libopus"),
    "mp3": ("-vn", "-c:a", "libmp3lame"),
    "flac": ("-vn", "-c:a", "flac"),
    "wav": ("-vn",),
    "w64": ("-vn",),
    "aiff": ("-vn",),
    "caf": ("-vn", "-c:a", "pcm_s16be"),
    "ac3": ("-vn", "-c:a", "ac3"),
    "eac3": ("-vn", "-c:a", "eac3"),
    "dv": (
        "-s",
        "720x576",
        "-r",
        "25",
        "-t",
        "0.12",
        "-c:v",
        "dvvideo",
        "-pix_fmt",
        "yuv420p",
        "-ac",
        "2",
        "-ar",
        "48000",
    ),
}
STILLS: Mapping[str, tuple[str, ...]] = {
    "png": ("-frames:v", "1"),
    "jpg": ("-frames:v", "1", "-c:v", "mjpeg"),
    "webp": ("-frames:v", "1", "-c:v", "libwebp"),
}


def bases(clip: Clips, folder: Path) -> dict[str, bytes]:
    """Make a very short real film in every container, and a real video of every kind."""
    found = {}
    for name, options in (*CONTAINERS.items(), *STILLS.items()):
        path = folder / f"base.{name}"
        subprocess.run(
            [binary(), "-nostdin", "-loglevel", "error", "-y", "-i", clip("blink.mp4"), *options, path], check=True
        )
        found[name] = path.read_bytes()
    return found


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box of ISO media: size, kind, content."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def chunk(kind: bytes, *parts: bytes) -> bytes:
    """Return a chunk of RIFF: kind, size, content, padded to an even size."""
    body = b"".join(parts)
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def ebml(identity: str, *parts: bytes) -> bytes:
    """Return an element of Matroska: its ID in hexadecimal, a size of eight bytes, content."""
    body = b"".join(parts)
    return bytes.fromhex(identity) + struct.pack(">Q", len(body) | 1 << 56) + body


def number(identity: str, value: int) -> bytes:
    """Return an element that is an unsigned integer."""
    return ebml(identity, value.to_bytes(max(1, (value.bit_length() + 7) // 8)))


def edited(content: bytes, mark: bytes, offset: int, value: bytes, *, nth: int = 0) -> bytes:
    """Return the content with `value` so many bytes after the nth occurrence of a mark."""
    place = -1
    for _ in range(nth + 1):
        place = content.index(mark, place + 1)
    place += len(mark) + offset
    return content[:place] + value + content[place + len(value) :]


MATROSKA = ebml("1A45DFA3", ebml("4282", b"matroska"), number("4287", 4), number("4285", 2))


def matroska(*parts: bytes) -> bytes:
    """Return a Matroska file whose segment holds these."""
    return MATROSKA + ebml("18538067", *parts)


def track(codec: bytes, *parts: bytes, no: int = 1, kind: int = 1) -> bytes:
    """Return the entry of a track: `kind` 1 is a video, 2 audio, 17 subtitles."""
    return ebml("AE", number("D7", no), number("73C5", no), number("83", kind), ebml("86", codec), *parts)


def cluster(*frames: bytes, step: int = 40) -> bytes:
    """Return a cluster of key frames of track 1, so many milliseconds apart."""
    blocks = [
        ebml("A3", b"\x81", struct.pack(">hB", min(no * step, 0x7FFF), 0x80), frame) for no, frame in enumerate(frames)
    ]
    return ebml("1F43B675", number("E7", 0), *blocks)


def a_film(codec: bytes, frame: bytes, width: int, height: int, *parts: bytes) -> bytes:
    """Return a Matroska file of three like frames that are said to be of that size."""
    size = ebml("E0", number("B0", width), number("BA", height))
    return matroska(ebml("1654AE6B", track(codec, size, *parts)), cluster(frame, frame, frame))


def summed(content: bytes) -> bytes:
    """Return an Ogg file, RFC 3533, with checksums that fit; another file as it is."""
    pages = content.split(b"OggS\0")
    if pages[0]:
        return content
    whole = [b"OggS\0" + page[:17] + bytes(4) + page[21:] for page in pages[1:]]
    return b"".join(page[:22] + struct.pack("<I", _crc(page)) + page[26:] for page in whole)


def _crc(page: bytes) -> int:
    found = 0
    for byte in page:
        found ^= byte << 24
        for _ in range(8):
            found = found << 1 ^ (0x104C11DB7 if found & 1 << 31 else 0)
    return found
