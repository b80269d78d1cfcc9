"""What a stream offers a player to choose from: videos, audio tracks and subtitles, each with its file."""

import re
from dataclasses import dataclass, field

from shared.operations.streaming.cmaf import CmafTrack

CHANNELS, SAMPLE_RATE = 2, 48000  # of every audio track
UNQUOTABLE = re.compile(r'["\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')  # in HLS or XML
LABEL_LENGTH = 60


@dataclass(frozen=True)
class VideoRendition:
    """One size of the video. `name` is its file's without the ending; `frame_rate` is None where it varies."""

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
    """Subtitles in one language, as a WebVTT file; forced ones are for what a viewer can't understand otherwise."""

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
    """All of it, the best first. `seconds` is how long it plays."""

    videos: tuple[VideoRendition, ...]
    audios: tuple[AudioRendition, ...]
    captions: tuple[SubtitleRendition, ...]
    segment_seconds: int

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return max(track.seconds for track in self.tracks)

    @property
    def tracks(self) -> list[CmafTrack]:
        """The media files."""
        return [*(video.track for video in self.videos), *(audio.track for audio in self.audios)]

    @property
    def bitrates(self) -> tuple[int, ...]:
        """The bit rates of its audio tracks, the best first."""
        return tuple(dict.fromkeys(audio.bitrate for audio in self.audios))

    def audios_at(self, bitrate: int) -> tuple[AudioRendition, ...]:
        """Return the audio tracks of that bit rate: one for each track."""
        return tuple(audio for audio in self.audios if audio.bitrate == bitrate)


@dataclass
class Labels:
    """Names for a menu, of which no two are the same."""

    taken: set[str] = field(default_factory=set)

    def add(self, wanted: str) -> str:
        """Return the name, with a number behind it when it is taken."""
        names = (wanted, *(f"{wanted} {number}" for number in range(2, 1000)))
        found = next(name for name in names if name not in self.taken)
        self.taken.add(found)
        return found


def clean_label(title: str | None) -> str | None:
    """Return the title of a track as a menu can show it, None when nothing is left."""
    return UNQUOTABLE.sub("", title or "")[:LABEL_LENGTH].strip() or None
