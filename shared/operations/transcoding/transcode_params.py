"""What one may ask of a transcode: containers, codecs, and which of them go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from shared.operations.clip import Clip
from shared.operations.operation import Params
from shared.operations.video_filters import Box
from shared.operations.watermarks.watermark import Watermarks


class Container(StrEnum):
    """The kind of file to make; its value is the file's ending."""

    MP4 = "mp4"
    MKV = "mkv"
    WEBM = "webm"
    MOV = "mov"
    MP3 = "mp3"
    M4A = "m4a"
    WAV = "wav"
    FLAC = "flac"


class VideoCodec(StrEnum):
    """How the video is compressed."""

    H264 = "h264"
    H265 = "h265"
    AV1 = "av1"
    VP9 = "vp9"
    PRORES = "prores"


class AudioCodec(StrEnum):
    """How the audio is compressed."""

    AAC = "aac"
    OPUS = "opus"
    MP3 = "mp3"
    PCM = "pcm"
    FLAC = "flac"


class Fit(StrEnum):
    """What becomes of a video whose shape isn't that of width and height."""

    INSIDE = "inside"  # it keeps its shape and fits inside
    FILL = "fill"  # it fills them, and what sticks out is cut off
    PAD = "pad"  # it fits inside, with black around


class Speed(StrEnum):
    """How much time to spend: slower makes smaller files of the same quality."""

    FASTEST = "fastest"
    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"
    SLOWEST = "slowest"


@dataclass(frozen=True)
class ContainerRules:
    """What a container holds; the first codec of each kind is its usual one."""

    muxer: str
    content_type: str
    audio_content_type: str
    videos: tuple[VideoCodec, ...]
    audios: tuple[AudioCodec, ...]


EVERY_VIDEO = (VideoCodec.H264, VideoCodec.H265, VideoCodec.AV1, VideoCodec.VP9)
EVERY_AUDIO = (AudioCodec.AAC, AudioCodec.OPUS, AudioCodec.MP3)
CONTAINERS: Mapping[Container, ContainerRules] = {
    Container.MP4: ContainerRules("mp4", "video/mp4", "audio/mp4", EVERY_VIDEO, EVERY_AUDIO),
    Container.MKV: ContainerRules("matroska", "video/x-matroska", "audio/x-matroska", EVERY_VIDEO, EVERY_AUDIO),
    Container.WEBM: ContainerRules(
        "webm", "video/webm", "audio/webm", (VideoCodec.VP9, VideoCodec.AV1), (AudioCodec.OPUS,)
    ),
    Container.MOV: ContainerRules(
        "mov",
        "video/quicktime",
        "video/quicktime",
        (VideoCodec.PRORES, VideoCodec.H264, VideoCodec.H265),
        (AudioCodec.PCM, AudioCodec.AAC),
    ),
    Container.MP3: ContainerRules("mp3", "audio/mpeg", "audio/mpeg", (), (AudioCodec.MP3,)),
    Container.M4A: ContainerRules("ipod", "audio/mp4", "audio/mp4", (), (AudioCodec.AAC,)),
    Container.WAV: ContainerRules("wav", "audio/wav", "audio/wav", (), (AudioCodec.PCM,)),
    Container.FLAC: ContainerRules("flac", "audio/flac", "audio/flac", (), (AudioCodec.FLAC,)),
}
# Of h264, 0 is lossless: a profile that no browser plays. Of AV1, SVT takes 0 for "not given".
CRF_RANGES: Mapping[VideoCodec, tuple[int, int]] = {
    VideoCodec.H264: (1, 51),
    VideoCodec.H265: (0, 51),
    VideoCodec.AV1: (1, 63),
    VideoCodec.VP9: (0, 63),
}
LOSSLESS_RATES = (16000, 22050, 24000, 32000, 44100, 48000, 96000)
SAMPLE_RATES: Mapping[AudioCodec, tuple[int, ...]] = {
    AudioCodec.AAC: (16000, 22050, 24000, 32000, 44100, 48000),
    AudioCodec.OPUS: (16000, 24000, 48000),
    AudioCodec.MP3: (16000, 22050, 24000, 32000, 44100, 48000),
    AudioCodec.PCM: LOSSLESS_RATES,
    AudioCodec.FLAC: LOSSLESS_RATES,
}
MOST_JOINED = 10
ONE_TRACK = frozenset({Container.MP3, Container.WAV, Container.FLAC})
MP3_CHANNELS, MP3_BITRATE = 2, 320  # MPEG-1 audio layer III ends there.


def _even(value: int) -> int:
    return value - value % 2  # 4:2:0 stores colour for two by two pixels


Side = Annotated[int, Field(ge=16, le=8192), AfterValidator(_even)]


class VideoParams(Params):
    """The video: its codec, its quality (`crf` or `bitrate`), and the size that it must fit."""

    codec: VideoCodec | None = Field(None, description="The container's usual codec when left out.")
    crf: int | None = Field(
        None, ge=0, le=63, description="Constant quality: lower is better and larger. Not with `bitrate`."
    )
    bitrate: int | None = Field(None, ge=50, le=200_000, description="kbit/s on average. Not with `crf`.")
    speed: Speed = Field(Speed.MEDIUM, description="Slower makes smaller files of the same quality.")
    width: Side | None = Field(None, description="The video fits inside; its aspect is kept. Made even.")
    height: Side | None = Field(None, description="The video fits inside; its aspect is kept. Made even.")
    turn_box: bool = Field(
        default=False, description="Whether an upright video gets width and height the other way round."
    )
    upscale: bool = Field(default=False, description="Whether a smaller video is enlarged to fit.")
    fit: Fit = Field(Fit.INSIDE, description="What becomes of a video of another shape than `width` by `height`.")
    frame_rate: float | None = Field(
        None, ge=1, le=240, description="At most so many frames a second, at a constant rate."
    )
    bit_depth: Literal[8, 10] = Field(8, description="10 keeps HDR; with 8 it is tone-mapped to SDR.")
    intra: bool = Field(
        default=False, description="Whether every frame is a key frame: large files that are easy to edit."
    )

    @property
    def box(self) -> Box:
        """What the video must fit inside."""
        return Box(self.width, self.height, turns=self.turn_box, upscale=self.upscale)

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.crf is not None and self.bitrate is not None:
            message = "give crf or bitrate, not both: the one fixes the quality, the other the size"
            raise ValueError(message)
        if self.fit is not Fit.INSIDE and (self.width is None or self.height is None or self.turn_box):
            message = f'fit "{self.fit}" is about one shape: give width and height, and no turnBox'
            raise ValueError(message)
        return self


class AudioParams(Params):
    """The audio: its codec, bit rate, channels and sample rate."""

    codec: AudioCodec | None = Field(None, description="The container's usual codec when left out.")
    bitrate: int | None = Field(None, ge=16, le=640, description="kbit/s; 64 a channel when left out.")
    channels: int | None = Field(None, ge=1, le=8, description="At most so many; more are mixed down.")
    sample_rate: int | None = Field(None, description="Hz; the source's when left out.")
    tracks: Literal["default", "all"] = Field(
        "default", description="Which of the source's audio tracks: the one that a player plays, or all of them."
    )


class Quality(Params):
    """How good the video must look; the encoder's `crf` is found by trying."""

    vmaf: float = Field(ge=30, le=99, description="VMAF of the output's video: 95 is hard to tell from the source.")


Joined = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=1200)], ...], Field(max_length=MOST_JOINED)]


class TranscodeParams(Params):
    """One file out of one file: which container, which video, which audio."""

    container: Container = Container.MP4
    video: VideoParams | Literal["none"] | None = Field(
        None, description='"none" leaves the video out; null takes the container\'s usual codec.'
    )
    audio: AudioParams | Literal["none"] | None = Field(
        None, description='"none" leaves the audio out; null takes the container\'s usual codec.'
    )
    quality: Quality | None = Field(None, description="A quality to reach, in place of `video.crf`.")
    clip: Clip | None = Field(None, description="The part of the source to take; all of it when left out.")
    head: Joined = Field((), description="Files to put before it, as an intro: their keys, or `s3://bucket/key`.")
    tail: Joined = Field((), description="Files to put after it, as an outro.")
    watermarks: Watermarks = Field((), description="Images and texts to lay over the source's video.")
    copy_when_fits: bool = Field(
        default=False, description="Keep a stream as it is when it already is what was asked for."
    )

    @property
    def rules(self) -> ContainerRules:
        """What the container holds."""
        return CONTAINERS[self.container]

    @property
    def video_params(self) -> VideoParams | None:
        """What is asked of the video, None when it is left out."""
        return None if self.video == "none" or not self.rules.videos else self.video or VideoParams()

    @property
    def audio_params(self) -> AudioParams | None:
        """What is asked of the audio, None when it is left out."""
        return None if self.audio == "none" else self.audio or AudioParams()

    @property
    def video_codec(self) -> VideoCodec:
        """The codec of the video, if there is one."""
        return (self.video_params and self.video_params.codec) or self.rules.videos[0]

    @property
    def audio_codec(self) -> AudioCodec:
        """The codec of the audio, if there is some."""
        return (self.audio_params and self.audio_params.codec) or self.rules.audios[0]

    @property
    def joined(self) -> bool:
        """Whether other files come before or after the source."""
        return bool(self.head or self.tail)

    @property
    def keeps_streams(self) -> bool:
        """Whether a stream may be kept as it is: not when something is to be done to it."""
        return self.copy_when_fits and not (self.clip or self.joined or self.watermarks or self.quality)

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if isinstance(self.video, VideoParams) and not self.rules.videos:
            message = f"{self.container} holds no video: leave video out, or choose mp4, mkv or webm"
            raise ValueError(message)
        if self.audio_params is None and self.video_params is None:
            message = "neither video nor audio is asked for: nothing would be left"
            raise ValueError(message)
        if self.video_params is None and (self.quality or self.watermarks):
            message = "quality and watermarks are about the video: there is none to come out"
            raise ValueError(message)
        if self.video_params:
            self._check_video(self.video_params)
            self._check_quality(self.video_params)
        if self.audio_params:
            self._check_audio(self.audio_params)
        return self

    def _check_video(self, video: VideoParams) -> None:
        codec = self.video_codec
        if codec not in self.rules.videos:
            message = f"{self.container} holds {' or '.join(self.rules.videos)}, not {codec}"
            raise ValueError(message)
        if codec is VideoCodec.PRORES:
            if video.crf is not None or video.bitrate is not None or self.quality:
                message = "prores has one quality, as editors expect it: leave crf, bitrate and quality out"
                raise ValueError(message)
            return
        low, high = CRF_RANGES[codec]
        if video.crf is not None and not low <= video.crf <= high:
            message = f"crf {video.crf} is outside of what {codec} knows: {low} to {high}"
            raise ValueError(message)
        if codec is VideoCodec.H264 and video.bit_depth != 8:  # noqa: PLR2004
            message = "h264 in 10 bits plays almost nowhere: choose h265, av1 or vp9 for bitDepth 10"
            raise ValueError(message)

    def _check_quality(self, video: VideoParams) -> None:
        if self.quality and video.bitrate is not None:
            message = "give quality or video.bitrate, not both: the one fixes the quality, the other the size"
            raise ValueError(message)
        if self.quality and self.joined:
            message = "quality is measured against the source: it can't be asked for together with head or tail"
            raise ValueError(message)

    def _check_audio(self, audio: AudioParams) -> None:
        codec = self.audio_codec
        if codec not in self.rules.audios:
            message = f"{self.container} holds {' or '.join(self.rules.audios)}, not {codec}"
            raise ValueError(message)
        if audio.sample_rate is not None and audio.sample_rate not in SAMPLE_RATES[codec]:
            known = ", ".join(map(str, SAMPLE_RATES[codec]))
            message = f"sampleRate {audio.sample_rate} is none of those of {codec}: {known}"
            raise ValueError(message)
        if audio.tracks == "all" and (self.container in ONE_TRACK or self.joined):
            holder = "what is joined" if self.joined else self.container
            message = f'{holder} holds one audio track: leave audio.tracks at "default"'
            raise ValueError(message)
        if codec is AudioCodec.MP3 and (audio.channels or 0) > MP3_CHANNELS:
            message = f"mp3 has at most {MP3_CHANNELS} channels, not {audio.channels}"
            raise ValueError(message)
        if codec is AudioCodec.MP3 and (audio.bitrate or 0) > MP3_BITRATE:
            message = f"mp3 has at most {MP3_BITRATE} kbit/s, not {audio.bitrate}"
            raise ValueError(message)
