"""The parameters of STREAM: formats, the video ladder, audio, subtitles, encryption."""

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

CODECS = (VideoCodec.H264, VideoCodec.H265, VideoCodec.AV1)  # the codecs that CMAF allows and players support
MOST_RUNGS = 10

# A name that needs no quoting in HLS or DASH.
Label = Annotated[str, StringConstraints(pattern=r'^[^"\x00-\x1f\x7f-\x9f\u2028\u2029]{1,60}$')]


class Format(StrEnum):
    """A format that lists the files of a stream; both list the same files."""

    HLS = "hls"
    DASH = "dash"


class Rung(Params):
    """One size of the video, and its maximum bit rate."""

    height: int = Field(
        ge=16, le=4320, multiple_of=2, description="Pixels, such as 720 for 720p; the width of a portrait video."
    )
    bitrate: int = Field(ge=50, le=100_000, description="Maximum kbit/s; a simple scene takes less.")
    crf: int | None = Field(None, ge=0, le=63, description="The target quality; a good one if omitted.")

    @property
    def box(self) -> Box:
        """The box that the video fits inside: 16:9, or 9:16 for a portrait video."""
        return Box(self.height * 16 // 9, self.height, turns=True)


def _ladder(bitrates: Mapping[int, int]) -> tuple[Rung, ...]:
    return tuple(Rung(height=height, bitrate=bitrate) for height, bitrate in bitrates.items())


class LadderName(StrEnum):
    """A preset ladder."""

    STANDARD = "standard"
    UHD = "uhd"
    LIGHT = "light"
    NONE = "none"  # audio only


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
        (128,), min_length=1, max_length=3, description="kbit/s; players select one of them."
    )

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len(set(self.bitrates)) < len(self.bitrates):
            message = "audio.bitrates has a bit rate twice: list each one once"
            raise ValueError(message)
        return self


class SubtitleSource(Params):
    """Subtitles that another subtask wrote as WebVTT."""

    from_: str = Field(alias="from", description="The name of that subtask, which must be in `needs`.")
    language: Language = Field(description='Such as "en" or "pt-BR".')
    name: Label | None = Field(None, description="The name in the player's menu; the language if omitted.")


class StreamParams(Params):
    """An adaptive stream: its formats, and the video, audio and subtitles that it offers."""

    formats: tuple[Format, ...] | None = Field(
        None, min_length=1, max_length=2, description="Both if omitted; only HLS with encryption."
    )
    ladder: LadderName | tuple[Rung, ...] = Field(
        LadderName.STANDARD,
        description='A preset ladder, or up to 10 rungs; rungs above the source are skipped. "none" omits the video.',
    )
    codec: VideoCodec = Field(VideoCodec.H264, description="h264 plays everywhere; h265 and av1 are smaller.")
    speed: Speed = Field(Speed.FAST, description="A slower speed gives better quality at the same bit rate.")
    frame_rate: float | None = Field(None, ge=1, le=240, description="Maximum frames per second, at a constant rate.")
    segment_seconds: int = Field(4, ge=1, le=20, description="Seconds of media that a player fetches at once.")
    audio: StreamAudioParams | Literal["none"] | None = Field(
        None, description='"none" omits the audio; null is 128 kbit/s.'
    )
    own_subtitles: bool = Field(default=True, description="Whether the stream has the source's own subtitles.")
    subtitles: tuple[SubtitleSource, ...] = Field((), max_length=20, description="Subtitles from other subtasks.")
    encryption: Literal["aes-128"] | None = Field(None, description="Encrypts the media files; HLS only.")
    watermarks: Watermarks = Field((), description="Images and texts on top of the video in every size.")
    clip: Clip | None = Field(None, description="The part of the source to take; the whole source if omitted.")

    @property
    def wanted(self) -> tuple[Format, ...]:
        """The formats that list the stream."""
        usual = (Format.HLS,) if self.encryption else (Format.HLS, Format.DASH)
        return tuple(format_ for format_ in Format if format_ in (self.formats or usual))

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The sizes to select from; empty if the video is omitted."""
        if not isinstance(self.ladder, LadderName):
            return self.ladder
        share = SHARES.get(self.codec, 1.0)
        return _ladder({height: round(rate * share) for height, rate in LADDERS[self.ladder].items()})

    @property
    def bitrates(self) -> tuple[int, ...]:
        """The audio bit rates, the best first; empty if the audio is omitted."""
        return () if self.audio == "none" else tuple(sorted((self.audio or StreamAudioParams()).bitrates, reverse=True))

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.encryption and Format.DASH in self.wanted:
            message = "encryption aes-128 works with HLS only, no DASH player reads it: remove dash from formats"
            raise ValueError(message)
        if self.audio == "none" and not self.rungs:
            message = 'ladder and audio are both "none": request video or audio'
            raise ValueError(message)
        if self.watermarks and not self.rungs:
            message = "watermarks need video, and the stream has none: omit them, or choose a ladder"
            raise ValueError(message)
        if self.clip and self.subtitles:
            message = (
                "subtitles of another subtask have the times of the whole source: clip before that subtask instead"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _encodable(self) -> Self:
        if self.codec not in CODECS:
            message = f"a stream holds {', '.join(CODECS)}, not {self.codec}"
            raise ValueError(message)
        if (not self.rungs and self.ladder is not LadderName.NONE) or len(self.rungs) > MOST_RUNGS:
            message = f'a ladder has 1 to {MOST_RUNGS} rungs; use "none" for audio only'
            raise ValueError(message)
        if len({(rung.height, rung.bitrate) for rung in self.rungs}) < len(self.rungs):
            message = "the ladder has two rungs with the same height and bit rate: remove one"
            raise ValueError(message)
        low, high = CRF_RANGES[self.codec]
        for rung in self.rungs:
            if rung.crf is not None and not low <= rung.crf <= high:
                message = f"crf {rung.crf} is outside the range of {self.codec}: {low} to {high}"
                raise ValueError(message)
        return self
