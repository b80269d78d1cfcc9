"""One file into one file whose video or audio is enhanced."""

from dataclasses import replace
from pathlib import Path

from pydantic import Field

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.media.probe import Media, probe
from shared.operations import audio_tracks
from shared.operations.enhancement import enhance_audio, enhance_video
from shared.operations.enhancement.enhance_audio import LevelingMethod
from shared.operations.enhancement.enhance_params import EnhanceParams
from shared.operations.enhancement.enhance_plan import (
    EnhancePlan,
    copied_video_arguments,
    enhanced_audio_arguments,
    enhanced_video_arguments,
    plan_enhancement,
)
from shared.operations.findings import Result
from shared.operations.loudness import Loudness, measure_loudness
from shared.operations.operation import Operation, OperationContext, OperationResult, Produced
from shared.operations.transcoding import transcode
from shared.operations.transcoding.shortfall import shortfall_warnings

BEFORE, WORK, AFTER = (0, 10), (10, 95), (95, 100)  # the parts of the attempt's percents
CORRECTIONS = 2  # how often, at most, the audio is encoded again


class EnhanceResult(Result):
    """Loudness before and after, in LUFS, dBTP and LU; null if the audio is silent or too short to measure."""

    method: LevelingMethod = Field(description="LINEAR changed only the volume.")
    gain: float | None = Field(None, description="The dB added throughout; null for DYNAMIC.")
    loudness_before: float | None
    true_peak_before: float | None
    range_before: float
    loudness_after: float | None
    true_peak_after: float | None
    range_after: float


def run(params: EnhanceParams, context: OperationContext) -> OperationResult:
    """Make the file, measure its loudness, and encode its audio again if that is off target."""
    work = plan_enhancement(params, context)
    target = context.folder / f"out.{params.container}"
    if work.video and work.video_params.stabilize:
        enhance_video.detect_shake(work.video_params, work.video, context, share=BEFORE)
    try:
        _make(work, context, target)
    finally:
        (context.folder / enhance_video.SHAKE).unlink(missing_ok=True)
    _probed(target)
    work, after, target = _listened(work, context, target)
    made = _probed(target)
    rules = params.encoding.rules
    content_type = rules.content_type if work.video else rules.audio_content_type
    file = Produced(path=target, content_type=content_type, facts=transcode.media_facts(made))
    warnings = [*_warnings(work, after), *shortfall_warnings(work.duration, made.duration)]
    return OperationResult((file,), result=_result(work, after), warnings=tuple(warnings))


def _make(work: EnhancePlan, context: OperationContext, target: Path) -> None:
    context.ffmpeg.run(
        [
            *context.ffmpeg.input_arguments(context.source),
            *enhanced_video_arguments(work),
            *enhanced_audio_arguments(work),
            *transcode.container_arguments(work.encoding, work.media),
            f"file:{target}",
        ],
        duration=work.duration,
        phase="copying" if work.copies_video and work.copies_audio else "enhancing",
        frame_rate=work.frame_rate,
        share=context.percents(*WORK),
    )


def _listened(work: EnhancePlan, context: OperationContext, target: Path) -> tuple[EnhancePlan, Loudness | None, Path]:
    """Measure the output; return the final plan, the loudness and the path of the final file."""
    asked = work.params.audio and work.params.audio.loudness
    if not (work.levelling and asked):
        return work, None, target
    after = measure_loudness(context, target, share=AFTER)
    for number in range(CORRECTIONS):
        better = enhance_audio.correct_leveling(work.levelling, asked, after)
        if better is None:
            break
        work = replace(work, levelling=better)
        remade = target.with_name(f"out-{number + 2}{target.suffix}")
        _remake_audio(work, context, target, remade)
        target.unlink()
        target, after = remade, measure_loudness(context, remade, share=AFTER)
    return work, after, target


def _remake_audio(work: EnhancePlan, context: OperationContext, made: Path, target: Path) -> None:
    """Write the file again with new audio; its video is copied."""
    inputs = [made, context.source] if work.video else [context.source]
    context.ffmpeg.run(
        [
            *(argument for path in inputs for argument in context.ffmpeg.input_arguments(path)),
            *copied_video_arguments(work),
            *enhanced_audio_arguments(work, source=len(inputs) - 1),
            *transcode.container_arguments(work.encoding, work.media),
            f"file:{target}",
        ],
        duration=work.duration,
        phase="correcting loudness",
        share=context.percents(*AFTER),
    )


def _probed(path: Path) -> Media:
    try:
        return probe(path, "the output")
    except (MediaRejected, FileNotFoundError) as nothing:
        message = "the source is damaged: nothing in it could be decoded"
        raise MediaRejected(message) from nothing


def _result(work: EnhancePlan, after: Loudness | None) -> EnhanceResult | None:
    way = work.levelling
    if way is None or work.before is None or after is None:
        return None
    gain = round(way.gain, 2) if way.method in {LevelingMethod.LINEAR, LevelingMethod.LIMITED} else None
    return EnhanceResult(
        method=way.method,
        gain=gain,
        loudness_before=work.before.integrated,
        true_peak_before=work.before.true_peak,
        range_before=work.before.range,
        loudness_after=after.integrated,
        true_peak_after=after.true_peak,
        range_after=after.range,
    )


def _warnings(work: EnhancePlan, after: Loudness | None) -> list[str]:
    """Return a warning for each thing that users may not expect."""
    params, media = work.params, work.media
    found = []
    if params.video and work.video is None:
        found.append("the source has no video: only its audio was enhanced")
    if params.audio and work.audio is None:
        found.append("the source has no audio: only its video was enhanced")
    if len(media.videos) > 1 and work.video:
        found.append(f"the source has {len(media.videos)} video streams: the first one was taken")
    if work.audio and len(media.audios) > 1:
        found.append(f"the source has {len(media.audios)} audio tracks: number {work.track + 1} was taken")
    found += audio_tracks.skipped_track_warnings(media)
    if media.subtitles and work.video:
        found.append(f"the source has {len(media.subtitles)} subtitle tracks: they were omitted")
    if work.video and not work.copies_video:
        found += enhance_video.enhancement_warnings(work.video_params, work.video, work.pixels)
    if work.levelling and after and params.audio and params.audio.loudness:
        found += enhance_audio.leveling_warnings(work.levelling, params.audio.loudness, after)
    return found


OPERATION = Operation(
    kind=SubtaskType.ENHANCE,
    summary="One file with enhanced video or audio",
    params=EnhanceParams,
    run=run,
    result=EnhanceResult,
)
