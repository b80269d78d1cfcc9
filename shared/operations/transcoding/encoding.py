"""What is asked of an encoder, in the dialect of each."""

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

# What `speed` means to each encoder, from FASTEST to SLOWEST.
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
# libopus refuses others of as many channels, as 5.1(side), that other codecs use.
OPUS_LAYOUTS = {**LAYOUTS, 4: "quad"}
LIMITER = "alimiter=limit=0.97:level=false:latency=true"


def video_encoder(codec: VideoCodec, asked: VideoParams, *, crf: float | None = None) -> list[str]:
    """Return the encoder, its speed and its target, each in its own dialect; `crf` overrides what was asked."""
    if codec is VideoCodec.PRORES:
        # Profile 3 is 422 HQ; the vendor is what Apple's own encoder writes, which some editors look for.
        return ["-c:v", "prores_ks", "-profile:v", "3", "-vendor", "apl0", "-pix_fmt", pixel_format(codec, asked)]
    wanted = crf if crf is not None else USUAL_CRF[codec] if asked.crf is None else asked.crf
    rate = asked.bitrate if crf is None else None
    target = ["-b:v", f"{rate}k"] if rate else ["-crf", f"{wanted:g}"]
    # The peaks that a player's buffer of two seconds smooths out.
    peaks = ["-maxrate", f"{rate * 3 // 2}k", "-bufsize", f"{rate * 2}k"] if rate else []
    pixels = ["-pix_fmt", pixel_format(codec, asked)]
    match codec:
        case VideoCodec.H264:
            encoder = ["-c:v", "libx264", "-preset", X264_PRESETS[asked.speed], *target, *peaks]
        case VideoCodec.H265:
            encoder = ["-c:v", "libx265", "-preset", X265_PRESETS[asked.speed], *target, *peaks]
        case VideoCodec.AV1:
            # SVT refuses -maxrate beside a bit rate.
            encoder = ["-c:v", "libsvtav1", "-preset", SVT_AV1_PRESETS[asked.speed], *target]
        case VideoCodec.VP9:
            deadline = "realtime" if asked.speed is Speed.FASTEST else "good"
            speed = ["-deadline", deadline, "-cpu-used", VP9_CPU_USED[asked.speed], "-row-mt", "1"]
            # Without -b:v 0 a crf is only an upper bound of the default bit rate.
            encoder = ["-c:v", "libvpx-vp9", *speed, *target, *(peaks or ["-b:v", "0"])]
    return [*pixels, *encoder, *(["-g", "1"] if asked.intra else [])]


def pixel_format(codec: VideoCodec, asked: VideoParams) -> str:
    """Return how pixels are stored: in 4:2:0, but for editing in 4:2:2."""
    if codec is VideoCodec.PRORES:
        return "yuv422p10le"
    return "yuv420p10le" if asked.bit_depth == 10 else "yuv420p"  # noqa: PLR2004 - bits


def audio_encoder(
    codec: AudioCodec, asked: AudioParams, audio: Audio, *, stream: int = 0, before: Sequence[str] = ()
) -> list[str]:
    """Return the encoder, rates and filters of the output's audio track of that number; `before` are filters, too."""
    count = output_channels(codec, asked, audio)
    filters = [*before, *audio_filters(codec, asked, audio)]
    arguments = [f"-c:a:{stream}", AUDIO_ENCODERS[codec]]
    if codec not in LOSSLESS:
        rate = asked.bitrate or KBITS_PER_CHANNEL * count
        # More is an error to libopus; other encoders come down of themselves.
        rate = min(rate, OPUS_KBITS_PER_CHANNEL * count) if codec is AudioCodec.OPUS else rate
        arguments += [f"-b:a:{stream}", f"{rate}k"]
    if filters:
        arguments += [f"-filter:a:{stream}", ",".join(filters)]
    if asked.sample_rate:
        arguments += [f"-ar:a:{stream}", str(asked.sample_rate)]
    return arguments


def output_channels(codec: AudioCodec, asked: AudioParams, audio: Audio) -> int:
    """Return how many channels come out: at most so many as there are."""
    most = MP3_CHANNELS if codec is AudioCodec.MP3 else MAX_CHANNELS
    return min(audio.channels or STEREO, asked.channels or most)


def audio_filters(codec: AudioCodec, asked: AudioParams, audio: Audio) -> list[str]:
    """Return the filters that mix down to the channels that come out, or name these as the encoder knows them."""
    count = output_channels(codec, asked, audio)
    layout = (OPUS_LAYOUTS if codec is AudioCodec.OPUS else LAYOUTS)[count]
    if count < (audio.channels or MAX_CHANNELS):
        return list(downmix_filters(layout))
    if codec is AudioCodec.OPUS and count > STEREO:
        return [f"aformat=channel_layouts={layout}"]
    return []


def downmix_filters(layout: str) -> tuple[str, str]:
    """Return the filters that mix more channels down to a layout by ITU-R BS.775: in stereo, the centre is at -3 dB.

    Left to itself, the resampler turns all of it down, to mono by 11 dB, when samples are whole numbers, and voices
    drown; the limiter catches the rare peak instead.
    """
    return f"aresample=out_chlayout={layout}:out_sample_fmt=fltp:rematrix_maxval=8", LIMITER
