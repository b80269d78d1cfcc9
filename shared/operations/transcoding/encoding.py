"""The arguments of each encoder, in its own dialect."""

from collections.abc import Sequence

from shared.media.probe import Audio
from shared.operations.transcoding.transcode_params import (
    MP3_CHANNELS,
    AudioCodec,
    AudioParams,
    Speed,
    VideoCodec,
    VideoParams,
)

# The preset of each encoder for each `speed`, from FASTEST to SLOWEST.
X264_PRESETS = dict(zip(Speed, ("ultrafast", "veryfast", "medium", "slow", "veryslow"), strict=True))
X265_PRESETS = dict(zip(Speed, ("ultrafast", "veryfast", "medium", "slow", "slower"), strict=True))
SVT_AV1_PRESETS = dict(zip(Speed, ("11", "10", "8", "6", "4"), strict=True))
VP9_CPU_USED = dict(zip(Speed, ("8", "5", "3", "2", "1"), strict=True))
USUAL_CRF = {VideoCodec.H264: 22, VideoCodec.H265: 25, VideoCodec.AV1: 32, VideoCodec.VP9: 33}
AUDIO_ENCODERS = {
    AudioCodec.AAC: "aac",
    AudioCodec.OPUS: "libopus",
    AudioCodec.MP3: "libmp3lame",
    AudioCodec.PCM: "pcm_s24le",
    AudioCodec.FLAC: "flac",
}
LOSSLESS = frozenset({AudioCodec.PCM, AudioCodec.FLAC})
KBITS_PER_CHANNEL, OPUS_KBITS_PER_CHANNEL = 64, 256
MAX_CHANNELS = 8
STEREO = 2
LAYOUTS = dict(enumerate(("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1", "7.1"), start=1))
# libopus rejects other layouts with as many channels, such as 5.1(side), that other codecs use.
OPUS_LAYOUTS = {**LAYOUTS, 4: "quad"}
LIMITER = "alimiter=limit=0.97:level=false:latency=true"


def video_encoder(codec: VideoCodec, asked: VideoParams, *, crf: float | None = None) -> list[str]:
    """Return the encoder, its speed and its target; `crf` overrides the one in the parameters."""
    if codec is VideoCodec.PRORES:
        # Profile 3 is 422 HQ; the vendor is that of Apple's encoder, which some editors check.
        return ["-c:v", "prores_ks", "-profile:v", "3", "-vendor", "apl0", "-pix_fmt", pixel_format(codec, asked)]
    wanted = crf if crf is not None else USUAL_CRF[codec] if asked.crf is None else asked.crf
    rate = asked.bitrate if crf is None else None
    target = ["-b:v", f"{rate}k"] if rate else ["-crf", f"{wanted:g}"]
    # Peaks that a player's buffer of two seconds absorbs.
    peaks = ["-maxrate", f"{rate * 3 // 2}k", "-bufsize", f"{rate * 2}k"] if rate else []
    pixels = ["-pix_fmt", pixel_format(codec, asked)]
    match codec:
        case VideoCodec.H264:
            encoder = ["-c:v", "libx264", "-preset", X264_PRESETS[asked.speed], *target, *peaks]
        case VideoCodec.H265:
            encoder = ["-c:v", "libx265", "-preset", X265_PRESETS[asked.speed], *target, *peaks]
        case VideoCodec.AV1:
            # SVT rejects -maxrate together with a bit rate.
            encoder = ["-c:v", "libsvtav1", "-preset", SVT_AV1_PRESETS[asked.speed], *target]
        case VideoCodec.VP9:
            deadline = "realtime" if asked.speed is Speed.FASTEST else "good"
            speed = ["-deadline", deadline, "-cpu-used", VP9_CPU_USED[asked.speed], "-row-mt", "1"]
            # Without -b:v 0, a crf is only an upper bound of the default bit rate.
            encoder = ["-c:v", "libvpx-vp9", *speed, *target, *(peaks or ["-b:v", "0"])]
    return [*pixels, *encoder, *(["-g", "1"] if asked.intra else [])]


def pixel_format(codec: VideoCodec, asked: VideoParams) -> str:
    """Return the pixel format: 4:2:0, but 4:2:2 for editing."""
    if codec is VideoCodec.PRORES:
        return "yuv422p10le"
    return "yuv420p10le" if asked.bit_depth == 10 else "yuv420p"  # noqa: PLR2004 - bits


def audio_encoder(
    codec: AudioCodec, asked: AudioParams, audio: Audio, *, stream: int = 0, before: Sequence[str] = ()
) -> list[str]:
    """Return the encoder, rates and filters of the output's audio track `stream`; `before` are the first filters."""
    count = output_channels(codec, asked, audio)
    filters = [*before, *audio_filters(codec, asked, audio)]
    arguments = [f"-c:a:{stream}", AUDIO_ENCODERS[codec]]
    if codec not in LOSSLESS:
        rate = asked.bitrate or KBITS_PER_CHANNEL * count
        # libopus fails for a higher bit rate; other encoders lower it themselves.
        rate = min(rate, OPUS_KBITS_PER_CHANNEL * count) if codec is AudioCodec.OPUS else rate
        arguments += [f"-b:a:{stream}", f"{rate}k"]
    if filters:
        arguments += [f"-filter:a:{stream}", ",".join(filters)]
    if asked.sample_rate:
        arguments += [f"-ar:a:{stream}", str(asked.sample_rate)]
    return arguments


def output_channels(codec: AudioCodec, asked: AudioParams, audio: Audio) -> int:
    """Return the number of channels of the output: at most the number in the source."""
    most = MP3_CHANNELS if codec is AudioCodec.MP3 else MAX_CHANNELS
    return min(audio.channels or STEREO, asked.channels or most)


def audio_filters(codec: AudioCodec, asked: AudioParams, audio: Audio) -> list[str]:
    """Return the filters that mix down to the output's channels, or give them the layout that the encoder knows."""
    count = output_channels(codec, asked, audio)
    layout = (OPUS_LAYOUTS if codec is AudioCodec.OPUS else LAYOUTS)[count]
    if count < (audio.channels or MAX_CHANNELS):
        return list(downmix_filters(layout))
    if codec is AudioCodec.OPUS and count > STEREO:
        return [f"aformat=channel_layouts={layout}"]
    return []


def downmix_filters(layout: str) -> tuple[str, str]:
    """Return the filters that mix down to a layout as in ITU-R BS.775: in stereo, the center is at -3 dB.

    By default, the resampler turns the whole mix down if samples are integers, by 11 dB to mono, and drowns voices.
    Here a limiter catches the rare peak instead.
    """
    return f"aresample=out_chlayout={layout}:out_sample_fmt=fltp:rematrix_maxval=8", LIMITER
