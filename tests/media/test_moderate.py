"""MODERATE on real clips. We ship no content that must be blocked, so the tests move the thresholds instead."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.domain.subtask import SubtaskType
from shared.errors import Interrupted, MediaRejected
from shared.media.ffmpeg import AttemptProgress, Ffmpeg
from shared.operations.analysis.moderate import OPERATION, ModerateParams, ModerateResult
from shared.operations.findings import Segment, Suggestion
from shared.operations.operation import OperationContext, OperationResult
from shared.providers.local import Local
from tests.support.clips import Clips, decoded
from tests.support.local_files import LocalFiles, Operate, workbench


@dataclass
class Strict(Local):
    """A provider that returns the given segments as seen and heard."""

    seen: tuple[Segment, ...] = ()
    heard: tuple[Segment, ...] = ()

    def moderation(self, context: OperationContext) -> tuple[Segment, ...]:
        return self.seen if context.media.video else ()

    def speech(self, context: OperationContext, language: str | None) -> tuple[Segment, ...]:
        assert language is None
        return self.heard if context.media.audio else ()


def moderate(operate: Operate, source: Path, **params: object) -> tuple[ModerateResult, OperationResult]:
    made = operate(SubtaskType.MODERATE, source, **params)
    assert isinstance(made.result, ModerateResult)
    return made.result, made


def moderate_by(
    provider: Local, source: Path, ffmpeg: Ffmpeg, report: Callable[[AttemptProgress], None] = print, **params: object
) -> tuple[ModerateResult, OperationResult]:
    context = replace(workbench(LocalFiles(source), ffmpeg), provider=lambda _: provider, report=report)
    made = OPERATION.run(ModerateParams.model_validate(params), context)
    assert isinstance(made.result, ModerateResult)
    return made.result, made


def seen(*scores: float, label: str = "NUDITY") -> tuple[Segment, ...]:
    return tuple(
        Segment(start=number / 2, end=(number + 1) / 2, label=label, confidence=score)
        for number, score in enumerate(scores)
    )


def test_people_on_bicycles_may_be_shown(clip: Clips, operate: Operate) -> None:
    result, made = moderate(operate, clip("silent.mp4"))

    assert result.suggestion is Suggestion.PASS
    assert result.highest_score < 0.1
    assert (result.review_count, result.block_count, result.labels) == (0, 0, ())
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("review", "block", "suggestion"),
    [(0.01, 0.99, "REVIEW"), (0.005, 0.01, "BLOCK"), (0.98, 0.99, "PASS")],
)
def test_the_worst_stretch_decides_against_the_thresholds(
    clip: Clips, operate: Operate, review: float, block: float, suggestion: str
) -> None:
    result, _ = moderate(operate, clip("two-cuts.mp4"), reviewAt=review, blockAt=block)

    assert result.suggestion == suggestion
    assert 0.01 < result.highest_score < 0.98
    assert result.highest_score == max(segment.confidence for segment in result.segments)


@pytest.mark.parametrize(
    "name",
    [
        *("two-cuts.mp4", "sideways.mkv", "odd.mp4", "interlaced.mp4", "variable.mp4", "ten-bit.mkv", "hdr.mp4"),
        *("late.mkv", "stream.ts", "poster.mp4", "web.webm"),
    ],
)
def test_stretches_fill_the_video_from_its_beginning_to_its_end(clip: Clips, operate: Operate, name: str) -> None:
    times = decoded(clip(name)).times

    result, _ = moderate(operate, clip(name))

    assert result.segments[0].start == 0
    assert result.segments[-1].end == pytest.approx(times[-1] - times[0] + 0.04, abs=0.081)
    pairs = zip(result.segments, result.segments[1:], strict=False)
    assert all(before.end == pytest.approx(after.start, abs=0.002) for before, after in pairs)


def test_neighbors_of_one_suggestion_are_one_stretch_as_bad_as_the_worse(clip: Clips, ffmpeg: Ffmpeg) -> None:
    provider = Strict(seen(0.1, 0.3, 0.5, 0.7, 0.9, 0.2))

    result, _ = moderate_by(provider, clip("plain.mp4"), ffmpeg)

    assert [(s.start, s.end, s.confidence, s.suggestion) for s in result.segments] == [
        (0, 1, 0.3, "PASS"),
        (1, 2, 0.7, "REVIEW"),
        (2, 2.5, 0.9, "BLOCK"),
        (2.5, 3, 0.2, "PASS"),
    ]
    assert (result.suggestion, result.highest_score) == ("BLOCK", 0.9)
    assert (result.review_count, result.block_count, result.labels) == (1, 1, ("NUDITY",))


def test_words_count_by_the_list_that_they_are_in(clip: Clips, ffmpeg: Ffmpeg) -> None:
    heard = tuple(
        Segment(start=start, end=start + 1, label="SPEECH", confidence=0.8, text=text)
        for start, text in [(0, "Darn it,"), (1, "you bloody"), (2, "fool, a darned one")]
    )

    result, _ = moderate_by(
        Strict(seen(0.1), heard), clip("plain.mp4"), ffmpeg, reviewWords=["darn"], blockWords=["Bloody fool"]
    )

    words = [segment for segment in result.segments if segment.label == "WORD"]
    assert [(word.start, word.end, word.suggestion, word.text) for word in words] == [
        (0, 1, "REVIEW", "darn: Darn it,"),
        (1, 3, "BLOCK", "Bloody fool: you bloody fool, a darned one"),
    ]
    assert (result.suggestion, result.words_found, result.highest_score) == ("BLOCK", 2, 0.1)
    assert result.labels == ("WORD",)


def test_block_words_for_a_source_without_audio_cause_a_warning(clip: Clips, ffmpeg: Ffmpeg) -> None:
    result, made = moderate_by(Strict(seen(0.1)), clip("silent.mp4"), ffmpeg, blockWords=["darn"])

    assert result.suggestion == "PASS"
    assert made.warnings == ("the source has no audio: its speech was not searched for the words",)


def test_of_audio_alone_the_words_are_moderated(clip: Clips, ffmpeg: Ffmpeg) -> None:
    heard = (Segment(start=0, end=1, label="SPEECH", confidence=0.8, text="darn"),)

    result, made = moderate_by(Strict(heard=heard), clip("audio.mp3"), ffmpeg, reviewWords=["darn"])

    assert (result.suggestion, result.highest_score) == ("REVIEW", 0)
    assert made.warnings == ("the source has no video: only its speech was searched for the words",)


def test_audio_alone_without_words_has_nothing_to_moderate(clip: Clips, operate: Operate) -> None:
    with pytest.raises(MediaRejected, match="no words to search its speech") as caught:
        moderate(operate, clip("covered.mp3"))

    assert caught.value.code == "SourceFileError.NoVideo"


@pytest.mark.parametrize(("kind", "sharp"), [("clear", True), ("blurred", False)])
def test_evidence_is_a_video_of_each_bad_stretch(clip: Clips, ffmpeg: Ffmpeg, kind: str, *, sharp: bool) -> None:
    provider = Strict(seen(0.5, 0.1, 0.9, 0.1))

    _, made = moderate_by(provider, clip("plain.mp4"), ffmpeg, evidence=kind)

    findings, *videos = made.files
    assert findings.number is None
    assert [(shot.number, shot.facts["time"]) for shot in videos] == [(1, 0.25), (2, 1.25)]
    assert [decoded(shot.path).size for shot in videos] == [(320, 180)] * 2
    assert all((shot.path.stat().st_size > 8_000) is sharp for shot in videos)


def test_where_all_is_well_there_is_no_evidence(clip: Clips, ffmpeg: Ffmpeg) -> None:
    _, made = moderate_by(Strict(seen(0.1)), clip("plain.mp4"), ffmpeg, evidence="clear")

    assert len(made.files) == 1
    assert len(ffmpeg.commands) == 0


def test_of_too_many_stretches_the_worst_stand_in_the_result(clip: Clips, ffmpeg: Ffmpeg) -> None:
    provider = Strict(seen(*(0.9 if number == 777 else 0.5 if number % 2 else 0.1 for number in range(1000))))

    result, made = moderate_by(provider, clip("plain.mp4"), ffmpeg)

    assert (result.segments[0].suggestion, result.block_count, result.review_count) == ("BLOCK", 1, 499)
    assert len(result.segments) == 300
    assert result.truncated
    assert len(result.model_dump_json(by_alias=True)) < 64_000
    assert len(json.loads(made.files[0].path.read_text())["segments"]) == 1000


def test_it_stops_when_the_task_is_ended(clip: Clips, ffmpeg: Ffmpeg) -> None:
    def stop(_: AttemptProgress) -> None:
        message = "somebody ended the task"
        raise Interrupted(message)

    with pytest.raises(Interrupted):
        moderate_by(Local(), clip("plain.mp4"), ffmpeg, stop)

    assert list(ffmpeg.folder.iterdir()) == []


def test_a_review_that_begins_above_the_block_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"reviewAt 0\.9 is above blockAt 0\.8"):
        ModerateParams(review_at=0.9)
