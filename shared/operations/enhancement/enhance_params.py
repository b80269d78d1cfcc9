"""The parameters of ENHANCE: how to enhance the video and the audio, and how to encode them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from shared.operations.operation import Params
from shared.operations.transcoding.transcode_params import (
    CONTAINERS,
    AudioParams,
    Container,
    Side,
    Speed,
    TranscodeParams,
    VideoCodec,
    VideoParams,
)
from shared.operations.video_filters import Box


class Strength(StrEnum):
    """How strong an effect is."""

    LIGHT = "light"
    MEDIUM = "medium"
    STRONG = "strong"


class UpscaleParams(Params):
    """The box that the video is scaled to; its aspect ratio is kept."""

    width: Side | None = Field(None, description="Pixels; the video fits inside. Rounded down to an even number.")
    height: Side | None = Field(None, description="Pixels; the video fits inside. Rounded down to an even number.")
    turn_box: bool = Field(default=False, description="Whether width and height are swapped for a portrait video.")

    @property
    def box(self) -> Box:
        """The box to scale to."""
        return Box(self.width, self.height, turns=self.turn_box, upscale=True)

    @model_validator(mode="after")
    def _some_side(self) -> Self:
        if not self.width and not self.height:
            message = "upscale has neither width nor height: give one or both; the video fits inside"
            raise ValueError(message)
        return self


class VideoEncodingParams(Params):
    """How to encode the enhanced video: its codec and its quality (`crf` or `bitrate`)."""

    codec: VideoCodec | None = Field(None, description="The container's default codec if omitted.")
    crf: int | None = Field(
        None, ge=0, le=63, description="Constant quality: a lower value is better and larger. Not with `bitrate`."
    )
    bitrate: int | None = Field(None, ge=50, le=200_000, description="Average kbit/s. Not with `crf`.")
    speed: Speed = Field(Speed.MEDIUM, description="A slower speed makes smaller files of the same quality.")
    bit_depth: Literal[8, 10] = Field(8, description="10 keeps HDR; 8 tone-maps it to SDR.")


class EnhanceVideoParams(Params):
    """How to enhance the video; each enhancement is off by default."""

    deinterlace: Literal["auto", "frames", "fields"] = Field(
        "auto",
        description="auto: if the file says that it is interlaced. frames, fields: always, to one frame for each frame "
        "or for each field; one for each field has twice the frame rate and smoother motion.",
    )
    stabilize: Strength | None = Field(
        None, description="Removes camera shake from handheld video; zooms in as far as needed."
    )
    denoise: Strength | None = Field(None, description="strong takes ten times as long as light and medium.")
    deband: bool = Field(default=False, description="Smooths color banding in skies and shadows.")
    upscale: UpscaleParams | None = Field(
        None, description="Enlarges the video to fit a box. Adds no detail, unlike super-resolution."
    )
    sharpen: Strength | None = None
    hdr_to_sdr: bool = Field(default=False, description="Tone-maps HDR to SDR. A bit depth of 8 always does.")
    frame_rate: float | None = Field(None, ge=1, le=240, description="Exact frames per second.")
    motion: Literal["repeat", "smooth"] = Field(
        "repeat",
        description="How frames are added: `repeat` repeats frames; `smooth` interpolates between two frames, which is "
        "slow and may tear fast motion.",
    )
    encoding: VideoEncodingParams | None = Field(None, description="How to compress the video.")

    @model_validator(mode="after")
    def _motion_of_a_rate(self) -> Self:
        if self.motion == "smooth" and self.frame_rate is None:
            message = "motion smooth needs a frameRate: give frameRate, or omit motion"
            raise ValueError(message)
        return self


class LoudnessParams(Params):
    """The loudness of the output, measured as in EBU R128."""

    target: float = Field(
        -16, ge=-36, le=-8, description="LUFS: -23 for European broadcasters, -14 to -16 for the web."
    )
    true_peak: float = Field(-1, ge=-9, le=0, description="dBTP: the highest peak, also between two samples.")
    range: float | None = Field(
        None,
        ge=1,
        le=50,
        description="LU: a wider loudness range is narrowed to about this. Unchanged if omitted.",
    )


class EnhanceAudioParams(Params):
    """How to enhance the audio; each enhancement is off by default."""

    denoise: Strength | None = Field(None, description="Removes steady noise: hiss, fans, hum.")
    speech: bool = Field(
        default=False, description="For voices: removes rumble, softens sibilants, levels quiet and loud words."
    )
    loudness: LoudnessParams | None = None
    encoding: AudioParams | None = Field(None, description="How to compress the audio.")


# Compression must not undo the enhancement, so the quality is somewhat higher than TRANSCODE's.
FINE_CRF: Mapping[VideoCodec, int] = {
    VideoCodec.H264: 19,
    VideoCodec.H265: 22,
    VideoCodec.AV1: 28,
    VideoCodec.VP9: 29,
}


class EnhanceParams(Params):
    """Enhance the video, the audio, or both, of one file."""

    container: Container = Container.MP4
    video: EnhanceVideoParams | None = Field(None, description="null: the video is unchanged, and copied if possible.")
    audio: EnhanceAudioParams | None = Field(None, description="null: the audio is unchanged, and copied if possible.")

    @property
    def encoding(self) -> TranscodeParams:
        """How to encode the file, as parameters of TRANSCODE."""
        videos = CONTAINERS[self.container].videos
        audio = self.audio and self.audio.encoding
        if not videos:
            return TranscodeParams(container=self.container, audio=audio)
        asked = (self.video and self.video.encoding) or VideoEncodingParams()
        codec = asked.codec or videos[0]
        crf = FINE_CRF.get(codec) if asked.crf is None and asked.bitrate is None else asked.crf
        video = VideoParams(codec=codec, crf=crf, bitrate=asked.bitrate, speed=asked.speed, bit_depth=asked.bit_depth)
        return TranscodeParams(container=self.container, video=video, audio=audio)

    @model_validator(mode="after")
    def _something_to_do(self) -> Self:
        if self.video is None and self.audio is None:
            message = "there is nothing to enhance: give video, audio, or both"
            raise ValueError(message)
        if not CONTAINERS[self.container].videos and self.video:
            message = f"{self.container} holds no video: omit video, or choose mp4, mkv or webm"
            raise ValueError(message)
        if self.audio and self.audio.encoding and self.audio.encoding.tracks != "default":
            message = "ENHANCE takes one audio track, the one that a player plays: omit audio.encoding.tracks"
            raise ValueError(message)
        try:
            self.encoding  # noqa: B018 - whether a codec, its quality and the container go together
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
        return self
