"""One file into one file: another container, codec, size or rate; clipped, joined with others, watermarked."""

from dataclasses import dataclass

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.media.ffmpeg import Limits
from shared.media.probe import Audio, Media, Video, probe
from shared.operations import audio_tracks, video_filters
from shared.operations.clip import ClipSpan, clip_span
from shared.operations.operation import Operation, OperationContext, OperationResult, Produced
from shared.operations.transcoding import quality
from shared.operations.transcoding.copying import audio_fits, video_fits
from shared.operations.transcoding.encoding import audio_encoder, pixel_format, video_encoder
from shared.operations.transcoding.framing import FRAMED, frame_filters, framing_graph, keeps_hdr
from shared.operations.transcoding.join import (
    CHANNELS,
    AudioFormat,
    common_audio_format,
    fetch_parts,
    join_chains,
    measure_shape,
)
from shared.operations.transcoding.shortfall import shortfall_warnings
from shared.operations.transcoding.transcode_params import (
    ONE_TRACK,
    AudioParams,
    Container,
    TranscodeParams,
    VideoCodec,
)
from shared.operations.transcoding.transcode_result import QualityReached, TranscodeResult
from shared.operations.watermarks.watermark import Canvas

WITH_INDEX_IN_FRONT = frozenset({Container.MP4, Container.MOV, Container.M4A})
WHOLE = ClipSpan()


@dataclass(frozen=True)
class TranscodePlan:
    """What happens to each stream, and warnings about what it loses.

    `filters` make the encoded video; None if it is copied or there is none. `arguments` come after the inputs and the
    graph.
    """

    arguments: tuple[str, ...]
    warnings: tuple[str, ...]
    video: Video | None
    frame_rate: float | None
    filters: tuple[str, ...] | None
    copies: bool


@dataclass(frozen=True)
class FilterGraph:
    """The inputs after the first, the filter chains, the encoder of joined audio, and the length of the output."""

    inputs: tuple[str, ...]
    chains: tuple[str, ...]
    audio: tuple[str, ...]
    seconds: float | None

    @property
    def arguments(self) -> list[str]:
        """The graph as ffmpeg arguments."""
        return ["-filter_complex", ";".join(self.chains)] if self.chains else []


def run(params: TranscodeParams, context: OperationContext) -> OperationResult:
    """Make the file, and probe it before it is returned."""
    part = clip_span(params.clip, context.media, _whole(params, context.media))
    found = quality.search_quality(params, context, part)
    media = audio_tracks.find_holes(context, context.media, copied_tracks(params, context.media))
    work = plan_transcode(params, media, context.ffmpeg.limits, part, crf=found.crf if found else None)
    graph = build_graph(params, context, work, part)
    target = context.folder / f"out.{params.container}"
    context.ffmpeg.run(
        [
            *(*part.before_input, *context.ffmpeg.input_arguments(context.source), *graph.inputs, *graph.arguments),
            *(*work.arguments, *graph.audio, f"file:{target}"),
        ],
        duration=graph.seconds,
        phase="copying" if work.copies else "encoding",
        frame_rate=work.frame_rate,
        share=quality.ENCODING if found else (0, 100),
    )
    try:
        made = probe(target, "the output")
    except (MediaRejected, FileNotFoundError) as nothing:
        message = "the source is damaged: nothing in it could be decoded"
        raise MediaRejected(message) from nothing
    reached = quality.measure_quality(found, context, target) if found else None
    rules = params.rules
    content_type = rules.content_type if made.video else rules.audio_content_type
    file = Produced(path=target, content_type=content_type, facts=media_facts(made))
    warnings = [*work.warnings, *part.warnings, *(quality.quality_warnings(reached) if reached else ())]
    warnings += shortfall_warnings(graph.seconds, made.duration)
    return OperationResult(
        (file,), result=size_report(context.media.size, made.size, reached), warnings=tuple(warnings)
    )


def size_report(source: int, output: int, reached: QualityReached | None) -> TranscodeResult:
    """Return the result for a source and an output of those sizes."""
    return TranscodeResult(
        source_bytes=source,
        output_bytes=output,
        saved_bytes=source - output,
        saved_percent=round(100 * (source - output) / source, 1),
        quality=reached,
    )


def media_facts(media: Media) -> dict[str, object]:
    """Return the facts about a file that are shown to people."""
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


def plan_transcode(
    params: TranscodeParams, media: Media, limits: Limits, part: ClipSpan = WHOLE, *, crf: float | None = None
) -> TranscodePlan:
    """Decide what happens to each stream; raise if the source has no requested stream."""
    video = media.video if params.video_params else None
    audios = _tracks(params, media)
    if video is None and not audios:
        lacks = ("audio", "NoAudio") if params.audio_params else ("video", "NoVideo")
        message = f"the source has no {lacks[0]}, and nothing else is requested"
        raise MediaRejected(message, code=f"SourceFileError.{lacks[1]}")
    arguments: list[str] = []
    filters = None
    copies = not params.joined
    if params.video_params and video:
        video_filters.check_video(video, limits)
        if params.keeps_streams and video_fits(params, params.video_params, video, media):
            arguments += ["-map", "0:V:0", "-c:v", "copy"]  # a capital V skips cover art
        else:
            copies = False
            filters = (*part.video_filters, *frame_filters(video, params.video_params))
            arguments += [
                "-map",
                "[joined]" if params.joined else f"[{FRAMED}]",
                *video_encoder(params.video_codec, params.video_params, crf=crf),
            ]
        arguments += ["-tag:v", "hvc1"] if _wants_hvc1(params) else []
    if params.audio_params and audios and not params.joined:
        encoded, copied = _audio_chain(params, params.audio_params, media, part)
        arguments += encoded
        copies = copies and copied
    arguments += container_arguments(params, media)
    rate = _frame_rate(params, video)
    return TranscodePlan(tuple(arguments), tuple(_warnings(params, media)), video, rate, filters, copies)


def build_graph(params: TranscodeParams, context: OperationContext, work: TranscodePlan, part: ClipSpan) -> FilterGraph:
    """Return everything between the inputs and the encoders: filters, watermarks and joins."""
    parts, inputs = fetch_parts(params, context, part) if params.joined else ([], [])
    chains: list[str] = []
    shape = None
    if work.filters is not None and params.video_params and work.video:
        hdr = keeps_hdr(work.video, params.video_params)
        canvas = Canvas(part.duration, bit_depth=params.video_params.bit_depth, hdr=hdr)
        laid = framing_graph(params, context, work.filters, first_input=max(len(parts), 1), canvas=canvas)
        inputs += laid.inputs
        chains += laid.chains
        shape = measure_shape(params, context, work.video, work.filters, part) if parts else None
    common = common_audio_format(params, parts)
    if not parts:
        return FilterGraph(tuple(inputs), tuple(chains), (), part.duration)
    chains += join_chains(parts, shape, common)
    seconds = sum(each.seconds for each in parts)
    return FilterGraph(tuple(inputs), tuple(chains), tuple(_joined_audio(params, common)), seconds)


def _whole(params: TranscodeParams, media: Media) -> float | None:
    """Return the seconds of the longest requested stream; None if the source doesn't state them."""
    streams = [
        *(media.videos[:1] if params.video_params else ()),
        *([media.audio] if params.audio_params and media.audio else ()),
    ]
    return max((stream.duration for stream in streams if stream.duration), default=media.duration)


def _tracks(params: TranscodeParams, media: Media) -> tuple[Audio, ...]:
    """Return the requested audio tracks; raise MediaRejected if no requested track can be decoded."""
    if params.audio_params is None:
        return ()
    if params.audio_params.tracks == "all":
        return audio_tracks.require_tracks(media)
    audio = audio_tracks.require_main_track(media)
    return (audio,) if audio else ()


def copied_tracks(params: TranscodeParams, media: Media) -> list[Audio]:
    """Return the audio tracks to copy, before a search for holes."""
    asked = params.audio_params
    if asked is None or not params.keeps_streams:
        return []
    return [audio for audio in _tracks(params, media) if audio_fits(params, asked, audio, media)]


def _audio_chain(params: TranscodeParams, asked: AudioParams, media: Media, part: ClipSpan) -> tuple[list[str], bool]:
    """Return the arguments of the audio tracks, and whether all of them are copied."""
    arguments: list[str] = []
    copies = True
    before = part.audio_filters(from_the_start=params.container in ONE_TRACK)  # those have no timestamps
    for number, audio in enumerate(_tracks(params, media)):
        track = media.track(audio)
        arguments += ["-map", f"0:a:{track}"]
        if params.keeps_streams and audio_fits(params, asked, audio, media):
            arguments += [f"-c:a:{number}", "copy"]
        else:
            arguments += audio_encoder(params.audio_codec, asked, audio, stream=number, before=before)
            copies = False
        arguments += [f"-map_metadata:s:a:{number}", f"0:s:a:{track}"]  # its language
    return arguments, copies


def _joined_audio(params: TranscodeParams, common: AudioFormat | None) -> list[str]:
    """Return the arguments of the audio [a], which the graph has already mixed down."""
    if common is None or params.audio_params is None:
        return []
    mixed = Audio("pcm", CHANNELS[common.layout], common.rate)
    return ["-map", "[a]", *audio_encoder(params.audio_codec, params.audio_params, mixed)]


def _frame_rate(params: TranscodeParams, video: Video | None) -> float | None:
    """Return the frame rate of the output; None without video, or if the source doesn't state one."""
    if video is None or params.video_params is None or video.frame_rate is None:
        return None
    return min(video.frame_rate, params.video_params.frame_rate or video.frame_rate)


def container_arguments(params: TranscodeParams, media: Media) -> list[str]:
    """Return the muxer, and the tags that are kept."""
    # Phones store private data beside the video, such as its location: only the tags title, artist and album are kept.
    arguments = ["-map_metadata", "-1", "-map_chapters", "-1"]
    for key, value in media.tags.items():
        arguments += ["-metadata", f"{key}={value}"]
    if params.container in WITH_INDEX_IN_FRONT:
        arguments += ["-movflags", "+faststart"]  # moov in front: a browser plays before it has the whole file
    return [*arguments, "-f", params.rules.muxer]


def _wants_hvc1(params: TranscodeParams) -> bool:
    # Apple players take H.265 in MP4 under this tag only.
    return params.container in {Container.MP4, Container.MOV} and params.video_codec is VideoCodec.H265


def _warnings(params: TranscodeParams, media: Media) -> list[str]:
    """Return a warning for each thing that users may not expect."""
    found = []
    video = media.video
    if params.video_params and video is None:
        found.append("the source has no video: the output has only its audio")
    if params.audio_params and media.audio is None and not params.joined:
        found.append("the source has no audio: the output has none either")
    if params.video_params and len(media.videos) > 1:
        found.append(f"the source has {len(media.videos)} video streams: the first one was taken")
    if params.audio_params and params.audio_params.tracks == "default" and media.audio and len(media.audios) > 1:
        number = media.track(media.audio) + 1
        found.append(f"the source has {len(media.audios)} audio tracks: number {number} was taken")
    if params.audio_params:
        found += audio_tracks.skipped_track_warnings(media)
    if params.video_params and media.subtitles:
        found.append(f"the source has {len(media.subtitles)} subtitle tracks: they were omitted")
    if params.video_params and video and video.hdr and params.video_params.bit_depth == 8:  # noqa: PLR2004
        found.append("the source is HDR and was tone-mapped to SDR; bitDepth 10 keeps HDR")
    if params.video_params and video and video.interlaced:
        found.append("the source is interlaced and was deinterlaced")
    if params.video_params and video:
        found += video_filters.loss_warnings(video, pixel_format(params.video_codec, params.video_params))
    return found


OPERATION = Operation(
    kind=SubtaskType.TRANSCODE,
    summary="One file in another container, codec, size or rate",
    params=TranscodeParams,
    run=run,
    result=TranscodeResult,
)
