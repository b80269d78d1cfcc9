"""Inspection of a file: faults with their times, damage, sync, similarity to its source, a score with its reasons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected, OperationFailed
from shared.media.probe import Media
from shared.operations import audio_tracks, segments, video_filters
from shared.operations.decoding import probe_decodable
from shared.operations.findings import Segment
from shared.operations.inspection import chart, examination, score, stretches, timing
from shared.operations.inspection.examination import Check, Examination
from shared.operations.inspection.inspection_result import Findings, InspectParams, InspectResult, Point
from shared.operations.inspection.lag import Lag, find_lag, sample_levels
from shared.operations.inspection.score import Grounds
from shared.operations.inspection.similarity import Similarity, compare_videos, first_frame
from shared.operations.inspection.stretches import Least
from shared.operations.inspection.timing import Timing
from shared.operations.operation import Operation, OperationContext, OperationResult, Produced

CHART = "inspection.svg"
COMBED = 0.5  # of the frames show two moments; in interlaced and telecined video nearly all do, in blocky video a third
REPEATED = 0.15  # of the frames repeat a field; in telecined video, a fifth do
A_FRAME = 0.04  # the shortest damage in seconds
DIGITS = 3  # after the decimal point
SERIES = 2000  # maximum points of the comparison in the findings file


@dataclass(frozen=True)
class SourceComparison:
    """How a file compares with its source."""

    likeness: Similarity | None
    lag: Lag | None
    lost: tuple[str, ...]
    warnings: tuple[str, ...]


def run(params: InspectParams, context: OperationContext) -> OperationResult:
    """Read the file once, compare it with its source if it is an output, and draw a chart."""
    try:
        media = context.media
    except MediaRejected as error:
        if error.code != MediaRejected.code:
            raise  # The file isn't media. Damaged media, in contrast, is what an inspection is for.
        return _hopeless(context)
    if media.video:
        video_filters.check_video(media.video, context.ffmpeg.limits)
    else:
        audio_tracks.require_decodable(media)
    original = context.files.original() if params.against_source else context.source
    compares = original != context.source
    seen = examination.examine_media(context, params.checks, share=(0, 50 if compares else 95))
    if not seen.frames and not seen.audio_times:
        return _hopeless(context, media)
    comparison = _compared(context, original, seen, params) if compares else None
    findings = _findings(params, media, seen, comparison)
    warnings = (*audio_tracks.skipped_track_warnings(media), *(comparison.warnings if comparison else ()))
    return _handed_over(context, findings, seen, warnings)


def _compared(context: OperationContext, original: Path, seen: Examination, params: InspectParams) -> SourceComparison:
    """Compare the streams that both files have."""
    media, source = context.media, probe_decodable(original, "the source", context.ffmpeg)
    lost = [
        what
        for what, had, has in (
            ("video", source.video, media.video),
            ("audio", source.audio, media.audio),
        )
        if had and not has
    ]
    likeness = None
    begins = (0.0, 0.0)
    warnings = []
    if source.video and media.video and seen.frames:
        try:
            likeness = compare_videos(context, original, context.source, every=params.every, share=(50, 90))
            begins = (first_frame(context, original, source.video, 0).moment, seen.frames[0].time)
        except (MediaRejected, OperationFailed) as error:
            warnings.append(f"the video could not be compared with the source: {error.message}")
    shift = None
    if Check.SYNC in params.checks and source.audio and seen.audio_levels:
        heard = examination.measure_audio_levels(context, original, source, share=(90, 95))
        shift = find_lag(sample_levels(heard, begins[0]), sample_levels(seen.audio_levels, begins[1]))
    return SourceComparison(likeness, shift, tuple(lost), tuple(warnings))


def _findings(params: InspectParams, media: Media, seen: Examination, comparison: SourceComparison | None) -> Findings:
    """Collect the measurements in a result."""
    when = timing.measure_timing(seen, media)
    found = _segments(params, media, seen, when)
    video, fields = media.video, seen.fields
    combed = bool(fields and fields.combed >= COMBED)
    seconds = {label: _seconds(found, label) for label in score.RATES}
    unsaid = combed and bool(video and not video.interlaced)
    grounds = Grounds(duration=when.duration, seconds=seconds, combed=unsaid)
    points, reasons = score.compute_score(_against(grounds, comparison))
    loud = seen.loudness
    bars = next((segment.text for segment in found if segment.label == Check.LETTERBOXED), None)
    return Findings(
        score=points,
        reasons=reasons,
        segments=found,
        segment_count=len(found),
        duration=round(when.duration, 3),
        has_video=video is not None,
        has_audio=media.audio is not None,
        readable=True,
        damaged=seconds["DAMAGED"] > 0,
        truncated=seconds["TRUNCATED"] > 0,
        interlaced=combed or video.interlaced if video and (fields or video.interlaced) else None,
        telecined=combed and fields.repeated >= REPEATED if fields else None,
        variable_frame_rate=when.variable,
        letterboxed=bars is not None,
        active_area=bars,
        black_seconds=round(seconds["BLACK"], 3),
        frozen_seconds=round(seconds["FROZEN"], 3),
        silent_seconds=round(seconds["SILENT"], 3),
        clipped_seconds=round(seconds["CLIPPED"], 3),
        blurred_seconds=round(seconds["BLURRED"], 3),
        blocky_seconds=round(seconds["BLOCKY"], 3),
        damaged_seconds=round(seconds["DAMAGED"], 3),
        audio_offset=_rounded(when.audio_offset),
        integrated_loudness=loud.integrated if loud else None,
        true_peak=loud.true_peak if loud else None,
        loudness_range=loud.range if loud else None,
        compared=comparison is not None,
        **_likeness(comparison),
        series=_series(comparison),
    )


def _segments(params: InspectParams, media: Media, seen: Examination, when: Timing) -> tuple[Segment, ...]:
    """Return all faults that were checked for, sorted by their start."""
    least = Least(black=params.min_black, frozen=params.min_frozen, silent=params.min_silent)
    shown = when.video.end if when.video else 0.0
    heard = when.audio.end if when.audio else 0.0
    found: dict[Check, Callable[[], list[Segment]]] = {
        Check.BLACK: lambda: stretches.find_black(seen.frames, shown, least),
        Check.FROZEN: lambda: stretches.find_frozen(seen.frames, shown, least),
        Check.LETTERBOXED: lambda: stretches.find_letterboxed(seen.details, seen.size, shown, least),
        Check.BLURRED: lambda: stretches.find_blurred(seen.details, seen.frames, shown, least),
        Check.BLOCKY: lambda: stretches.find_blocky(seen.details, shown, least),
        Check.SILENT: lambda: stretches.find_silent(seen.audio_levels, heard, least),
        Check.CLIPPED: lambda: stretches.find_clipped(seen.audio_levels, heard, least),
        Check.DAMAGED: lambda: _damage(media, seen, when),
        Check.SYNC: lambda: timing.find_missing_streams(when),
    }
    every = [segment for check, find in found.items() if check in params.checks for segment in find()]
    return segments.round_segments(sorted(every, key=attrgetter("start", "end")))


def _damage(media: Media, seen: Examination, when: Timing) -> list[Segment]:
    """Return where the file is damaged, and what is missing at its end."""
    cut = timing.find_truncation(when, media)
    damage = timing.find_damage(seen, variable=when.variable)
    if seen.complete or damage or cut:
        return damage + cut
    reached = max(extent.end for extent in (when.video, when.audio) if extent)
    return [Segment(start=reached, end=max(when.duration, reached + A_FRAME), label="DAMAGED", confidence=1)]


def _seconds(found: Sequence[Segment], label: str) -> float:
    return sum(segment.end - segment.start for segment in found if segment.label == label)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _against(grounds: Grounds, comparison: SourceComparison | None) -> Grounds:
    """Return the grounds with those from the comparison."""
    if comparison is None:
        return grounds
    return replace(
        grounds,
        lag=comparison.lag.worst if comparison.lag else None,
        vmaf=comparison.likeness.vmaf if comparison.likeness else None,
        lost=comparison.lost,
    )


def _likeness(comparison: SourceComparison | None) -> dict[str, Any]:
    """Return the fields of the result that come from a comparison."""
    found: dict[str, Any] = {}
    if comparison and (likeness := comparison.likeness):
        found |= {name: round(getattr(likeness, name), DIGITS) for name in ("vmaf", "psnr", "ssim")}
    if comparison and (lag := comparison.lag):
        found |= {"audio_lag": _rounded(lag.worst), "audio_drift": _rounded(lag.drift)}
    return found


def _series(comparison: SourceComparison | None) -> tuple[Point, ...]:
    """Return the comparison over time, with as many points as people can use."""
    likeness = comparison and comparison.likeness
    if not likeness:
        return ()
    step = -(-len(likeness.series) // SERIES)
    return tuple(
        Point(time=each.time, vmaf=round(each.vmaf, 2), psnr=round(each.psnr, 2), ssim=round(each.ssim, 5))
        for each in likeness.series[::step]
    )


def _hopeless(context: OperationContext, media: Media | None = None) -> OperationResult:
    """Return the result for media that can't be played at all."""
    points, reasons = score.score_unreadable()
    duration = (media and media.duration) or 0.0
    findings = Findings(
        score=points,
        reasons=reasons,
        segments=(Segment(start=0, end=duration, label="DAMAGED", confidence=1),),
        segment_count=1,
        duration=duration,
        has_video=bool(media and media.video),
        has_audio=bool(media and media.audio),
        readable=False,
        damaged=True,
        truncated=bool(media and media.truncated),
        damaged_seconds=duration,
    )
    return _handed_over(context, findings, Examination())


def _handed_over(
    context: OperationContext, findings: Findings, seen: Examination, warnings: tuple[str, ...] = ()
) -> OperationResult:
    """Return the chart, the complete findings, and the part of them for the subtask's record."""
    drawn = context.folder / CHART
    drawn.write_text(chart.draw_chart(context.files.name, findings, seen), encoding="utf-8")
    facts = {"score": findings.score, "duration": findings.duration}
    files = (
        Produced(drawn, "image/svg+xml", facts={**facts, "width": chart.WIDTH}),
        segments.write_result(findings, context, **facts, segments=findings.segment_count),
    )
    short = {name: getattr(findings, name) for name in InspectResult.model_fields}
    result = InspectResult(**{**short, "segments": segments.fit_segments(findings.segments)})
    return OperationResult(files, result=result, warnings=warnings)


OPERATION = Operation(
    kind=SubtaskType.INSPECT,
    summary="A score with its reasons: black, frozen, silent, damaged, out of sync, unlike the source",
    params=InspectParams,
    run=run,
    result=InspectResult,
)
