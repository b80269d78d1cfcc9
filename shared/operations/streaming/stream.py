"""An adaptive stream: HLS and DASH over the same files, one file per video size and audio track."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.media.ffmpeg import AttemptProgress
from shared.media.probe import Audio, Video
from shared.operations import audio_tracks, video_filters
from shared.operations.captions import WEBVTT_TYPE
from shared.operations.clip import ClipSpan, clip_span
from shared.operations.language import known_language
from shared.operations.operation import Operation, OperationContext, OperationResult, Produced
from shared.operations.streaming import cmaf, manifest, playlist, segment_encryption, subtitles
from shared.operations.streaming.ladder import choose_rungs
from shared.operations.streaming.playback import DASH_TYPE, HLS_TYPE, KEY_TYPE
from shared.operations.streaming.rendition import (
    CHANNELS,
    AudioRendition,
    Labels,
    Stream,
    SubtitleRendition,
    VideoRendition,
    clean_label,
)
from shared.operations.streaming.stream_encoding import audio_rendition_arguments, video_rendition_arguments
from shared.operations.streaming.stream_params import Format, Rung, StreamParams
from shared.operations.transcoding.framing import frame_filters
from shared.operations.transcoding.shortfall import shortfall_warnings
from shared.operations.transcoding.transcode_params import VideoParams
from shared.operations.watermarks.watermark import Canvas, overlay_watermarks

PIXELS = "yuv420p"
MOST_TRACKS = 16  # of audio; each is one file per bit rate
SHARE = (5, 95)  # percents of the attempt that encoding fills
KEY_FILE = "stream.key"
VIDEO_TYPE, AUDIO_TYPE = "video/mp4", "audio/mp4"


@dataclass(frozen=True)
class StreamPlan:
    """What to make of a source. `rungs` is empty without video, `audios` without audio.

    The keys of `audios` are track numbers, counted from 0.
    """

    params: StreamParams
    context: OperationContext
    part: ClipSpan
    video: Video | None
    rungs: tuple[Rung, ...]
    audios: Mapping[int, Audio]

    def rung_name(self, rung: Rung) -> str:
        """Return the name of a rung's files, without extension."""
        return f"video-{rung.height}p-{rung.bitrate}k"

    def audio_name(self, track: int, bitrate: int) -> str:
        """Return the name of an audio track's files, without extension; tracks are counted from 0."""
        return f"audio-{track + 1}-{bitrate}k"

    @property
    def audio_renditions(self) -> list[tuple[int, int]]:
        """The audio renditions: track, counted from 0, and bit rate."""
        return [(track, bitrate) for bitrate in self.params.bitrates for track in self.audios]

    @property
    def frame_rate(self) -> float | None:
        """The frame rate of the output; None if it varies or the source doesn't state one."""
        limit, video = self.params.frame_rate, self.video
        if video is None or video.frame_rate is None or (video.variable_frame_rate and not limit):
            return None
        return min(video.frame_rate, limit or video.frame_rate)


def run(params: StreamParams, context: OperationContext) -> OperationResult:
    """Make all files of the stream, then the lists of them."""
    plan = _plan(params, context)
    labels = Labels()
    captions, warnings = subtitles.extract_subtitles(context, plan.part, labels) if params.own_subtitles else ([], [])
    captions += subtitles.copy_subtitles(params.subtitles, context, labels)
    _encode(plan)
    videos = _video_renditions(plan)
    audios = _audio_renditions(plan)
    if not videos and not audios:
        message = "the source is damaged: nothing in it could be decoded"
        raise MediaRejected(message)
    stream = Stream(videos, audios, tuple(captions), params.segment_seconds)
    files = _files(plan, stream)
    warnings = [*plan.part.warnings, *_warnings(plan, stream), *warnings]
    return OperationResult(tuple(files), warnings=tuple(warnings))


def _plan(params: StreamParams, context: OperationContext) -> StreamPlan:
    """Decide what to make; raise if the source has no requested stream."""
    media = context.media
    video = media.video if params.rungs else None
    taken = audio_tracks.require_tracks(media)[:MOST_TRACKS] if params.bitrates else ()
    audios = {media.track(audio): audio for audio in taken}
    if video is None and not audios:
        lacks = ("audio", "NoAudio") if params.bitrates else ("video", "NoVideo")
        message = f"the source has no {lacks[0]}, and nothing else is requested"
        raise MediaRejected(message, code=f"SourceFileError.{lacks[1]}")
    rungs: tuple[Rung, ...] = ()
    if video:
        video_filters.check_video(video, context.ffmpeg.limits)
        rungs = choose_rungs(params.rungs, video)
    lengths = [track.duration for track in (video, *taken) if track and track.duration]
    return StreamPlan(params, context, clip_span(params.clip, media, max(lengths, default=None)), video, rungs, audios)


def _encode(plan: StreamPlan) -> None:
    """Run one process that decodes once and writes all media files."""
    folder, ffmpeg = plan.context.folder, plan.context.ffmpeg
    arguments = [*plan.part.before_input, *ffmpeg.input_arguments(plan.context.source)]
    if plan.video:
        arguments += _graph(plan, plan.video)
    for number, rung in enumerate(plan.rungs):
        target = folder / f"{plan.rung_name(rung)}.mp4"
        arguments += video_rendition_arguments(plan.params, rung, f"video{number}", target)
    for track, bitrate in plan.audio_renditions:
        target = folder / f"{plan.audio_name(track, bitrate)}.mp4"
        before = plan.part.audio_filters(from_the_start=True)  # players expect audio in the first segment
        arguments += audio_rendition_arguments(
            plan.params, track, plan.audios[track], bitrate=bitrate, before=before, target=target
        )
    ffmpeg.run(arguments, duration=plan.part.duration, phase="encoding", frame_rate=plan.frame_rate, share=SHARE)


def _graph(plan: StreamPlan, video: Video) -> list[str]:
    """Return the inputs and filters for all video sizes: rendered once, watermarked once, then scaled down."""
    best = plan.rungs[0].box
    asked = VideoParams(width=best.width, height=best.height, turn_box=True, frame_rate=plan.params.frame_rate)
    canvas = Canvas(duration=plan.part.duration)
    marks = overlay_watermarks(plan.params.watermarks, plan.context, "base", "marked", 1, canvas=canvas)
    copies = "".join(f"[copy{number}]" for number in range(len(plan.rungs)))
    chains = [
        # A capital V skips cover art.
        f"[0:V:0]{','.join([*plan.part.video_filters, *frame_filters(video, asked)])}[base]",
        *marks.chains,
        f"[marked]format={PIXELS},split={len(plan.rungs)}{copies}",
        "[copy0]null[video0]",
    ]
    for number, rung in enumerate(plan.rungs[1:], start=1):
        chains.append(f"[copy{number}]{video_filters.scale_filter(rung.box)}[video{number}]")
    return [*marks.inputs, "-filter_complex", ";".join(chains)]


def _video_renditions(plan: StreamPlan) -> tuple[VideoRendition, ...]:
    """Return the video renditions that were made."""
    found = []
    for rung in plan.rungs:
        name = plan.rung_name(rung)
        track = cmaf.read_cmaf(plan.context.folder / f"{name}.mp4")
        width, height = track.size
        found.append(VideoRendition(name, track, width, height, plan.frame_rate))
    return tuple(found)


def _audio_renditions(plan: StreamPlan) -> tuple[AudioRendition, ...]:
    """Return the audio renditions that were made; a track that couldn't be decoded is omitted."""
    labels = Labels()
    titles = {
        track: labels.add(clean_label(audio.title) or known_language(audio.language) or f"Track {track + 1}")
        for track, audio in plan.audios.items()
    }
    found = []
    for track, bitrate in plan.audio_renditions:
        audio, name = plan.audios[track], plan.audio_name(track, bitrate)
        with suppress(MediaRejected):
            file = cmaf.read_cmaf(plan.context.folder / f"{name}.mp4")
            default = audio is plan.context.media.audio
            found.append(
                AudioRendition(name, file, track + 1, bitrate, titles[track], known_language(audio.language), default)
            )
    return tuple(found)


def _locked(plan: StreamPlan, stream: Stream, key: bytes) -> Stream:
    """Encrypt the media files; return the stream with the new positions of its segments."""
    folder = plan.context.folder

    def lock(file: str, track: cmaf.CmafTrack) -> cmaf.CmafTrack:
        return segment_encryption.encrypt_segments(
            folder / file, track, key, lambda: plan.context.report(AttemptProgress(SHARE[1], "encrypting"))
        )

    return replace(
        stream,
        videos=tuple(replace(made, track=lock(made.file, made.track)) for made in stream.videos),
        audios=tuple(replace(made, track=lock(made.file, made.track)) for made in stream.audios),
    )


def _files(plan: StreamPlan, stream: Stream) -> list[Produced]:
    """Write the lists, and the key if there is one; return all files, those that a person opens first."""
    keys: list[Produced] = []
    if plan.params.encryption:
        key = os.urandom(segment_encryption.KEY_BYTES)
        stream = _locked(plan, stream, key)
        (plan.context.folder / KEY_FILE).write_bytes(key)
        keys = [_produced(plan, KEY_FILE, KEY_TYPE)]
    return [
        *(_hls(plan, stream) if Format.HLS in plan.params.wanted else ()),
        *(_dash(plan, stream) if Format.DASH in plan.params.wanted else ()),
        *(_produced(plan, made.file, VIDEO_TYPE, _facts_of(made, plan)) for made in stream.videos),
        *(_produced(plan, made.file, AUDIO_TYPE, _facts_of(made, plan)) for made in stream.audios),
        *(_produced(plan, caption.file, WEBVTT_TYPE, _facts_of(caption, plan)) for caption in stream.captions),
        *keys,
    ]


def _hls(plan: StreamPlan, stream: Stream) -> list[Produced]:
    """Write the playlists; the first one is for players."""
    key = KEY_FILE if plan.params.encryption else None
    texts = {playlist.MASTER: playlist.build_master_playlist(stream)}
    files: list[VideoRendition | AudioRendition] = [*stream.videos, *stream.audios]
    for made in files:
        texts[f"{made.name}.m3u8"] = playlist.build_media_playlist(made.track, made.file, key)
    for caption in stream.captions:
        texts[f"{caption.name}.m3u8"] = playlist.build_caption_playlist(caption, stream.seconds)
    return [
        _written(plan, name, HLS_TYPE, text, _facts(stream) if name == playlist.MASTER else {})
        for name, text in texts.items()
    ]


def _dash(plan: StreamPlan, stream: Stream) -> list[Produced]:
    return [_written(plan, manifest.MANIFEST, DASH_TYPE, manifest.build_manifest(stream), _facts(stream))]


def _written(plan: StreamPlan, name: str, content_type: str, text: str, facts: Mapping[str, Any]) -> Produced:
    (plan.context.folder / name).write_text(text, "utf-8")
    return _produced(plan, name, content_type, facts)


def _produced(plan: StreamPlan, name: str, content_type: str, facts: Mapping[str, Any] | None = None) -> Produced:
    return Produced(plan.context.folder / name, content_type, facts=facts or {}, path_name=name)


def _facts(stream: Stream) -> dict[str, Any]:
    """Return the facts about the stream that are shown to people."""
    best = stream.videos[0] if stream.videos else None
    known = {
        "width": best and best.width,
        "height": best and best.height,
        "duration": round(stream.seconds, 3),
        "videoRenditions": len(stream.videos),
        "audioRenditions": len(stream.audios),
        "subtitles": len(stream.captions),
    }
    return {name: value for name, value in known.items() if value}


def _facts_of(made: VideoRendition | AudioRendition | SubtitleRendition, plan: StreamPlan) -> dict[str, Any]:
    """Return the facts about one of its files that are shown to people."""
    if isinstance(made, SubtitleRendition):
        known: dict[str, Any] = {"language": made.language, "label": made.label}
    else:
        known = {"duration": round(made.track.seconds, 3), "bitRate": made.track.average}
    if isinstance(made, VideoRendition):
        known |= {"width": made.width, "height": made.height, "frameRate": made.frame_rate}
        known["videoCodec"] = str(plan.params.codec)
    if isinstance(made, AudioRendition):
        known |= {"language": made.language, "label": made.label, "audioCodec": "aac", "channels": CHANNELS}
    return {name: value for name, value in known.items() if value is not None}


def _warnings(plan: StreamPlan, stream: Stream) -> list[str]:
    """Return a warning for each thing that users may not expect."""
    media, video = plan.context.media, plan.video
    found = []
    if plan.params.rungs and video is None:
        found.append("the source has no video: the stream has only its audio")
    if plan.params.bitrates and not plan.audios:
        found.append("the source has no audio: the stream has none either")
    if video and len(media.videos) > 1:
        found.append(f"the source has {len(media.videos)} video streams: the first one was taken")
    if plan.audios and len(media.audios) > MOST_TRACKS:
        found.append(f"the source has {len(media.audios)} audio tracks: the first {MOST_TRACKS} were taken")
    if plan.params.bitrates:
        found += audio_tracks.skipped_track_warnings(media)
    made = {each.number for each in stream.audios}
    found += [
        f"audio track {track + 1} was omitted: nothing in it could be decoded"
        for track in plan.audios
        if track + 1 not in made
    ]
    if video and video.hdr:
        found.append("the source is HDR and was tone-mapped to SDR")
    if video and video.interlaced:
        found.append("the source is interlaced and was deinterlaced")
    if video:
        found += video_filters.loss_warnings(video, PIXELS)
    return found + shortfall_warnings(plan.part.duration, stream.seconds)


OPERATION = Operation(
    kind=SubtaskType.STREAM,
    summary="An adaptive stream, HLS and DASH, with every audio track and subtitles",
    params=StreamParams,
    run=run,
)
