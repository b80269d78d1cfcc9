"""The speech and the text in a video: all segments with their times, subtitles, and words to search for."""

from enum import StrEnum
from functools import partial
from operator import attrgetter

from pydantic import Field

from shared.domain.subtask import SubtaskType
from shared.errors import MediaRejected
from shared.operations import audio_tracks, captions, segments, video_filters
from shared.operations.analysis import words
from shared.operations.analysis.analyze_params import ProviderName
from shared.operations.analysis.cue_layout import make_cues
from shared.operations.analysis.provider_answers import Question, ask_provider
from shared.operations.analysis.words import FoundWord, Word
from shared.operations.findings import Result, Segment
from shared.operations.language import Language
from shared.operations.operation import Operation, OperationContext, OperationResult, Params, Produced

MOST_FOUND, MOST_SPOKEN, MOST_WRITTEN = 100, 100, 100
ROOM = segments.ROOM // 3


class RecognitionKind(StrEnum):
    """What to recognize."""

    TEXT = "TEXT"  # writing in the video
    SPEECH = "SPEECH"


class RecognizeParams(Params):
    """What to recognize, the language, and the words to search for."""

    kinds: tuple[RecognitionKind, ...] = Field(
        (RecognitionKind.TEXT, RecognitionKind.SPEECH), min_length=1, max_length=2
    )
    language: Language | None = Field(None, description="The spoken language; the provider detects it if omitted.")
    words: tuple[Word, ...] = Field((), max_length=200, description="Found as whole words, in any case.")
    provider: ProviderName | None = Field(None, description="The deployment's default if omitted.")


class RecognizeResult(Result):
    """What was recognized. Counts include items that the result omits for size."""

    language: str | None = Field(description="The spoken language; null if there is no speech or it is unknown.")
    has_text: bool
    has_speech: bool
    text_count: int
    speech_count: int
    words_found: int = Field(description="The number of places with one of the words.")
    any_word_found: bool
    found: tuple[FoundWord, ...]
    speech: tuple[Segment, ...]
    text: tuple[Segment, ...]
    truncated: bool = Field(default=False, description="Whether the findings file has longer lists.")


def run(params: RecognizeParams, context: OperationContext) -> OperationResult:
    """Recognize the requested kinds that the file has: in audio alone, the speech."""
    provider = context.provider(params.provider)
    questions: dict[RecognitionKind, Question] = {
        RecognitionKind.TEXT: provider.text,
        RecognitionKind.SPEECH: partial(provider.speech, language=params.language),
    }
    answered = ask_provider(context, {kind: questions[kind] for kind in params.kinds})
    kinds, warnings = select_kinds(params.kinds, context)
    text, speech = (
        segments.round_segments(answered.to(kind)) if kind in kinds else ()
        for kind in (RecognitionKind.TEXT, RecognitionKind.SPEECH)
    )
    places = (*words.find_words(params.words, speech, "SPEECH"), *words.find_words(params.words, text, "TEXT"))
    found = tuple(sorted(places, key=attrgetter("start", "end")))
    language = next((segment.language for segment in speech if segment.language), params.language if speech else None)
    whole = RecognizeResult(
        language=language,
        has_text=bool(text),
        has_speech=bool(speech),
        text_count=len(text),
        speech_count=len(speech),
        words_found=len(found),
        any_word_found=bool(found),
        found=found,
        speech=speech,
        text=text,
    )
    files = _subtitles(context, speech, language) if RecognitionKind.SPEECH in params.kinds else ()
    findings = segments.write_result(whole, context, lines=len(text), sentences=len(speech), wordsFound=len(found))
    return OperationResult((*files, findings), result=_short(whole), warnings=tuple(warnings))


def select_kinds(
    kinds: tuple[RecognitionKind, ...], context: OperationContext
) -> tuple[tuple[RecognitionKind, ...], list[str]]:
    """Return the kinds that the file can have, and a warning for each other; raise MediaRejected if none is left."""
    media = context.media
    there = {RecognitionKind.TEXT: media.video, RecognitionKind.SPEECH: media.audio}
    left = tuple(dict.fromkeys(kind for kind in kinds if (stream := there[kind]) and stream.decodable))
    if not left and RecognitionKind.SPEECH in kinds:
        audio_tracks.require_decodable(media)
    if not left and RecognitionKind.TEXT in kinds and media.video:
        video_filters.check_video(media.video, context.ffmpeg.limits)
    if not left:
        kind, code = ("audio", "NoAudio") if RecognitionKind.SPEECH in kinds else ("video", "NoVideo")
        message = f"the source has no {kind}, and nothing else is requested"
        raise MediaRejected(message, code=f"SourceFileError.{code}")
    lacks = {RecognitionKind.TEXT: ("video", "text"), RecognitionKind.SPEECH: ("audio", "speech")}
    warnings = [
        f"the source has no {what}{' that can be decoded' if there[kind] else ''}: it was not searched for {sought}"
        for kind, (what, sought) in lacks.items()
        if kind in kinds and kind not in left
    ]
    return left, [*warnings, *(audio_tracks.skipped_track_warnings(media) if RecognitionKind.SPEECH in kinds else ())]


def _subtitles(context: OperationContext, speech: tuple[Segment, ...], language: str | None) -> tuple[Produced, ...]:
    """Write the speech as WebVTT and SubRip; without speech, both files have no cues."""
    cues = make_cues(speech)
    facts: dict[str, object] = {"cues": len(cues)} | ({"language": language} if language else {})
    made = []
    for name, content_type, text in (
        ("speech.vtt", captions.WEBVTT_TYPE, captions.to_webvtt(cues)),
        ("speech.srt", captions.SUBRIP_TYPE, captions.to_subrip(cues)),
    ):
        path = context.folder / name
        path.write_text(text, encoding="utf-8")
        made.append(Produced(path, content_type, facts=facts))
    return tuple(made)


def _short(whole: RecognizeResult) -> RecognizeResult:
    """Return the part of the result that fits into a task's record."""
    found = segments.fit_segments(whole.found, most=MOST_FOUND, room=ROOM)
    speech = segments.fit_segments(whole.speech, most=MOST_SPOKEN, room=ROOM)
    text = segments.fit_segments(whole.text, most=MOST_WRITTEN, room=ROOM)
    cut = (found, speech, text) != (whole.found, whole.speech, whole.text)
    return whole.model_copy(update={"found": found, "speech": speech, "text": text, "truncated": cut})


OPERATION = Operation(
    kind=SubtaskType.RECOGNIZE,
    summary="Speech and text with their times, subtitles, and words to search for",
    params=RecognizeParams,
    run=run,
    result=RecognizeResult,
)
