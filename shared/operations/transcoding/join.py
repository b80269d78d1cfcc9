"""Files before and after the source, converted to its size, frame rate and audio format, so that all play as one."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import MediaRejected, ParametersRejected
from shared.media.probe import Media, Video, image_size
from shared.operations import audio_tracks, video_filters
from shared.operations.audio_tracks import FROM_THE_START
from shared.operations.clip import ClipSpan
from shared.operations.decoding import probe_decodable
from shared.operations.frame_rate import exact_rate
from shared.operations.operation import OperationContext
from shared.operations.transcoding.encoding import downmix_filters, output_channels, pixel_format
from shared.operations.transcoding.framing import FRAMED
from shared.operations.transcoding.transcode_params import TranscodeParams, VideoParams

SAMPLE_RATE = 48000
USUAL_RATE = 25.0  # frames per second, if the file doesn't state a rate
CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6, "7.1": 8}  # other layouts are mixed to stereo
LAYOUTS = {count: layout for layout, count in CHANNELS.items()}


@dataclass(frozen=True)
class Part:
    """One of the joined files; `number` is that of its input. The main part's video is already framed."""

    name: str
    number: int
    media: Media
    seconds: float
    audio_filters: Sequence[str] = (FROM_THE_START,)
    main: bool = False


@dataclass(frozen=True)
class Shape:
    """The video format of all parts."""

    width: int
    height: int
    rate: str | None
    pixels: str
    keep_hdr: bool
    hdr: bool


@dataclass(frozen=True)
class AudioFormat:
    """The audio format of all parts: a channel layout, and Hz."""

    layout: str
    rate: int


def fetch_parts(params: TranscodeParams, context: OperationContext, main: ClipSpan) -> tuple[list[Part], list[str]]:
    """Fetch and probe the files to join; return the parts in their order, and the inputs after the first.

    Raise MediaRejected for a file that isn't media.
    """
    found: list[Part] = []
    inputs: list[str] = []
    for uri in (*params.head, None, *params.tail):
        if uri is None:
            seconds = main.duration or play_length(context.media)
            found.append(
                Part("the source", 0, context.media, seconds, main.audio_filters(from_the_start=True), main=True)
            )
            continue
        path = context.files.asset(uri)
        media = probe_decodable(path, uri, context.ffmpeg)
        if media.video:
            video_filters.check_video(media.video, context.ffmpeg.limits)
        if params.audio_params:
            audio_tracks.require_main_track(media)
        number = sum(not part.main for part in found) + 1
        found.append(Part(uri, number, media, play_length(media)))
        inputs += context.ffmpeg.input_arguments(path)
    return found, inputs


def play_length(media: Media) -> float:
    """Return the playing time of a file in seconds: that of its longest stream."""
    durations = [video.duration for video in media.videos[:1]] + [audio.duration for audio in media.audios]
    return max(filter(None, durations), default=media.duration or 0.0)


def measure_shape(
    params: TranscodeParams, context: OperationContext, video: Video, filters: Sequence[str], part: ClipSpan
) -> Shape:
    """Render the main part's first frame as in the output; return the video format of all parts."""
    target = context.folder / "first.png"
    context.ffmpeg.run(
        [
            *(*part.before_input, *context.ffmpeg.input_arguments(context.source), "-map", "0:V:0", "-frames:v", "1"),
            *("-vf", ",".join(filters), "-f", "image2", "-update", "1", f"file:{target}"),
        ],
        duration=None,
        phase="reading",
        share=(0, 0),
    )
    if not target.exists():
        message = "the source is damaged: nothing in it could be decoded"
        raise MediaRejected(message)
    width, height = image_size(target)
    target.unlink()
    asked = params.video_params or VideoParams()
    varies = video.variable_frame_rate and not asked.frame_rate
    rate = video.frame_rate or USUAL_RATE
    return Shape(
        width,
        height,
        rate=None if varies else exact_rate(min(rate, asked.frame_rate or rate)),
        pixels=pixel_format(params.video_codec, asked),
        keep_hdr=asked.bit_depth == 10,  # noqa: PLR2004 - bits
        hdr=video.hdr,
    )


def common_audio_format(params: TranscodeParams, parts: Sequence[Part]) -> AudioFormat | None:
    """Return the audio format of all parts: the main part's, or the first part's that has audio."""
    asked = params.audio_params
    audios = [part.media.audio for part in sorted(parts, key=lambda part: not part.main) if part.media.audio]
    if asked is None or not audios:
        return None
    layout = LAYOUTS.get(output_channels(params.audio_codec, asked, audios[0]), "stereo")
    return AudioFormat(layout, asked.sample_rate or SAMPLE_RATE)


def join_chains(parts: Sequence[Part], shape: Shape | None, common: AudioFormat | None) -> list[str]:
    """Return the chains that join the parts: the video into [joined] if there is a shape, the audio into [a]."""
    chains: list[str] = []
    pads = ""
    for place, part in enumerate(parts):
        if shape:
            chains.append(f"{_video_chain(part, shape)}[v{place}]")
            pads += f"[v{place}]"
        if common:
            chains.append(f"{_audio_chain(part, common)}[a{place}]")
            pads += f"[a{place}]"
    ends = ("[parts]" if shape else "") + ("[a]" if common else "")
    chains.append(f"{pads}concat=n={len(parts)}:v={int(bool(shape))}:a={int(bool(common))}{ends}")
    if shape:
        # Where a part's audio is longer than its video, the last frame stays.
        chains.append(f"[parts]{f'fps=fps={shape.rate}' if shape.rate else 'null'}[joined]")
    return chains


def _video_chain(part: Part, shape: Shape) -> str:
    video = part.media.video
    if part.main:
        filters = [f"[{FRAMED}]null"]
    elif video is None:
        rate = shape.rate or str(USUAL_RATE)
        return f"color=c=black:s={shape.width}x{shape.height}:r={rate}:d={part.seconds:.6f},format={shape.pixels}"
    else:
        if shape.keep_hdr and shape.hdr != video.hdr:
            message = f"{part.name} is {'HDR' if video.hdr else 'SDR'}, unlike the source: join them with bitDepth 8"
            raise ParametersRejected(message, code="ParameterError.MixedRange")
        box = video_filters.Box(shape.width, shape.height, upscale=True)
        framed = ",".join(video_filters.display_filters(video, box, keep_hdr=shape.keep_hdr))
        pad = f"pad=w={shape.width}:h={shape.height}:x='(ow-iw)/2':y='(oh-ih)/2'"
        filters = [f"[{part.number}:V:0]{framed}", pad]
    return ",".join(
        [*filters, *([f"fps=fps={shape.rate}"] if shape.rate else []), f"format={shape.pixels}", "setsar=1"]
    )


def _audio_chain(part: Part, common: AudioFormat) -> str:
    audio = part.media.audio
    form = f"aformat=sample_fmts=fltp:sample_rates={common.rate}:channel_layouts={common.layout}"
    if audio is None:
        return f"anullsrc=r={common.rate}:cl={common.layout}:d={part.seconds:.6f},{form}"
    filters = [
        *part.audio_filters,
        f"atrim=end={part.seconds:.6f}",  # decoders of some formats add a few milliseconds
        *(downmix_filters(common.layout) if (audio.channels or 0) > CHANNELS[common.layout] else ()),
        form,
    ]
    return f"[{part.number}:a:{part.media.track(audio)}]{','.join(filters)}"
