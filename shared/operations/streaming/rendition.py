"""The renditions that a stream offers to a player: videos, audio tracks and subtitles, each with its file."""

import re
from dataclasses import dataclass, field

from shared.operations.streaming.cmaf import CmafTrack

CHANNELS, SAMPLE_RATE = 2, 48000  # of every audio track
UNQUOTABLE = re.compile(r'["\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')  # in HLS or XML
LABEL_LENGTH = 60


@dataclass(frozen=True)
class VideoRendition:
    """One size of the video. `name` is its file name without extension; `frame_rate` is None if it varies."""

    name: str
    track: CmafTrack
    width: int
    height: int
    frame_rate: float | None

    @property
    def file(self) -> str:
        """Its media file."""
        return f"{self.name}.mp4"


@dataclass(frozen=True)
class AudioRendition:
    """One audio track of the source at one bit rate, in kbit/s; `number` counts the tracks from 1."""

    name: str
    track: CmafTrack
    number: int
    bitrate: int
    label: str
    language: str | None
    default: bool

    @property
    def file(self) -> str:
        """Its media file."""
        return f"{self.name}.mp4"


@dataclass(frozen=True)
class SubtitleRendition:
    """Subtitles in one language, as a WebVTT file; forced ones translate only what the viewer can't understand."""

    name: str
    label: str
    language: str | None
    forced: bool = False

    @property
    def file(self) -> str:
        """Its WebVTT file."""
        return f"{self.name}.vtt"


@dataclass(frozen=True)
class Stream:
    """All renditions, the best first."""

    videos: tuple[VideoRendition, ...]
    audios: tuple[AudioRendition, ...]
    captions: tuple[SubtitleRendition, ...]
    segment_seconds: int

    @property
    def seconds(self) -> float:
        """Its duration."""
        return max(track.seconds for track in self.tracks)

    @property
    def tracks(self) -> list[CmafTrack]:
        """The media files."""
        return [*(video.track for video in self.videos), *(audio.track for audio in self.audios)]

    @property
    def bitrates(self) -> tuple[int, ...]:
        """The audio bit rates, the best first."""
        return tuple(dict.fromkeys(audio.bitrate for audio in self.audios))

    def audios_at(self, bitrate: int) -> tuple[AudioRendition, ...]:
        """Return the audio renditions of that bit rate: one for each track."""
        return tuple(audio for audio in self.audios if audio.bitrate == bitrate)


@dataclass
class Labels:
    """Unique names for a menu."""

    taken: set[str] = field(default_factory=set)

    def add(self, wanted: str) -> str:
        """Return the name, with a number if it is already taken."""
        names = (wanted, *(f"{wanted} {number}" for number in range(2, 1000)))
        found = next(name for name in names if name not in self.taken)
        self.taken.add(found)
        return found


def clean_label(title: str | None) -> str | None:
    """Return the title of a track as a menu can show it, None if nothing is left."""
    return UNQUOTABLE.sub("", title or "")[:LABEL_LENGTH].strip() or None
