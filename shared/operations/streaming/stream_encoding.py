"""The ffmpeg arguments that cut every video size and audio track at the same times."""

from collections.abc import Sequence
from pathlib import Path

from shared.media.probe import Audio
from shared.operations.streaming.rendition import CHANNELS, SAMPLE_RATE
from shared.operations.streaming.stream_params import Rung, StreamParams
from shared.operations.transcoding.encoding import SVT_AV1_PRESETS, USUAL_CRF, X264_PRESETS, X265_PRESETS, audio_filters
from shared.operations.transcoding.transcode_params import AudioCodec, AudioParams, VideoCodec

# One file with its index in front (global_sidx), the times of the source (frag_discont), frame reordering by an edit
# list, which every reader supports, rather than by negative offsets, which some readers get wrong (delay_moov), and no
# second index at the end.
FRAGMENTS = "cmaf+global_sidx+frag_discont+delay_moov+skip_trailer"
# The frames of the source, at their own times.
TIMES = ("-fps_mode", "passthrough", "-enc_time_base", "filter")
BARE = ("-map_metadata", "-1", "-map_chapters", "-1")  # no data about where, when and with what it was recorded
ENDLESS = "1000000"  # frames between two key frames, apart from the forced ones
BUFFER_SECONDS = 2  # a player's buffer absorbs peaks above the rung's bit rate


def video_rendition_arguments(params: StreamParams, rung: Rung, label: str, target: Path) -> list[str]:
    """Return the arguments of one video size, which has the label `label` in the filter graph."""
    return [
        *("-map", f"[{label}]", *BARE, *TIMES),
        *_encoder(params.codec, params, rung),
        *("-g", ENDLESS, "-force_key_frames", f"expr:{_boundaries(params.segment_seconds)}"),
        # A fragment is a segment: from one key frame to the next.
        *("-f", "mp4", "-movflags", f"{FRAGMENTS}+frag_keyframe", f"file:{target}"),
    ]


def audio_rendition_arguments(  # noqa: PLR0913 - what an audio track is, and where it goes
    params: StreamParams, track: int, audio: Audio, *, bitrate: int, before: Sequence[str], target: Path
) -> list[str]:
    """Return the arguments of one audio track of the source, counted from 0, at that many kbit/s.

    `before` are its first filters.
    """
    downmix = audio_filters(AudioCodec.AAC, AudioParams(channels=CHANNELS), audio)
    filters = [*before, *downmix, f"aresample={SAMPLE_RATE}"]
    return [
        *("-map", f"0:a:{track}", *BARE),
        *("-af", ",".join(filters), "-ac", str(CHANNELS)),
        *("-c:a", "aac", "-b:a", f"{bitrate}k"),
        # The encoder's priming before time 0: some players of fragments don't skip it, although the file says so.
        *("-bsf:a", r"noise=drop=lt(pts\,0)"),
        *("-f", "mp4", "-frag_duration", str(params.segment_seconds * 1_000_000), "-movflags", FRAGMENTS),
        f"file:{target}",
    ]


def _boundaries(seconds: int) -> str:
    """Return the expression for key frames: the first frame, and the first frame of each `seconds` seconds.

    It depends on time only, so it selects the same frames in every size, also with a variable frame rate.
    """
    return f"isnan(prev_forced_t)+gt(floor((t+0.001)/{seconds}),floor((prev_forced_t+0.001)/{seconds}))"


def _encoder(codec: VideoCodec, params: StreamParams, rung: Rung) -> list[str]:
    """Return the encoder: constant quality up to the rung's bit rate; closed groups, only forced key frames."""
    crf = USUAL_CRF[codec] if rung.crf is None else rung.crf
    target = ["-crf", str(crf), "-maxrate", f"{rung.bitrate}k", "-bufsize", f"{rung.bitrate * BUFFER_SECONDS}k"]
    encoders = {
        VideoCodec.H264: [
            *("-c:v", "libx264", "-preset", X264_PRESETS[params.speed], "-profile:v", "high"),
            *("-sc_threshold", "0", "-forced-idr", "1"),
        ],
        VideoCodec.H265: [
            *("-c:v", "libx265", "-preset", X265_PRESETS[params.speed], "-forced-idr", "1", "-tag:v", "hvc1"),
            *("-x265-params", "scenecut=0:open-gop=0:log-level=error"),
        ],
        VideoCodec.AV1: ["-c:v", "libsvtav1", "-preset", SVT_AV1_PRESETS[params.speed], "-svtav1-params", "scd=0"],
    }
    return [*encoders[codec], *target]
