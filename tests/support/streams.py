"""Streams on disk, made for a test, and other readers than ours to check them."""

import subprocess
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import av
import m3u8
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from shared.domain.subtask import SubtaskType
from shared.media.ffmpeg import binary
from shared.operations.operation import OperationResult
from tests.support.clips import Clips
from tests.support.local_files import LocalFiles, Operate

MPD = {"": "urn:mpeg:dash:schema:mpd:2011"}
# Two rungs of the small clips, and segments so short that there are some.
SMALL: dict[str, Any] = {
    "ladder": [{"height": 180, "bitrate": 400}, {"height": 90, "bitrate": 150}],
    "speed": "fast",  # with frames out of their order, which the fastest has not
    "segmentSeconds": 1,
}
WORDS = """1
00:00:00,200 --> 00:00:00,900
Good <i>morning</i> & more

2
00:00:01,000 --> 00:00:01,800
Über alles
"""


@dataclass(frozen=True)
class Made:
    """A stream on disk."""

    made: OperationResult
    folder: Path

    @property
    def names(self) -> list[str]:
        return [file.path_name or "" for file in self.made.files]

    @property
    def warnings(self) -> str:
        return "\n".join(self.made.warnings)

    def hls(self, name: str = "master.m3u8") -> Any:  # noqa: ANN401 - the parser has no types
        return m3u8.loads((self.folder / name).read_text())

    def dash(self) -> ET.Element:
        return ET.parse(self.folder / "manifest.mpd").getroot()  # noqa: S314 - it is ours

    def media(self, kind: str = "video") -> list[Path]:
        return [file.path for file in self.made.files if file.content_type == f"{kind}/mp4"]


@dataclass(frozen=True)
class Streaming:
    """What a test does: make a stream of a file."""

    operate: Operate
    folder: Path

    def __call__(self, source: Path | LocalFiles, **params: object) -> Made:
        return Made(self.operate(SubtaskType.STREAM, source, **{**SMALL, **params}), self.folder)


def subtitled(clip: Clips, film: str = "tracks.mp4") -> Path:
    """Return a film with audio tracks and two subtitle tracks; the second subtitle track is forced."""
    path, words = clip.folder / f"subtitled-{film}.mkv", clip.folder / "words.srt"
    if not path.exists():
        words.write_text(WORDS)
        inputs = [clip(film), words, words]
        arguments = [part for file in inputs for part in ("-i", str(file))]
        maps = ["-map", "0:v", "-map", "0:a", "-map", "1", "-map", "2"]
        codecs = ["-c", "copy", "-c:s:0", "ass", "-c:s:1", "srt"]
        tags = ["-metadata:s:s:0", "language=ger", "-metadata:s:s:1", "language=eng"]
        tags += [
            "-metadata:s:s:1",
            'title=The "signs"',
            "-disposition:s:1",
            "forced",
            "-metadata:s:a:0",
            "language=eng",
        ]
        command = [binary(), "-nostdin", "-loglevel", "error", *arguments, *maps, *codecs, *tags, str(path)]
        subprocess.run(command, check=True)
    return path


def red(clip: Clips) -> Path:
    """Return an image that is red all over."""
    path = clip.folder / "red.png"
    command = ["-f", "lavfi", "-i", "color=0xff0000:s=64x36", "-frames:v", "1", "-update", "1", "-y", str(path)]
    subprocess.run([binary(), "-nostdin", "-loglevel", "error", *command], check=True)
    return path


def unlocked(path: Path, playlist: Any, key: bytes) -> bytes:  # noqa: ANN401
    """Return the header of an encrypted file and its segments, each decrypted by its number (RFC 8216, 5.2)."""
    content = path.read_bytes()
    found = content[: int(playlist.segment_map[0].byterange.split("@")[0])]
    for number, segment in enumerate(playlist.segments):
        size, start = map(int, segment.byterange.split("@"))
        opener = Cipher(algorithms.AES128(key), modes.CBC(number.to_bytes(16))).decryptor()
        padded = opener.update(content[start : start + size]) + opener.finalize()
        assert (padded[4:8], padded[12:16]) == (b"moof", b"mfhd")  # a wrong vector garbles the first 16 bytes alone
        found += padded[: -padded[-1]]
    return found


def beginning(path: Path) -> float:
    """Return when the first of a file's streams begins, in seconds."""
    with av.open(path) as container:
        return (container.start_time or 0) / av.time_base


def key_frames(path: Path) -> list[float]:
    """Return the times of a file's key frames."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size and packet.is_keyframe]
        return [float((packet.pts or 0) * (stream.time_base or 1)) for packet in packets]


def onset(path: Path) -> float:
    """Return when the audio of a film begins to be heard, in seconds."""
    with av.open(path) as container:
        resampler = av.AudioResampler("flt", "mono", 48000)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                samples = array("f", bytes(part.planes[0])[: 4 * part.samples])
                for number, sample in enumerate(samples):
                    if abs(sample) > 0.02:
                        return float(part.time or 0) + number / 48000
    return float("inf")


def read_by_playlist(master: Path) -> tuple[int, float]:
    """Return how many frames and seconds of audio a reader of HLS gets out of the best rung."""
    options = {"allowed_extensions": "ALL", "protocol_whitelist": "file,crypto,data"}
    with av.open(master, options=options) as container:
        video = container.streams.video[0]
        frames = sum(1 for _ in container.decode(video))
    with av.open(master, options=options) as container:
        audio = container.streams.audio[0]
        return frames, sum(frame.samples for frame in container.decode(audio)) / audio.rate
