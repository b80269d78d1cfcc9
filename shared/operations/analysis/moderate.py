"""Whether a video may be shown: PASS, REVIEW or BLOCK, overall and for each segment."""

from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.media.probe import image_size
from shared.operations import audio_tracks, segments, video_filters
from shared.operations.analysis import sampling, words
from shared.operations.analysis.analyze_params import ProviderName
from shared.operations.analysis.provider_answers import Question, ask_provider
from shared.operations.analysis.recognize import RecognitionKind, select_kinds
from shared.operations.analysis.words import Word
from shared.operations.findings import Result, Segment, Suggestion
from shared.operations.language import Language
from shared.operations.operation import Operation, OperationContext, OperationResult, Params, Produced

SEVERITY = {suggestion: rank for rank, suggestion in enumerate(Suggestion)}
WORD = "WORD"
SEEN = "SEEN"
MOST_EVIDENCE = 12
EVIDENCE_SIZE = video_filters.Box(640, 640)


class ModerateParams(Params):
    """The confidence for each suggestion, and the words that count as well."""

    review_at: float = Field(0.4, ge=0, le=1, description="The minimum confidence to suggest REVIEW.")
    block_at: float = Field(0.8, ge=0, le=1, description="The minimum confidence to suggest BLOCK.")
    review_words: tuple[Word, ...] = Field((), max_length=200, description="Words and phrases that suggest REVIEW.")
    block_words: tuple[Word, ...] = Field((), max_length=200, description="Words and phrases that suggest BLOCK.")
    words_in: tuple[RecognitionKind, ...] = Field(
        (RecognitionKind.SPEECH,), min_length=1, max_length=2, description="Where to search for the words."
    )
    language: Language | None = Field(None, description="The spoken language; the provider detects it if omitted.")
    evidence: Literal["none", "blurred", "clear"] = Field(
        "none", description="Whether to keep an image of each segment for REVIEW or BLOCK, and how."
    )
    provider: ProviderName | None = Field(None, description="The deployment's default if omitted.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review_at > self.block_at:
            message = f"reviewAt {self.review_at} is above blockAt {self.block_at}: lower reviewAt, or raise blockAt"
            raise ValueError(message)
        return self

    @property
    def words(self) -> tuple[str, ...]:
        """All words to search for."""
        return self.review_words + self.block_words

    def suggestion(self, confidence: float) -> Suggestion:
        """Return the suggestion for that confidence."""
        if confidence >= self.block_at:
            return Suggestion.BLOCK
        return Suggestion.REVIEW if confidence >= self.review_at else Suggestion.PASS


class ModerateResult(Result):
    """What to do with the video, and why. Counts include segments that the result omits for size."""

    suggestion: Suggestion
    highest_score: float = Field(description="The provider's highest confidence, without words.")
    review_count: int
    block_count: int
    words_found: int
    labels: tuple[str, ...] = Field(description="The labels of the segments for REVIEW or BLOCK.")
    segments: tuple[Segment, ...] = Field(description="By time; the worst ones if the result omits some for size.")
    truncated: bool = Field(default=False, description="Whether the findings file has a longer list.")


def run(params: ModerateParams, context: OperationContext) -> OperationResult:
    """Check the video, if there is one, and search for the words, if any are given."""
    provider = context.provider(params.provider)
    questions: dict[str, Question] = {
        SEEN: provider.moderation,
        RecognitionKind.TEXT: provider.text,
        RecognitionKind.SPEECH: partial(provider.speech, language=params.language),
    }
    asked = [SEEN, *(params.words_in if params.words else ())]
    answered = ask_provider(context.part(0, 95), {question: questions[question] for question in asked})
    kinds, warnings = _kinds(params, context)
    seen = answered.to(SEEN) if context.media.video is not None else ()
    judged = [segment.model_copy(update={"suggestion": params.suggestion(segment.confidence)}) for segment in seen]
    spoken = [place for kind in kinds for place in _words(params, answered.to(kind), kind)]
    whole = _result(segments.join_segments(judged, _as_bad), spoken)
    evidence = _evidence(params, context, whole)
    findings = segments.write_result(
        whole, context, suggestion=whole.suggestion.value, highestScore=whole.highest_score
    )
    return OperationResult((findings, *evidence), result=_short(whole), warnings=tuple(warnings))


def _kinds(params: ModerateParams, context: OperationContext) -> tuple[tuple[RecognitionKind, ...], list[str]]:
    """Return where to search for the words; raise MediaRejected if there is nothing to moderate."""
    if context.media.video is not None:
        audio = context.media.audio
        wanted = [kind for kind in params.words_in if kind is RecognitionKind.TEXT or (audio and audio.decodable)]
        lacks = "audio that can be decoded" if audio else "audio"
        lost = [f"the source has no {lacks}: its speech was not searched for the words"]
        lost *= len(wanted) < len(params.words_in)
        lost += audio_tracks.skipped_track_warnings(context.media) if RecognitionKind.SPEECH in params.words_in else []
        return (tuple(dict.fromkeys(wanted)), lost) if params.words else ((), [])
    if not params.words:
        message = "the source has no video, and no words to search its speech for are given"
        raise MediaRejected(message, code="SourceFileError.NoVideo")
    kinds, warnings = select_kinds(params.words_in, context)
    return kinds, [*warnings, "the source has no video: only its speech was searched for the words"]


def _words(params: ModerateParams, said: Sequence[Segment], kind: RecognitionKind) -> list[Segment]:
    """Return the segments with the words: `label` is WORD, `text` is the word and its context."""
    return [
        Segment(
            start=place.start,
            end=place.end,
            label=WORD,
            confidence=place.confidence,
            suggestion=Suggestion.BLOCK if place.label in params.block_words else Suggestion.REVIEW,
            text=f"{place.label}: {place.text}",
            language=place.language,
        )
        for place in words.find_words(tuple(dict.fromkeys(params.words)), said, kind.value)
    ]


def _as_bad(one: Segment, other: Segment) -> bool:
    return (one.label, one.text, one.suggestion) == (other.label, other.text, other.suggestion)


def _result(judged: Sequence[Segment], spoken: Sequence[Segment]) -> ModerateResult:
    every = segments.round_segments(sorted((*judged, *spoken), key=attrgetter("start", "end")))
    bad = [segment for segment in every if segment.suggestion is not Suggestion.PASS]
    blocked = [segment for segment in bad if segment.suggestion is Suggestion.BLOCK]
    return ModerateResult(
        suggestion=Suggestion.BLOCK if blocked else Suggestion.REVIEW if bad else Suggestion.PASS,
        highest_score=round(max((segment.confidence for segment in judged), default=0.0), 3),
        review_count=len(bad) - len(blocked),
        block_count=len(blocked),
        words_found=len(spoken),
        labels=tuple(sorted({segment.label for segment in bad}))[:50],
        segments=every,
    )


def _short(whole: ModerateResult) -> ModerateResult:
    """Return the part of the result that fits into a task's record: all segments by time, or the worst ones."""
    kept = segments.fit_segments(whole.segments)
    if kept == whole.segments:
        return whole
    worst_first = sorted(
        whole.segments,
        key=lambda segment: (-SEVERITY[segment.suggestion or Suggestion.PASS], -segment.confidence),
    )
    return whole.model_copy(update={"segments": segments.fit_segments(worst_first), "truncated": True})


def _evidence(params: ModerateParams, context: OperationContext, whole: ModerateResult) -> list[Produced]:
    """Take an image from the middle of each of the worst segments."""
    if params.evidence == "none" or context.media.video is None:
        return []
    bad = [segment for segment in whole.segments if segment.suggestion is not Suggestion.PASS]
    worst = sorted(bad, key=attrgetter("confidence"), reverse=True)[:MOST_EVIDENCE]
    times = sorted({(segment.start + segment.end) / 2: segment for segment in worst}.items())
    if not times:
        return []
    wanted = [sampling.LookMoment(time, segment.start, segment.end) for time, segment in times]
    produced = []
    with sampling.take_samples(
        context, wanted, size=EVIDENCE_SIZE, share=(95, 100), blurred=params.evidence == "blurred"
    ) as stills:
        for number, still in enumerate(stills, 1):
            path = still.path.rename(context.folder / f"evidence-{number:03}.jpg")
            width, height = image_size(path)
            facts = {"width": width, "height": height, "time": round(still.moment.time, 3)}
            produced.append(Produced(path, "image/jpeg", number, facts))
    return produced


OPERATION = Operation(
    kind=SubtaskType.MODERATE,
    summary="Whether a video may be shown: PASS, REVIEW or BLOCK, with the segments that are the reason",
    params=ModerateParams,
    run=run,
    result=ModerateResult,
)
