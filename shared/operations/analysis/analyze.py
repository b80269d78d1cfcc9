"""The structure of a video: shots, chapters, highlights, the best cover image, and tags for what it shows."""

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected, ParametersRejected
from shared.operations import audio_tracks, segments, video_filters
from shared.operations.analysis import chapters, cover, highlights, survey
from shared.operations.analysis.analyze_params import AnalyzeParams, AnalyzeResult, Cover
from shared.operations.findings import Segment
from shared.operations.operation import Operation, OperationContext, OperationResult, Produced
from shared.operations.stills.image_params import StillParams
from shared.operations.stills.screenshot import image_output
from shared.operations.stills.snapshot import take_snapshot

SHOT = "SHOT"
# The maximum of each list in the result; the findings file has all items.
MOST_SHOTS, MOST_CHAPTERS, MOST_TAGS = 120, 40, 100
POOR = 0.25  # a cover with a lower score gets a warning


def run(params: AnalyzeParams, context: OperationContext) -> OperationResult:
    """Ask the provider first, since it may not be ready yet; then read the file once, and once more for the cover."""
    tags, warnings = _tags(params, context)
    video = video_filters.require_video(context.media, context.ffmpeg.limits)
    seen = survey.survey_video(context, params.cut_threshold, share=(0, 90))
    best = cover.choose_cover(seen.looks, seen.shots)
    files: list[Produced] = []
    shown: Cover | None = None
    if best:
        wanted = StillParams(width=params.cover_width)
        shot, said = take_snapshot(context, wanted.drawing(video), best[0].time, "cover", (90, 100))
        files.append(image_output(wanted, shot, number=None))
        shown = Cover(time=round(shot.time, 3), score=round(best[1], 3))
        warnings += said
    if shown and shown.score < POOR:
        warnings.append("no frame is sharp, bright and rich in contrast: the cover is the best of poor ones")
    warnings += audio_tracks.skipped_track_warnings(context.media)
    whole = _result(params, seen, shown, tags)
    files.append(segments.write_result(whole, context, shots=whole.shot_count, chapters=whole.chapter_count))
    return OperationResult(tuple(files), result=_short(whole), warnings=tuple(warnings))


def _tags(params: AnalyzeParams, context: OperationContext) -> tuple[tuple[Segment, ...], list[str]]:
    """Return the provider's tags, and a warning if it has none to give."""
    if not params.tags:
        return (), []
    try:
        labels = context.provider(params.provider).labels(context)
    except MediaRejected:
        video_filters.require_video(context.media, context.ffmpeg.limits)  # a better message if video is missing
        raise
    except ParametersRejected as lacking:
        if lacking.code != "ParameterError.ProviderLacks":
            raise
        return (), [f"there are no tags: {lacking.message}"]
    return tuple(label for label in labels if label.confidence >= params.min_confidence), []


def _result(
    params: AnalyzeParams, seen: survey.Survey, shown: Cover | None, tags: tuple[Segment, ...]
) -> AnalyzeResult:
    shots = tuple(Segment(start=shot.start, end=shot.end, label=SHOT, confidence=1) for shot in seen.shots)
    parts = chapters.find_chapters(seen.shots, seen.looks, params.chapter_seconds)
    high = highlights.find_highlights(seen, params.highlights, params.highlight_seconds)
    return AnalyzeResult(
        duration=round(seen.end, 3),
        shot_count=len(shots),
        chapter_count=len(parts),
        highlight_count=len(high),
        tag_count=len({tag.label for tag in tags}),
        mean_shot_seconds=round(seen.end / len(shots), 3),
        cover=shown,
        shots=segments.round_segments(shots),
        chapters=segments.round_segments(parts),
        highlights=segments.round_segments(high),
        tags=segments.round_segments(tags),
    )


def _short(whole: AnalyzeResult) -> AnalyzeResult:
    """Return the part of the result that fits into a task's record."""
    shots = segments.fit_segments(whole.shots, most=MOST_SHOTS)
    parts = segments.fit_segments(whole.chapters, most=MOST_CHAPTERS)
    tags = segments.fit_segments(whole.tags, most=MOST_TAGS)
    cut = (shots, parts, tags) != (whole.shots, whole.chapters, whole.tags)
    return whole.model_copy(update={"shots": shots, "chapters": parts, "tags": tags, "truncated": cut})


OPERATION = Operation(
    kind=SubtaskType.ANALYZE,
    summary="Shots, chapters, highlights, a cover image, and tags for what the video shows",
    params=AnalyzeParams,
    run=run,
    result=AnalyzeResult,
)
