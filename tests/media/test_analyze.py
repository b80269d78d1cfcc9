"""ANALYZE on real footage."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import JobRunning, MediaRejected
from shared.media.ffmpeg import Ffmpeg
from shared.operations.analysis.analyze import OPERATION
from shared.operations.analysis.analyze_params import AnalyzeParams, AnalyzeResult
from shared.operations.findings import Provider, Segment
from shared.operations.operation import OperationContext, OperationResult
from shared.providers.local import Local
from tests.support.clips import Clips, brightness, combing, decoded
from tests.support.local_files import LocalFiles, Operate, workbench


@dataclass
class Labelling(Local):
    """A provider that returns the given labels."""

    named: tuple[Segment, ...]

    def labels(self, context: OperationContext) -> tuple[Segment, ...]:
        assert context.media.video
        return self.named


class Busy(Local):
    """A provider that needs longer."""

    def labels(self, context: OperationContext) -> tuple[Segment, ...]:
        raise JobRunning(context.job)


def analyze(operate: Operate, source: Path, **params: object) -> tuple[AnalyzeResult, OperationResult]:
    made = operate(SubtaskType.ANALYZE, source, **params)
    assert isinstance(made.result, AnalyzeResult)
    return made.result, made


def analyze_by(provider: Provider, source: Path, ffmpeg: Ffmpeg) -> OperationResult:
    context = replace(workbench(LocalFiles(source), ffmpeg), provider=lambda _: provider)
    return OPERATION.run(AnalyzeParams(), context)


def test_the_shots_are_those_of_the_film(clip: Clips, operate: Operate) -> None:
    result, made = analyze(operate, clip("two-cuts.mp4"), tags=False)

    assert [shot.start for shot in result.shots] == pytest.approx([0, 2, 3.2], abs=0.001)
    assert [shot.end for shot in result.shots] == pytest.approx([2, 3.2, 4.2], abs=0.04)
    assert result.shot_count == 3
    assert result.mean_shot_seconds == pytest.approx(1.4, abs=0.02)
    assert made.warnings == ()


def test_the_cover_comes_first_and_the_findings_are_a_file_too(clip: Clips, operate: Operate) -> None:
    result, made = analyze(operate, clip("two-cuts.mp4"), tags=False, coverWidth=160)

    cover, findings = made.files
    assert (cover.content_type, findings.content_type) == ("image/jpeg", "application/json")
    assert (cover.number, findings.number) == (None, None)
    assert decoded(cover.path).size == (160, 90)
    assert cover.facts["time"] == (result.cover and result.cover.time)
    assert json.loads(findings.path.read_text()) == result.model_dump(mode="json", by_alias=True)


def test_the_cover_is_neither_dark_nor_blurred(clip: Clips, operate: Operate) -> None:
    result, made = analyze(operate, clip("flawed.mp4"), tags=False)

    assert result.cover is not None
    assert 1.5 <= result.cover.time < 2.25
    (frame,) = decoded(made.files[0].path).frames
    assert brightness(frame, slice(0, 36)) > 60
    assert made.warnings == ()


def test_of_a_video_without_anything_in_it_the_cover_is_the_best_and_said_to_be_poor(
    clip: Clips, operate: Operate
) -> None:
    result, made = analyze(operate, clip("red.mp4"), tags=False)

    assert result.cover is not None
    assert result.cover.score < 0.1
    assert made.warnings == ("no frame is sharp, bright and rich in contrast: the cover is the best of poor ones",)


def test_chapters_begin_where_the_colors_change(clip: Clips, operate: Operate) -> None:
    result, _ = analyze(operate, clip("two-cuts.mp4"), tags=False, chapterSeconds=1)

    assert [chapter.start for chapter in result.chapters] == pytest.approx([0, 2, 3.2], abs=0.001)
    assert result.chapters[-1].end == result.duration


def test_a_highlight_is_where_it_is_loud(clip: Clips, operate: Operate) -> None:
    result, _ = analyze(operate, clip("hushed.mp4"), tags=False, highlights=1, highlightSeconds=1)

    assert [(found.start, found.end) for found in result.highlights] == [(1, 2)]


@pytest.mark.parametrize(
    "name",
    [
        *("sideways.mp4", "sideways.mkv", "odd.mp4", "anamorphic.mp4", "interlaced.mp4", "variable.mp4", "ten-bit.mkv"),
        *("hdr.mp4", "stream.ts", "old.avi", "web.webm", "tracks.mp4", "silent.mp4", "late.mkv", "audio-late.mp4"),
        *("video-late.mp4", "open-gop.ts", "telecined.mp4", "data.mov", "poster.mp4", "portrait.mp4", "edited.mp4"),
    ],
)
def test_every_kind_of_video_is_measured_to_its_end_and_has_a_cover(clip: Clips, operate: Operate, name: str) -> None:
    seen = decoded(clip(name))
    frame = 1 / float(seen.video.average_rate if seen.video and seen.video.average_rate else 25)
    first = 0.5 if name == "video-late.mp4" else 0.0

    result, made = analyze(operate, clip(name), tags=False)

    assert result.duration == pytest.approx(first + seen.times[-1] - max(seen.times[0], 0) + frame, abs=2 * frame)
    assert (result.shots[0].start, result.shots[-1].end) == (0, result.duration)
    (cover,) = decoded(made.files[0].path).frames
    assert brightness(cover, slice(0, 36)) > 30
    assert combing(cover) < 12


def test_a_file_that_is_cut_off_is_measured_to_where_it_breaks_off(clip: Clips, operate: Operate) -> None:
    result, _ = analyze(operate, clip.cut("front.mp4", 200_000), tags=False)

    assert 0.5 < result.duration < 1.5
    assert result.shots[-1].end == result.duration


def test_a_video_that_lies_on_its_side_has_an_upright_cover(clip: Clips, operate: Operate) -> None:
    _, made = analyze(operate, clip("sideways.mp4"), tags=False)

    assert decoded(made.files[0].path).size == (272, 640)


def test_audio_alone_has_nothing_to_analyze(clip: Clips, operate: Operate) -> None:
    with pytest.raises(MediaRejected) as caught:
        analyze(operate, clip("covered.mp3"))

    assert caught.value.code == "SourceFileError.NoVideo"


def test_without_a_model_for_labels_there_are_no_tags_and_a_warning_says_so(clip: Clips, operate: Operate) -> None:
    result, made = analyze(operate, clip("plain.mp4"))

    assert result.tags == ()
    assert made.warnings == (
        "there are no tags: the provider local has no model to label what plain.mp4 shows: choose the provider aws",
    )


def test_tags_are_what_the_provider_is_sure_enough_of(clip: Clips, ffmpeg: Ffmpeg) -> None:
    named = tuple(
        Segment(start=start, end=start + 1, label=label, confidence=sure)
        for start, label, sure in [(0, "Tree", 0.9), (0.5, "Rabbit", 0.4), (1, "Tree", 0.7)]
    )

    result = analyze_by(Labelling(named), clip("plain.mp4"), ffmpeg).result

    assert isinstance(result, AnalyzeResult)
    assert result.tags == (named[0], named[2])
    assert (result.tag_count, result.truncated) == (1, False)


def test_a_long_list_is_cut_in_the_result_and_whole_in_the_file(clip: Clips, ffmpeg: Ffmpeg) -> None:
    named = tuple(Segment(start=0, end=1, label=f"Thing {number}", confidence=1) for number in range(500))

    made = analyze_by(Labelling(named), clip("plain.mp4"), ffmpeg)

    assert isinstance(made.result, AnalyzeResult)
    assert (len(made.result.tags), made.result.tag_count, made.result.truncated) == (100, 500, True)
    assert len(made.result.model_dump_json(by_alias=True)) < 64_000
    assert len(json.loads(made.files[-1].path.read_text())["tags"]) == 500


def test_while_a_service_works_nothing_else_is_done(clip: Clips, ffmpeg: Ffmpeg) -> None:
    with pytest.raises(JobRunning):
        analyze_by(Busy(), clip("plain.mp4"), ffmpeg)

    assert ffmpeg.commands == []
