"""What ffmpeg is told so that every size of a video, and every audio track, is cut at the same places."""

from collections.abc import Sequence
from pathlib import Path

from shared.media.probe import Audio
from shared.operations.streaming.rendition import CHANNELS, SAMPLE_RATE
from shared.operations.streaming.stream_params import Rung, StreamParams
from shared.operations.transcoding.encoding import SVT_AV1_PRESETS, USUAL_CRF, X264_PRESETS, X265_PRESETS, audio_filters
from shared.operations.transcoding.transcode_params import AudioCodec, AudioParams, VideoCodec

# One file with its index in front (global_sidx), times as they are in the source (frag_discont), frames that come out
# of order told apart by an edit list, which every reader knows, rather than by negative offsets, which some get wrong
# (delay_moov), and no second index at the end.
FRAGMENTS = "cmaf+global_sidx+frag_discont+delay_moov+skip_trailer"
# The frames that the source has, at the times that they have there.
TIMES = ("-fps_mode", "passthrough", "-enc_time_base", "filter")
BARE = ("-map_metadata", "-1", "-map_chapters", "-1")  # nothing of where, when and with what it was taken
ENDLESS = "1000000"  # frames between two key frames, beyond those that are forced
BUFFER_SECONDS = 2  # what a player has buffered smooths out peaks above the rung's bit rate


def video_rendition_arguments(params: StreamParams, rung: Rung, label: str, target: Path) -> list[str]:
    """Return the arguments of one size of the video, which the filter graph calls `label`."""
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

    `before` are the filters that it begins with.
    """
    downmix = audio_filters(AudioCodec.AAC, AudioParams(channels=CHANNELS), audio)
    filters = [*before, *downmix, f"aresample={SAMPLE_RATE}"]
    return [
        *("-map", f"0:a:{track}", *BARE),
        *("-af", ",".join(filters), "-ac", str(CHANNELS)),
        *("-c:a", "aac", "-b:a", f"{bitrate}k"),
        # The encoder's run-up, which lies before time 0: not every player of fragments leaves it out as it is told to.
        *("-bsf:a", r"noise=drop=lt(pts\,0)"),
        *("-f", "mp4", "-frag_duration", str(params.segment_seconds * 1_000_000), "-movflags", FRAGMENTS),
        f"file:{target}",
    ]


def _boundaries(seconds: int) -> str:
    """Return the rule by which a frame becomes a key frame: the first one, and the first of every so many seconds.

    Told by the time alone, it chooses the same frames in every size, also where the frames' rate varies.
    """
    return f"isnan(prev_forced_t)+gt(floor((t+0.001)/{seconds}),floor((prev_forced_t+0.001)/{seconds}))"


def _encoder(codec: VideoCodec, params: StreamParams, rung: Rung) -> list[str]:
    """Return the encoder: constant quality, up to the rung's bit rate; closed groups, no key frames of its own."""
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
