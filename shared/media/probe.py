"""The content of a file: its container, its streams, and whether it is media at all."""

import os
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from shared.errors import LimitExceeded, MediaRejected
from shared.media import mediainfo
from shared.media.mediainfo import MediaInfoTrack
from shared.media.open_end import is_open_ended, without_unknown_count

HEAD_BYTES = 1024
SENSELESS = 1e18  # Sizes, rates and times of media are smaller; the products of smaller values stay finite.
TAG_LENGTH = 200  # A longer text isn't a title.
MOST_STREAMS = 100  # A film in all of the world's languages has about fifty.
# Frames that a file may declare without data: screen recorders omit repeated frames, which MediaInfo counts.
# ffmpeg was measured to use 38 bytes of memory per frame.
MOST_EMPTY_FRAMES = 2_000_000
MOST_SECONDS = 48 * 3600.0  # Plans depend on a file's declared duration: a camera may record for a day.
TS_PACKET, M2TS_PACKET = 188, 192
ISO_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})
SIGNATURES = (
    b"\x1a\x45\xdf\xa3",  # EBML: Matroska, WebM
    b"RIFF",  # AVI, WAV
    b"riff\x2e\x91\xcf\x11",  # Wave64
    b"FORM",  # AIFF
    b"caff",
    b"FLV",
    b"OggS",
    b"fLaC",
    b"ID3",
    b"#!AMR",
    b".RMF",
    b"DKIF",  # IVF
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF: WMV, WMA
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",  # MPEG video
    b"\x0b\x77",  # AC-3
    b"\x1f\x07\x00",  # DV
)
JPEG_FRAMES = frozenset(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC}
MPEG_SYNC = 0xFFE0  # MPEG audio and AAC begin with 11 set bits …
UTF16_MARK = b"\xff\xfe"  # … and so does text in UTF-16
TEXT_STARTS = frozenset(b"<#\t\n\r \xef\xfe\xff")  # of XML, playlists, white space, byte order marks

CODECS = {
    "AVC": "h264",
    "HEVC": "h265",
    "MPEG-4 Visual": "mpeg4",
    "MPEG Video": "mpeg2",
    "MPEG Audio": "mp3",
    "AC-3": "ac3",
    "E-AC-3": "eac3",
}
HDR_TRANSFERS = frozenset({"PQ", "HLG"})
RGB, IDENTITY = "RGB", "Identity"
PRORES_BITS = {"4:2:2": 10, "4:4:4": 12}  # MediaInfo doesn't report it
MUST_STATE_LENGTH = frozenset({"AIFF", "Wave64"})  # otherwise ffmpeg reads nothing
MATROSKA = frozenset({"Matroska", "WebM"})
WEBVTT = frozenset({"WebVTT", "D_WEBVTT/SUBTITLES", "D_WEBVTT/CAPTIONS"})  # the latter two in WebM and Matroska
TEXT_FORMATS = WEBVTT | {"UTF-8", "ASS", "SSA", "Timed Text"}
DIGITS = re.compile(r"\d+")
CAPTION_MARK = "DTVCC"  # of captions inside the packets of the video


@dataclass(frozen=True)
class Video:
    """A video as a viewer sees it: `width` and `height` are upright, in square pixels.

    `rotation` is the clockwise rotation by a player, in degrees. `matrix` is the YUV matrix, or RGB for RGB video.
    None means that the file doesn't state it. Durations are in seconds, bit rates in bits per second. `decodable` is
    ffmpeg's answer, once it has tried.
    """

    codec: str
    width: int
    height: int
    rotation: int = 0
    square_pixels: bool = True
    frame_rate: float | None = None
    variable_frame_rate: bool = False
    bit_depth: int | None = None
    chroma: str | None = None
    matrix: str | None = None
    transparent: bool = False
    hdr: bool = False
    interlaced: bool = False
    duration: float | None = None
    bit_rate: int | None = None
    decodable: bool = True


@dataclass(frozen=True)
class Audio:
    """An audio track. `default` is the file's mark for the track to play.

    `decodable`, `empty` (no packets) and `holes` (missing packets) are ffmpeg's answers, once it has tried.
    """

    codec: str
    channels: int | None
    sample_rate: int | None = None
    duration: float | None = None
    bit_rate: int | None = None
    language: str | None = None
    default: bool = False
    title: str | None = None
    decodable: bool = True
    empty: bool = False
    holes: bool = False


@dataclass(frozen=True)
class Subtitle:
    """A subtitle track; `text` is false for images of text. Captions inside the video's track don't count."""

    text: bool
    language: str | None = None
    forced: bool = False
    title: str | None = None


@dataclass(frozen=True)
class Media:
    """A file and its streams, in the file's order. `size` in bytes; `tags` has title, artist and album.

    `truncated` means that the file ends before its container does; if `open_ended`, the container doesn't state its
    size, so a missing end can't be noticed.
    """

    format: str
    size: int
    duration: float | None = None
    bit_rate: int | None = None
    videos: tuple[Video, ...] = ()
    audios: tuple[Audio, ...] = ()
    subtitles: tuple[Subtitle, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    truncated: bool = False
    open_ended: bool = False

    @property
    def video(self) -> Video | None:
        """The video that a player shows."""
        return self.videos[0] if self.videos else None

    @property
    def audio(self) -> Audio | None:
        """The audio that a player plays: the first default track that can be decoded, otherwise the first one."""
        return _main([audio for audio in self.audios if audio.decodable and not audio.empty]) or self.main_audio

    @property
    def main_audio(self) -> Audio | None:
        """The audio marked as main by the file, decodable or not: the default track, otherwise the first one."""
        return _main([audio for audio in self.audios if not audio.empty])

    def track(self, audio: Audio) -> int:
        """Return the number of an audio track, from 0, as ffmpeg counts; two tracks may be equal."""
        return next(place for place, other in enumerate(self.audios) if other is audio)


def _main(audios: Sequence[Audio]) -> Audio | None:
    return next((audio for audio in audios if audio.default), next(iter(audios), None))


def probe(path: Path, name: str) -> Media:
    """Return the content of the file at `path`, called `name` in messages; raise MediaRejected if it isn't media."""
    size = path.stat().st_size
    if not size:
        message = f"{name} is empty"
        raise MediaRejected(message, code="SourceFileError.Empty")
    if not _looks_like_media(path):
        message = f"{name} is not a video or audio file that Reelmill supports; its extension does not matter"
        raise MediaRejected(message, code="SourceFileError.NotMedia")
    tracks = sorted(map(without_unknown_count, mediainfo.read_tracks(path, name)), key=_place)
    general = next(track for track in tracks if track.kind == "General")
    open_ended = is_open_ended(path)
    media = Media(
        format=general.format or "",
        size=size,
        duration=_played(general, tracks),
        bit_rate=_integer(general.overall_bit_rate),
        videos=tuple(_video(track) for track in tracks if track.kind == "Video" and _integer(track.width)),
        audios=tuple(_audio(track) for track in tracks if track.kind == "Audio"),
        subtitles=tuple(_subtitle(track) for track in tracks if _is_subtitle(track)),
        tags=_tags(general),
        truncated=general.is_truncated == "Yes" and not open_ended,
        open_ended=open_ended,
    )
    if not media.videos and not media.audios:
        raise _nothing_to_play(name, {track.kind for track in tracks})
    if open_ended and media.format in MUST_STATE_LENGTH:
        message = (
            f"{name} can't be read, because its header doesn't state its length; write it to a file, not to a pipe"
        )
        raise MediaRejected(message)
    _check_limits(media, name)
    _check_frames(tracks, size, name)
    return media


def _place(track: MediaInfoTrack) -> tuple[int, ...]:
    """Return the sort key of ffmpeg's track order; in MPEG-TS, "0-2" is the third track of the first program."""
    return tuple(map(int, DIGITS.findall(track.stream_order or "")))


def _played(general: MediaInfoTrack, tracks: list[MediaInfoTrack]) -> float | None:
    """Return how long a player plays the file: Matroska counts from 0, even if its first frame is later.

    Windows Media declares 0 seconds if its duration is unknown.
    """
    duration = _seconds(general.duration) or None
    if duration is None or general.format not in MATROSKA:
        return duration
    delays = [_seconds(track.delay) or 0.0 for track in tracks if track.kind in {"Video", "Audio"}]
    return max(duration - min(delays, default=0.0), 0.0)


def image_size(path: Path) -> tuple[int, int]:
    """Return the width and height of a JPEG, PNG or WebP that Reelmill wrote."""
    with path.open("rb") as file:
        head = file.read(30)
        if head.startswith(b"\xff\xd8"):
            return _jpeg_size(file)
    if head.startswith(b"\x89PNG"):  # ISO/IEC 15948, section 11.2.1
        width, height = struct.unpack_from(">II", head, 16)
        return width, height
    width, height = struct.unpack_from("<HH", head, 26)  # WebP: RFC 6386, section 9.1: 14 bits each
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(file: BinaryIO) -> tuple[int, int]:
    """Follow the segments to the frame header: ITU-T T.81, annex B."""
    file.seek(2)
    while True:
        marker, length = struct.unpack(">HH", file.read(4))
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from(">xHH", file.read(5))
            return width, height
        file.seek(length - 2, os.SEEK_CUR)


def _looks_like_media(path: Path) -> bool:
    """Whether the first bytes of a file are those of a container that can't refer to other files.

    MediaInfo fetches the files that a playlist or manifest lists; its extension does not matter: files of this machine,
    addresses of this network. No option prevents that, so it never gets one.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(SIGNATURES):
        return True
    if head[:2] != UTF16_MARK and int.from_bytes(head[:2]) & MPEG_SYNC == MPEG_SYNC:
        return True
    if head[0] in TEXT_STARTS:
        return False  # the marks below aren't at the start, so a text could contain them
    if head[4:8] in ISO_BOXES:
        return True
    return any(
        len(head) > offset + packet and all(byte == ord("G") for byte in head[offset::packet])
        for offset, packet in ((0, TS_PACKET), (4, M2TS_PACKET))
    )


def _check_limits(media: Media, name: str) -> None:
    """Raise LimitExceeded for more streams or seconds than any media needs."""
    streams = len(media.videos) + len(media.audios) + len(media.subtitles)
    if streams > MOST_STREAMS:
        message = f"{name} has {streams} streams; Reelmill takes at most {MOST_STREAMS}"
        raise LimitExceeded(message, code="LimitError.Streams")
    durations = [
        media.duration,
        *(video.duration for video in media.videos),
        *(audio.duration for audio in media.audios),
    ]
    seconds = max(filter(None, durations), default=0)
    if seconds > MOST_SECONDS:
        hours, most = seconds / 3600, MOST_SECONDS / 3600
        message = f"{name} declares a duration of {hours:.0f} hours; Reelmill takes at most {most:.0f}"
        raise LimitExceeded(message, code="LimitError.Duration")


def _check_frames(tracks: list[MediaInfoTrack], size: int, name: str) -> None:
    """Raise MediaRejected if a file declares frames that it can't contain, which would take gigabytes to read."""
    frames = sum(_integer(track.frame_count) or 0 for track in tracks if track.kind != "General")
    if frames > max(size, MOST_EMPTY_FRAMES):
        message = f"{name} declares {frames:,} frames, more than its {size:,} bytes can contain: it is damaged"
        raise MediaRejected(message)


def _video(track: MediaInfoTrack) -> Video:
    rotation = round((_number(track.rotation) or 0) / 90) * 90 % 360
    aspect = _number(track.pixel_aspect_ratio) or 1
    square = abs(aspect - 1) < 0.01  # noqa: PLR2004 - MediaInfo rounds; a hundredth is invisible
    width, height = round(_number(track.width) or 0), round(_number(track.height) or 0)
    if not square:
        width = max(1, round(width * aspect))
    if rotation in {90, 270}:
        width, height = height, width
    stored = track.color_space or ""
    is_rgb = stored.startswith(RGB) or track.matrix_coefficients == IDENTITY
    return Video(
        codec=_codec(track),
        width=width,
        height=height,
        rotation=rotation,
        square_pixels=square,
        frame_rate=_number(track.frame_rate),
        variable_frame_rate=track.frame_rate_mode == "VFR",
        bit_depth=_bit_depth(track),
        chroma=track.chroma_subsampling,
        matrix=RGB if is_rgb else track.matrix_coefficients,
        transparent=stored.endswith("A"),
        hdr=bool(track.hdr_format) or track.transfer_characteristics in HDR_TRANSFERS,
        interlaced=track.scan_type not in {None, "Progressive"},
        duration=_seconds(track.duration),
        bit_rate=_integer(track.bit_rate),
    )


def _bit_depth(track: MediaInfoTrack) -> int | None:
    prores = PRORES_BITS.get(track.chroma_subsampling or "") if track.format == "ProRes" else None
    return _integer(track.bit_depth) or prores


def _audio(track: MediaInfoTrack) -> Audio:
    return Audio(
        codec=_codec(track),
        channels=_integer(track.channels),
        sample_rate=_integer(track.sampling_rate),
        duration=_seconds(track.duration),
        bit_rate=_integer(track.bit_rate),
        language=track.language,
        default=track.default == "Yes",
        title=_title(track.title),
    )


def _is_subtitle(track: MediaInfoTrack) -> bool:
    return track.kind == "Text" and CAPTION_MARK not in (track.muxing_mode or "")


def _subtitle(track: MediaInfoTrack) -> Subtitle:
    return Subtitle(
        text=track.format in TEXT_FORMATS,
        language=track.language,
        forced=track.forced == "Yes",
        title=_title(track.title),
    )


def _codec(track: MediaInfoTrack) -> str:
    if track.format == "MPEG Audio" and track.format_profile in {"Layer 1", "Layer 2"}:
        return "mp2"
    name = track.format or "unknown"
    return CODECS.get(name, name.lower())


def _tags(general: MediaInfoTrack) -> dict[str, str]:
    found = {"title": general.title, "artist": general.performer, "album": general.album}
    return {key: title for key, value in found.items() if (title := _title(value))}


def _title(value: str | None) -> str | None:
    return value[:TAG_LENGTH] if value else None


def _number(text: str | None) -> float | None:
    """Return the first of the values that MediaInfo gives for one property, as in `48000 / 24000`; None for none."""
    try:
        number = float((text or "").partition("/")[0])
    except ValueError:
        return None
    return number if abs(number) < SENSELESS else None


def _integer(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None else round(number)


def _seconds(milliseconds: str | None) -> float | None:
    number = _number(milliseconds)
    return None if number is None else number / 1000


def _nothing_to_play(name: str, kinds: set[str]) -> MediaRejected:
    if kinds == {"General"}:
        return MediaRejected(f"{name} has no readable stream: it is truncated or damaged, perhaps since its upload")
    held = ", ".join(sorted(kind.lower() for kind in kinds - {"General"}))
    return MediaRejected(f"{name} has neither video nor audio, only: {held}", code="SourceFileError.NoStreams")
