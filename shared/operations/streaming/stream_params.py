"""What one may ask of a stream: formats, the ladder of its videos, its audio tracks, its subtitles, its lock."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.operations.clip import Clip
from shared.operations.language import Language
from shared.operations.operation import Params
from shared.operations.transcoding.transcode_params import CRF_RANGES, Speed, VideoCodec
from shared.operations.video_filters import Box
from shared.operations.watermarks.watermark import Watermarks

CODECS = (VideoCodec.H264, VideoCodec.H265, VideoCodec.AV1)  # what a CMAF file may hold and players take
MOST_RUNGS = 10

# A name that needs no quoting in HLS or DASH.
Label = Annotated[str, StringConstraints(pattern=r'^[^"\x00-\x1f\x7f-\x9f\u2028\u2029]{1,60}$')]


class Format(StrEnum):
    """A way to list the files of a stream; both list the same ones."""

    HLS = "hls"
    DASH = "dash"


class Rung(Params):
    """One size of the video, and the bit rate that it stays below."""

    height: int = Field(
        ge=16, le=4320, multiple_of=2, description="Pixels, as 720 in 720p; of an upright video it is the width."
    )
    bitrate: int = Field(ge=50, le=100_000, description="kbit/s that it stays below; a simple scene takes less.")
    crf: int | None = Field(None, ge=0, le=63, description="The quality it aims at; a good one when left out.")

    @property
    def box(self) -> Box:
        """What the video must fit inside: 16 by 9, or 9 by 16 when it is upright."""
        return Box(self.height * 16 // 9, self.height, turns=True)


def _ladder(bitrates: Mapping[int, int]) -> tuple[Rung, ...]:
    return tuple(Rung(height=height, bitrate=bitrate) for height, bitrate in bitrates.items())


class LadderName(StrEnum):
    """A ladder that ships."""

    STANDARD = "standard"
    UHD = "uhd"
    LIGHT = "light"
    NONE = "none"  # the audio alone


# kbit/s of H.264; the newer codecs need less for the same video.
STANDARD = {1080: 5000, 720: 2800, 540: 1600, 360: 800, 240: 400}
LADDERS: Mapping[LadderName, Mapping[int, int]] = {
    LadderName.STANDARD: STANDARD,
    LadderName.UHD: {2160: 16000, 1440: 9000, **STANDARD},
    LadderName.LIGHT: {720: 2000, 480: 1000, 360: 600, 240: 300},
    LadderName.NONE: {},
}
SHARES: Mapping[VideoCodec, float] = {VideoCodec.H264: 1.0, VideoCodec.H265: 0.65, VideoCodec.AV1: 0.55}


class StreamAudioParams(Params):
    """The audio: every track of the source, in stereo, at each of these bit rates."""

    bitrates: tuple[Annotated[int, Field(ge=32, le=320)], ...] = Field(
        (128,), min_length=1, max_length=3, description="kbit/s, each a choice of its own."
    )

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len(set(self.bitrates)) < len(self.bitrates):
            message = "audio.bitrates names one twice: each is a choice of its own"
            raise ValueError(message)
        return self


class SubtitleSource(Params):
    """Subtitles that another subtask wrote as WebVTT."""

    from_: str = Field(alias="from", description="The subtask's name; this one must need it.")
    language: Language = Field(description='As "en" or "pt-BR".')
    name: Label | None = Field(None, description="What people read in the menu; the language when left out.")


class StreamParams(Params):
    """An adaptive stream: which formats list it, which videos, audio tracks and subtitles it offers."""

    formats: tuple[Format, ...] | None = Field(
        None, min_length=1, max_length=2, description="Both when left out; HLS alone when encrypted."
    )
    ladder: LadderName | tuple[Rung, ...] = Field(
        LadderName.STANDARD,
        description='A ladder that ships, or up to 10 rungs of your own; none above the source is made. "none" leaves '
        "the video out.",
    )
    codec: VideoCodec = Field(VideoCodec.H264, description="h264 plays everywhere; h265 and av1 are smaller.")
    speed: Speed = Field(Speed.FAST, description="Slower makes better videos of the same bit rate.")
    frame_rate: float | None = Field(
        None, ge=1, le=240, description="At most so many frames a second, at a constant rate."
    )
    segment_seconds: int = Field(4, ge=1, le=20, description="How much a player fetches at once.")
    audio: StreamAudioParams | Literal["none"] | None = Field(
        None, description='"none" leaves the audio out; null is 128 kbit/s.'
    )
    own_subtitles: bool = Field(default=True, description="Whether the source's own subtitles are carried.")
    subtitles: tuple[SubtitleSource, ...] = Field((), max_length=20, description="Further ones, of other subtasks.")
    encryption: Literal["aes-128"] | None = Field(None, description="Locks the media files; HLS only.")
    watermarks: Watermarks = Field((), description="Images and texts laid over every video.")
    clip: Clip | None = Field(None, description="The part of the source that is taken; all of it when left out.")

    @property
    def wanted(self) -> tuple[Format, ...]:
        """The formats that list the stream."""
        usual = (Format.HLS,) if self.encryption else (Format.HLS, Format.DASH)
        return tuple(format_ for format_ in Format if format_ in (self.formats or usual))

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The sizes to choose from; empty when the video is left out."""
        if not isinstance(self.ladder, LadderName):
            return self.ladder
        share = SHARES.get(self.codec, 1.0)
        return _ladder({height: round(rate * share) for height, rate in LADDERS[self.ladder].items()})

    @property
    def bitrates(self) -> tuple[int, ...]:
        """The bit rates of the audio, the best first; empty when it is left out."""
        return () if self.audio == "none" else tuple(sorted((self.audio or StreamAudioParams()).bitrates, reverse=True))

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.encryption and Format.DASH in self.wanted:
            message = "encryption aes-128 is HLS's own, which no DASH player reads: take dash out of formats"
            raise ValueError(message)
        if self.audio == "none" and not self.rungs:
            message = "neither video nor audio is asked for: nothing would be left"
            raise ValueError(message)
        if self.watermarks and not self.rungs:
            message = "there is no video to lay watermarks over: leave them out, or choose a ladder"
            raise ValueError(message)
        if self.clip and self.subtitles:
            message = "subtitles of another subtask have the times of the whole: clip before that subtask, not here"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _encodable(self) -> Self:
        if self.codec not in CODECS:
            message = f"a stream holds {', '.join(CODECS)}, not {self.codec}"
            raise ValueError(message)
        if (not self.rungs and self.ladder is not LadderName.NONE) or len(self.rungs) > MOST_RUNGS:
            message = f'a ladder has 1 to {MOST_RUNGS} rungs; for the audio alone it is "none"'
            raise ValueError(message)
        if len({(rung.height, rung.bitrate) for rung in self.rungs}) < len(self.rungs):
            message = "the ladder has two rungs of one height and bit rate: take one out"
            raise ValueError(message)
        low, high = CRF_RANGES[self.codec]
        for rung in self.rungs:
            if rung.crf is not None and not low <= rung.crf <= high:
                message = f"crf {rung.crf} is outside of what {self.codec} knows: {low} to {high}"
                raise ValueError(message)
        return self
