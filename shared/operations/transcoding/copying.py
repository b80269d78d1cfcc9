"""Whether a stream already meets the parameters, so that it can be copied bit by bit."""

from shared.media.probe import Audio, Media, Video
from shared.operations import video_filters
from shared.operations.transcoding.transcode_params import AudioParams, Fit, TranscodeParams, VideoCodec, VideoParams

# Containers whose packets have the times that MP4 and MKV need; those of AVI and MPEG-TS may not.
COPYABLE_FORMATS = frozenset({"MPEG-4", "QuickTime", "Matroska", "WebM"})
SLACK = 1.1  # Encoders meet a requested bit rate only approximately.
MAX_CHANNELS = 8


def video_fits(params: TranscodeParams, asked: VideoParams, video: Video, media: Media) -> bool:
    """Whether the video already meets the parameters, as far as the file states it."""
    return (
        media.format in COPYABLE_FORMATS
        and video.codec == params.video_codec != VideoCodec.PRORES
        and video.square_pixels
        and not video.interlaced
        and video.chroma in {None, "4:2:0"}
        and (video.bit_depth or 8) <= asked.bit_depth
        and not (video.hdr and asked.bit_depth == 8)  # noqa: PLR2004
        and not asked.intra
        and asked.fit is Fit.INSIDE
        and _box_fits(asked.box, video)
        and (not asked.frame_rate or _rate_fits(asked.frame_rate, video))
        and (not asked.bitrate or _bits_fit(asked.bitrate, video.bit_rate))
    )


def _box_fits(box: video_filters.Box, video: Video) -> bool:
    """Whether the size is right; with upscaling, one side must fill the box."""
    if box.turns and video.height > video.width:
        box = box.turned()
    ratios = [have / want for have, want in ((video.width, box.width), (video.height, box.height)) if want]
    return not ratios or (max(ratios) == 1 if box.upscale else max(ratios) <= 1)


def _rate_fits(limit: float, video: Video) -> bool:
    return not video.variable_frame_rate and video.frame_rate is not None and video.frame_rate <= limit


def _bits_fit(kbits: int, bits: int | None) -> bool:
    return bits is not None and bits <= kbits * 1000 * SLACK


def audio_fits(params: TranscodeParams, asked: AudioParams, audio: Audio, media: Media) -> bool:
    """Whether the audio already meets the parameters, as far as the file states it."""
    return (
        media.format in COPYABLE_FORMATS
        and audio.codec == params.audio_codec
        and not audio.holes
        and (not asked.channels or (audio.channels or MAX_CHANNELS) <= asked.channels)
        and asked.sample_rate in {None, audio.sample_rate}
        and (not asked.bitrate or _bits_fit(asked.bitrate, audio.bit_rate))
    )
