"""One file into one file: another container, codec, size or rate."""

from dataclasses import dataclass

from shared.errors import MediaRejected
from shared.ffmpeg import Limits
from shared.operations import picture
from shared.operations.operation import Operation, Produced, Workbench, Yield
from shared.operations.transcode_params import (
    MP3_CHANNELS,
    AudioCodec,
    AudioParams,
    Container,
    Speed,
    TranscodeParams,
    VideoCodec,
    VideoParams,
)
from shared.probe import Audio, Media, Video, probe
from shared.task import SubtaskType

# What `speed` means to each encoder, from FASTEST to SLOWEST.
X264_PRESETS = dict(zip(Speed, ("ultrafast", "veryfast", "medium", "slow", "veryslow"), strict=True))
X265_PRESETS = dict(zip(Speed, ("ultrafast", "veryfast", "medium", "slow", "slower"), strict=True))
SVT_AV1_PRESETS = dict(zip(Speed, ("11", "10", "8", "6", "4"), strict=True))
VP9_CPU_USED = dict(zip(Speed, ("8", "5", "3", "2", "1"), strict=True))
USUAL_CRF = {VideoCodec.H264: 22, VideoCodec.H265: 25, VideoCodec.AV1: 32, VideoCodec.VP9: 33}
AUDIO_ENCODERS = {AudioCodec.AAC: "aac", AudioCodec.OPUS: "libopus", AudioCodec.MP3: "libmp3lame"}
KBITS_PER_CHANNEL = 64
MAX_CHANNELS = 8
STEREO = 2
# libopus refuses the variants of a layout, as 5.1(side), that other codecs use.
OPUS_LAYOUTS = {3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
# Their packets have the times that an mp4 or mkv needs; those of AVI and MPEG-TS may not.
COPYABLE_FORMATS = frozenset({"MPEG-4", "QuickTime", "Matroska", "WebM"})
SLACK = 1.1  # A bit rate asked for is met more or less.
CUT_SECONDS, CUT_SHARE = 0.5, 0.05  # Missing more than both is no rounding of the last frame.


@dataclass(frozen=True)
class Plan:
    """What to run: the arguments between input and output, and what was bent on the way."""

    arguments: tuple[str, ...]
    warnings: tuple[str, ...]
    video: Video | None
    audio: Audio | None
    frame_rate: float | None
    copies: bool

    @property
    def duration(self) -> float | None:
        """How many seconds of media should come out; None when the source doesn't say."""
        return max((s.duration for s in (self.video, self.audio) if s and s.duration), default=None)


def run(params: TranscodeParams, bench: Workbench) -> Yield:
    """Make the one file, and look at it before it is handed over."""
    work = plan(params, bench.media, bench.ffmpeg.limits)
    target = bench.folder / f"out.{params.container}"
    bench.ffmpeg.run(
        [*bench.ffmpeg.input_arguments(bench.source), *work.arguments, f"file:{target}"],
        duration=work.duration or bench.media.duration,
        phase="copying" if work.copies else "encoding",
        frame_rate=work.frame_rate,
    )
    try:
        made = probe(target, "the output")
    except (MediaRejected, FileNotFoundError) as nothing:
        message = "nothing in the source could be decoded: it is damaged"
        raise MediaRejected(message) from nothing
    rules = params.rules
    content_type = rules.content_type if work.video else rules.content_type_of_sound
    file = Produced(path=target, content_type=content_type, facts=facts(made))
    return Yield((file,), warnings=(*work.warnings, *_cut(work.duration, made.duration)))


def facts(media: Media) -> dict[str, object]:
    """Return what people want to know about a file."""
    video, audio = media.video, media.audio
    known = {
        "width": video and video.width,
        "height": video and video.height,
        "frameRate": video and video.frame_rate,
        "duration": media.duration,
        "videoCodec": video and video.codec,
        "audioCodec": audio and audio.codec,
        "channels": audio and audio.channels,
        "bitRate": media.bit_rate,
    }
    return {key: value for key, value in known.items() if value is not None}


def plan(params: TranscodeParams, media: Media, limits: Limits) -> Plan:
    """Decide what becomes of each stream; raise when nothing of what was asked for is there."""
    video = media.video if params.picture else None
    audio = media.audio if params.sound else None
    if video is None and audio is None:
        lacks = ("sound", "NoAudio") if params.sound else ("picture", "NoVideo")
        message = f"the source has no {lacks[0]}, and nothing else is asked for"
        raise MediaRejected(message, code=f"SourceFileError.{lacks[1]}")
    arguments: list[str] = []
    copies = True
    if params.picture and video:
        picture.check_size(video, limits)
        copied = params.copy_when_fits and _video_fits(params, params.picture, video, media)
        # A capital V passes over cover art.
        arguments += ["-map", "0:V:0", *(("-c:v", "copy") if copied else _encode_video(params, video))]
        arguments += ["-tag:v", "hvc1"] if _wants_hvc1(params) else []
        copies = copies and copied
    if params.sound and audio:
        copied = params.copy_when_fits and _audio_fits(params, params.sound, audio, media)
        track = media.audios.index(audio)
        arguments += ["-map", f"0:a:{track}"]
        arguments += ["-c:a", "copy"] if copied else _encode_audio(params.audio_codec, params.sound, audio)
        arguments += ["-map_metadata:s:a:0", f"0:s:a:{track}"]  # its language
        copies = copies and copied
    arguments += _container_arguments(params, media)
    warnings = tuple(_warnings(params, media))
    return Plan(tuple(arguments), warnings, video, audio, _frame_rate(params, video), copies)


def _frame_rate(params: TranscodeParams, video: Video | None) -> float | None:
    """Return the frames a second that come out; None without a picture, or when the source doesn't say."""
    if video is None or params.picture is None or video.frame_rate is None:
        return None
    return min(video.frame_rate, params.picture.frame_rate or video.frame_rate)


def _container_arguments(params: TranscodeParams, media: Media) -> list[str]:
    # What a phone writes beside the picture, as the place where it was, is nobody's business: of the
    # tags only title, artist and album go on.
    arguments = ["-map_metadata", "-1", "-map_chapters", "-1"]
    for key, value in media.tags.items():
        arguments += ["-metadata", f"{key}={value}"]
    if params.container in {Container.MP4, Container.M4A}:
        arguments += ["-movflags", "+faststart"]  # moov in front: a browser plays before it has it all
    return [*arguments, "-f", params.rules.muxer]


def _encode_video(params: TranscodeParams, video: Video) -> list[str]:
    asked = params.picture or VideoParams()
    keep_hdr = asked.bit_depth == 10  # noqa: PLR2004
    chain = picture.filters(video, asked.box, keep_hdr=keep_hdr)
    if asked.frame_rate:
        chain.append(f"fps=fps='min(source_fps,{asked.frame_rate:g})'")
    pixels = "yuv420p10le" if keep_hdr else "yuv420p"
    return ["-vf", ",".join(chain), "-pix_fmt", pixels, *_encoder(params.video_codec, asked)]


def _encoder(codec: VideoCodec, asked: VideoParams) -> list[str]:
    """Return the encoder, its speed and its target, each in its own dialect."""
    crf = str(USUAL_CRF[codec] if asked.crf is None else asked.crf)
    rate = asked.bitrate
    target = ["-b:v", f"{rate}k"] if rate else ["-crf", crf]
    # The peaks that a player's buffer of two seconds smooths out.
    peaks = ["-maxrate", f"{rate * 3 // 2}k", "-bufsize", f"{rate * 2}k"] if rate else []
    match codec:
        case VideoCodec.H264:
            return ["-c:v", "libx264", "-preset", X264_PRESETS[asked.speed], *target, *peaks]
        case VideoCodec.H265:
            return ["-c:v", "libx265", "-preset", X265_PRESETS[asked.speed], *target, *peaks]
        case VideoCodec.AV1:
            # SVT refuses -maxrate beside a bit rate.
            return ["-c:v", "libsvtav1", "-preset", SVT_AV1_PRESETS[asked.speed], *target]
        case VideoCodec.VP9:
            deadline = "realtime" if asked.speed is Speed.FASTEST else "good"
            speed = ["-deadline", deadline, "-cpu-used", VP9_CPU_USED[asked.speed], "-row-mt", "1"]
            # Without -b:v 0 a crf is only an upper bound of the default bit rate.
            return ["-c:v", "libvpx-vp9", *speed, *target, *(peaks or ["-b:v", "0"])]


def _encode_audio(codec: AudioCodec, asked: AudioParams, audio: Audio) -> list[str]:
    most = MP3_CHANNELS if codec is AudioCodec.MP3 else MAX_CHANNELS
    channels = min(audio.channels or STEREO, asked.channels or most)
    bitrate = asked.bitrate or KBITS_PER_CHANNEL * channels
    arguments = ["-c:a", AUDIO_ENCODERS[codec], "-b:a", f"{bitrate}k"]
    if channels != audio.channels:
        arguments += ["-ac", str(channels)]
    if codec is AudioCodec.OPUS and channels > STEREO:
        arguments += ["-af", f"aformat=channel_layouts={OPUS_LAYOUTS[channels]}"]
    if asked.sample_rate:
        arguments += ["-ar", str(asked.sample_rate)]
    return arguments


def _video_fits(params: TranscodeParams, asked: VideoParams, video: Video, media: Media) -> bool:
    """Whether the picture already is what was asked for, as far as the file tells."""
    return (
        media.format in COPYABLE_FORMATS
        and video.codec == params.video_codec
        and video.square_pixels
        and not video.interlaced
        and video.chroma in {None, "4:2:0"}
        and (video.bit_depth or 8) <= asked.bit_depth
        and not (video.hdr and asked.bit_depth == 8)  # noqa: PLR2004
        and _box_fits(asked.box, video)
        and (not asked.frame_rate or _rate_fits(asked.frame_rate, video))
        and (not asked.bitrate or _bits_fit(asked.bitrate, video.bit_rate))
    )


def _box_fits(box: picture.Box, video: Video) -> bool:
    """Whether the size is right; asked to upscale, a side must fill the box."""
    if box.turns and video.height > video.width:
        box = box.turned()
    ratios = [have / want for have, want in ((video.width, box.width), (video.height, box.height)) if want]
    return not ratios or (max(ratios) == 1 if box.upscale else max(ratios) <= 1)


def _rate_fits(limit: float, video: Video) -> bool:
    return not video.variable_frame_rate and video.frame_rate is not None and video.frame_rate <= limit


def _bits_fit(kbits: int, bits: int | None) -> bool:
    return bits is not None and bits <= kbits * 1000 * SLACK


def _audio_fits(params: TranscodeParams, asked: AudioParams, audio: Audio, media: Media) -> bool:
    return (
        media.format in COPYABLE_FORMATS
        and audio.codec == params.audio_codec
        and (not asked.channels or (audio.channels or MAX_CHANNELS) <= asked.channels)
        and asked.sample_rate in {None, audio.sample_rate}
        and (not asked.bitrate or _bits_fit(asked.bitrate, audio.bit_rate))
    )


def _wants_hvc1(params: TranscodeParams) -> bool:
    # Apple's players take H.265 in an mp4 under this name alone.
    return params.container is Container.MP4 and params.video_codec is VideoCodec.H265


def _warnings(params: TranscodeParams, media: Media) -> list[str]:
    """Return a sentence about each thing that comes out other than one might think."""
    found = []
    video = media.video
    if params.picture and video is None:
        found.append("the source has no picture: the output holds its sound alone")
    if params.sound and media.audio is None:
        found.append("the source has no sound: neither has the output")
    if params.picture and len(media.videos) > 1:
        found.append(f"the source has {len(media.videos)} pictures: the first was taken")
    if params.sound and len(media.audios) > 1:
        number = media.audios.index(media.audios[0] if media.audio is None else media.audio) + 1
        found.append(f"the source has {len(media.audios)} sound tracks: number {number} was taken")
    if params.picture and media.subtitles:
        found.append(f"the source has {media.subtitles} subtitle tracks: they were left out")
    if params.picture and video and video.hdr and params.picture.bit_depth == 8:  # noqa: PLR2004
        found.append("the source is HDR: it was tone-mapped to SDR; bitDepth 10 would keep it")
    if params.picture and video and video.interlaced:
        found.append("the source is interlaced: it was made progressive")
    return found


def _cut(expected: float | None, made: float | None) -> list[str]:
    missing = (expected or 0) - (made or 0)
    if missing <= max(CUT_SECONDS, CUT_SHARE * (expected or 0)):
        return []
    return [f"only {made or 0:.1f} of {expected or 0:.1f} s could be read: the source may be cut off or damaged"]


OPERATION = Operation(
    kind=SubtaskType.TRANSCODE,
    summary="One file into another container, codec, size or rate",
    params=TranscodeParams,
    run=run,
)
