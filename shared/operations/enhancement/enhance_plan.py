"""What ENHANCE does to each stream of its source, and the ffmpeg arguments for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.errors import MediaRejected
from shared.media.probe import Audio, Media, Video
from shared.operations import audio_tracks, video_filters
from shared.operations.enhancement import enhance_audio, enhance_video
from shared.operations.enhancement.enhance_audio import Leveling
from shared.operations.enhancement.enhance_params import EnhanceParams, EnhanceVideoParams
from shared.operations.loudness import Loudness, measure_loudness
from shared.operations.operation import OperationContext
from shared.operations.transcoding import encoding
from shared.operations.transcoding.copying import COPYABLE_FORMATS
from shared.operations.transcoding.transcode_params import (
    AudioParams,
    Container,
    TranscodeParams,
    VideoCodec,
    VideoParams,
)


@dataclass(frozen=True)
class EnhancePlan:
    """The streams to enhance, and the filters for the audio."""

    params: EnhanceParams
    video: Video | None
    audio: Audio | None
    media: Media
    chain: tuple[str, ...] = ()
    before: Loudness | None = None
    levelling: Leveling | None = None

    @property
    def encoding(self) -> TranscodeParams:
        """How to encode the file."""
        return self.params.encoding

    @property
    def video_params(self) -> EnhanceVideoParams:
        """How to enhance the video."""
        return self.params.video or EnhanceVideoParams()

    @property
    def pixels(self) -> str:
        """The pixel format of the encoder's input."""
        return encoding.pixel_format(self.encoding.video_codec, self.encoding.video_params or VideoParams())

    @property
    def track(self) -> int:
        """The number of the source's audio track, from 0."""
        return self.media.track(self.audio) if self.audio else 0

    @property
    def copies_video(self) -> bool:
        """Whether the video is copied, bit by bit."""
        return not self.params.video and self._copyable(self.video, self.encoding.rules.videos)

    @property
    def copies_audio(self) -> bool:
        """Whether the audio is copied, bit by bit."""
        asked = self.params.audio or (self.audio and self.audio.holes)
        return not asked and self._copyable(self.audio, self.encoding.rules.audios)

    @property
    def duration(self) -> float | None:
        """The expected duration of the output in seconds; None if the source doesn't state one."""
        lasts = (stream.duration for stream in (self.video, self.audio) if stream and stream.duration)
        return max(lasts, default=self.media.duration)

    @property
    def frame_rate(self) -> float | None:
        """The frame rate of the output; None without video, or if the source doesn't state one."""
        return enhance_video.enhanced_frame_rate(self.video_params, self.video) if self.video else None

    def _copyable(self, stream: Video | Audio | None, codecs: Sequence[str]) -> bool:
        # A truncated stream ends with half a packet, which must not be copied; in an open-ended file it is unnoticed.
        known = not self.media.truncated and not self.media.open_ended
        whole = self.media.format in COPYABLE_FORMATS and known
        return stream is not None and stream.codec in codecs and whole


def plan_enhancement(params: EnhanceParams, context: OperationContext) -> EnhancePlan:
    """Return the plan; raise MediaRejected if the source has no requested stream."""
    media = context.media
    video = media.video if params.encoding.rules.videos else None
    if video:
        video_filters.check_video(video, context.ffmpeg.limits)
    tracks = audio_tracks.require_tracks(media) if params.audio else audio_tracks.decodable_tracks(media)
    audio = media.audio if tracks else None
    wanted = [("video", "NoVideo", params.video, video), ("audio", "NoAudio", params.audio, audio)]
    if not any(asked and stream for _, _, asked, stream in wanted):
        kind, code = next((kind, code) for kind, code, asked, stream in wanted if asked and not stream)
        message = f"the source has no {kind} to enhance, and nothing else is requested"
        raise MediaRejected(message, code=f"SourceFileError.{code}")
    return _listened(_looked_through(EnhancePlan(params, video, audio, media), context), context)


def _looked_through(work: EnhancePlan, context: OperationContext) -> EnhancePlan:
    """Return the plan with the holes of an audio track that would be copied."""
    if work.audio is None or not work.copies_audio:
        return work
    media = audio_tracks.find_holes(context, work.media, [work.audio])
    return replace(work, media=media, audio=media.audios[work.track])


def _listened(work: EnhancePlan, context: OperationContext) -> EnhancePlan:
    """Return the plan with the audio filters; the loudness filters depend on a measurement."""
    if work.audio is None or work.copies_audio:
        return work
    asked = work.params.audio
    filters = encoding.audio_filters(work.encoding.audio_codec, work.encoding.audio_params or AudioParams(), work.audio)
    mixing = (audio_tracks.FROM_THE_START, *filters)
    if asked is None:
        return replace(work, chain=mixing)
    before = None
    if asked.loudness or asked.denoise:
        before = measure_loudness(context, context.source, work.track, chain=mixing, share=enhance_audio.SHARE)
    chain = (*mixing, *enhance_audio.cleaning_filters(asked, before))
    work = replace(work, chain=chain, before=before)
    if not asked.loudness:
        return work
    return replace(work, levelling=enhance_audio.plan_leveling(asked.loudness, chain, work.track, context))


def enhanced_video_arguments(work: EnhancePlan) -> list[str]:
    """Return the arguments for the video, if there is any."""
    if work.video is None:
        return []
    if work.copies_video:
        return copied_video_arguments(work)
    asked, codec = work.encoding.video_params or VideoParams(), work.encoding.video_codec
    chain = enhance_video.enhancement_filters(work.video_params, work.video, work.pixels)
    # A capital V skips cover art.
    return ["-map", "0:V:0", "-vf", ",".join(chain), *encoding.video_encoder(codec, asked), *_tag(work, codec)]


def copied_video_arguments(work: EnhancePlan) -> list[str]:
    """Return the arguments that copy the video of the source, or of the first output."""
    if work.video is None:
        return []
    codec = work.video.codec if work.copies_video else work.encoding.video_codec
    return ["-map", "0:V:0", "-c:v", "copy", *_tag(work, codec)]


def enhanced_audio_arguments(work: EnhancePlan, *, source: int = 0) -> list[str]:
    """Return the arguments for the audio, if there is any; `source` is the number of the source's input."""
    if work.audio is None:
        return []
    track = f"{source}:a:{work.track}"
    language = ["-map_metadata:s:a:0", f"{source}:s:a:{work.track}"]
    if work.copies_audio:
        return ["-map", track, "-c:a", "copy", *language]
    asked, codec = work.encoding.audio_params or AudioParams(), work.encoding.audio_codec
    # The filters already mix it down: the output has the loudness that was measured after them.
    mixed = replace(work.audio, channels=encoding.output_channels(codec, asked, work.audio))
    filters = work.levelling.filters if work.levelling else work.chain
    return ["-map", track, *encoding.audio_encoder(codec, asked, mixed, before=filters), *language]


def _tag(work: EnhancePlan, codec: str) -> list[str]:
    # Apple players take H.265 in MP4 under this tag only.
    apple = {Container.MP4, Container.MOV}
    return ["-tag:v", "hvc1"] if work.params.container in apple and codec == VideoCodec.H265 else []
