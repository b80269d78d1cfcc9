"""The parameters of TRANSCODE: containers, codecs, and their valid combinations."""

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
    """The kind of file to make; its value is the file extension."""

    MP4 = "mp4"
    MKV = "mkv"
    WEBM = "webm"
    MOV = "mov"
    MP3 = "mp3"
    M4A = "m4a"
    WAV = "wav"
    FLAC = "flac"


class VideoCodec(StrEnum):
    """The video codec."""

    H264 = "h264"
    H265 = "h265"
    AV1 = "av1"
    VP9 = "vp9"
    PRORES = "prores"


class AudioCodec(StrEnum):
    """The audio codec."""

    AAC = "aac"
    OPUS = "opus"
    MP3 = "mp3"
    PCM = "pcm"
    FLAC = "flac"


class Fit(StrEnum):
    """How to fit a video whose aspect ratio isn't that of width and height."""

    INSIDE = "inside"  # keep the aspect ratio and fit inside
    FILL = "fill"  # fill the box and crop the rest
    PAD = "pad"  # fit inside, with black bars


class Speed(StrEnum):
    """How much time to spend: a slower speed makes smaller files of the same quality."""

    FASTEST = "fastest"
    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"
    SLOWEST = "slowest"


@dataclass(frozen=True)
class ContainerRules:
    """The codecs of a container; the first one of each kind is the default."""

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
# For h264, 0 is lossless, a profile that no browser plays. For AV1, SVT takes 0 as "not given".
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
MP3_CHANNELS, MP3_BITRATE = 2, 320  # the limits of MPEG-1 audio layer III


def _even(value: int) -> int:
    return value - value % 2  # 4:2:0 stores color for two by two pixels


Side = Annotated[int, Field(ge=16, le=8192), AfterValidator(_even)]


class VideoParams(Params):
    """The video's codec, its quality (`crf` or `bitrate`), and its size."""

    codec: VideoCodec | None = Field(None, description="The container's default codec if omitted.")
    crf: int | None = Field(
        None, ge=0, le=63, description="Constant quality: a lower value is better and larger. Not with `bitrate`."
    )
    bitrate: int | None = Field(None, ge=50, le=200_000, description="Average kbit/s. Not with `crf`.")
    speed: Speed = Field(Speed.MEDIUM, description="A slower speed makes smaller files of the same quality.")
    width: Side | None = Field(None, description="Pixels; the video fits inside. Rounded down to an even number.")
    height: Side | None = Field(None, description="Pixels; the video fits inside. Rounded down to an even number.")
    turn_box: bool = Field(default=False, description="Whether width and height are swapped for a portrait video.")
    upscale: bool = Field(default=False, description="Whether a smaller video is enlarged to fit.")
    fit: Fit = Field(Fit.INSIDE, description="How to fit a video of another shape than `width` by `height`.")
    frame_rate: float | None = Field(None, ge=1, le=240, description="Maximum frames per second, at a constant rate.")
    bit_depth: Literal[8, 10] = Field(8, description="10 keeps HDR; 8 tone-maps it to SDR.")
    intra: bool = Field(
        default=False, description="Whether every frame is a key frame: large files that are easy to edit."
    )

    @property
    def box(self) -> Box:
        """The box that the video fits inside."""
        return Box(self.width, self.height, turns=self.turn_box, upscale=self.upscale)

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.crf is not None and self.bitrate is not None:
            message = "give crf or bitrate, not both: crf fixes the quality, bitrate the size"
            raise ValueError(message)
        if self.fit is not Fit.INSIDE and (self.width is None or self.height is None or self.turn_box):
            message = f'fit "{self.fit}" needs one shape: give width and height, and omit turnBox'
            raise ValueError(message)
        return self


class AudioParams(Params):
    """The audio's codec, bit rate, channels and sample rate."""

    codec: AudioCodec | None = Field(None, description="The container's default codec if omitted.")
    bitrate: int | None = Field(None, ge=16, le=640, description="kbit/s; 64 per channel if omitted.")
    channels: int | None = Field(None, ge=1, le=8, description="Maximum number; more channels are mixed down.")
    sample_rate: int | None = Field(None, description="Hz; the source's if omitted.")
    tracks: Literal["default", "all"] = Field(
        "default", description="The source's audio tracks to take: the one that a player plays, or all."
    )


class Quality(Params):
    """The quality to reach; trials find the encoder's `crf`."""

    vmaf: float = Field(ge=30, le=99, description="VMAF of the output's video; 95 is hard to tell from the source.")


Joined = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=1200)], ...], Field(max_length=MOST_JOINED)]


class TranscodeParams(Params):
    """One file into one file: its container, video and audio."""

    container: Container = Container.MP4
    video: VideoParams | Literal["none"] | None = Field(
        None, description='"none" omits the video; null takes the container\'s default codec.'
    )
    audio: AudioParams | Literal["none"] | None = Field(
        None, description='"none" omits the audio; null takes the container\'s default codec.'
    )
    quality: Quality | None = Field(None, description="A quality to reach, instead of `video.crf`.")
    clip: Clip | None = Field(None, description="The part of the source to take; the whole source if omitted.")
    head: Joined = Field((), description="Files to play before it, such as an intro: keys, or `s3://bucket/key`.")
    tail: Joined = Field((), description="Files to play after it, such as an outro.")
    watermarks: Watermarks = Field((), description="Images and texts on top of the source's video.")
    copy_when_fits: bool = Field(
        default=False, description="Whether a stream that already meets the parameters is copied."
    )

    @property
    def rules(self) -> ContainerRules:
        """The codecs of the container."""
        return CONTAINERS[self.container]

    @property
    def video_params(self) -> VideoParams | None:
        """The video's parameters, None if it is omitted."""
        return None if self.video == "none" or not self.rules.videos else self.video or VideoParams()

    @property
    def audio_params(self) -> AudioParams | None:
        """The audio's parameters, None if it is omitted."""
        return None if self.audio == "none" else self.audio or AudioParams()

    @property
    def video_codec(self) -> VideoCodec:
        """The video codec, if there is video."""
        return (self.video_params and self.video_params.codec) or self.rules.videos[0]

    @property
    def audio_codec(self) -> AudioCodec:
        """The audio codec, if there is audio."""
        return (self.audio_params and self.audio_params.codec) or self.rules.audios[0]

    @property
    def joined(self) -> bool:
        """Whether other files come before or after the source."""
        return bool(self.head or self.tail)

    @property
    def keeps_streams(self) -> bool:
        """Whether streams may be copied: not if something changes them."""
        return self.copy_when_fits and not (self.clip or self.joined or self.watermarks or self.quality)

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if isinstance(self.video, VideoParams) and not self.rules.videos:
            message = f"{self.container} holds no video: omit video, or choose mp4, mkv or webm"
            raise ValueError(message)
        if self.audio_params is None and self.video_params is None:
            message = 'video and audio are both "none": request at least one of them'
            raise ValueError(message)
        if self.video_params is None and (self.quality or self.watermarks):
            message = "quality and watermarks need video, and the output has none: omit them"
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
                message = "prores has one fixed quality: omit crf, bitrate and quality"
                raise ValueError(message)
            return
        low, high = CRF_RANGES[codec]
        if video.crf is not None and not low <= video.crf <= high:
            message = f"crf {video.crf} is outside the range of {codec}: {low} to {high}"
            raise ValueError(message)
        if codec is VideoCodec.H264 and video.bit_depth != 8:  # noqa: PLR2004
            message = "few players take h264 in 10 bits: choose h265, av1 or vp9 for bitDepth 10"
            raise ValueError(message)

    def _check_quality(self, video: VideoParams) -> None:
        if self.quality and video.bitrate is not None:
            message = "give quality or video.bitrate, not both: quality fixes the quality, bitrate the size"
            raise ValueError(message)
        if self.quality and self.joined:
            message = "quality is measured against the source: it can't be combined with head or tail"
            raise ValueError(message)

    def _check_audio(self, audio: AudioParams) -> None:
        codec = self.audio_codec
        if codec not in self.rules.audios:
            message = f"{self.container} holds {' or '.join(self.rules.audios)}, not {codec}"
            raise ValueError(message)
        if audio.sample_rate is not None and audio.sample_rate not in SAMPLE_RATES[codec]:
            known = ", ".join(map(str, SAMPLE_RATES[codec]))
            message = f"sampleRate {audio.sample_rate} is not supported by {codec}: choose one of {known}"
            raise ValueError(message)
        if audio.tracks == "all" and (self.container in ONE_TRACK or self.joined):
            holder = "a joined file" if self.joined else self.container
            message = f'{holder} holds one audio track: set audio.tracks to "default"'
            raise ValueError(message)
        if codec is AudioCodec.MP3 and (audio.channels or 0) > MP3_CHANNELS:
            message = f"mp3 has at most {MP3_CHANNELS} channels, not {audio.channels}"
            raise ValueError(message)
        if codec is AudioCodec.MP3 and (audio.bitrate or 0) > MP3_BITRATE:
            message = f"mp3 has at most {MP3_BITRATE} kbit/s, not {audio.bitrate}"
            raise ValueError(message)
