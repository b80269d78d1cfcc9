"""RECOGNIZE on real footage and real speech."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from shared.domain.subtask import SubtaskType
from shared.errors import Interrupted, JobRunning, MediaRejected, ParametersRejected
from shared.media.ffmpeg import AttemptProgress, Ffmpeg, Limits
from shared.operations.analysis.recognize import OPERATION, RecognizeParams, RecognizeResult
from shared.operations.findings import Segment
from shared.operations.operation import OperationContext, OperationResult
from shared.providers.local import Local, speech_recognition
from tests.media.titles import LINES, draw, word_error_rate
from tests.support.clips import Clips
from tests.support.local_files import LocalFiles, Operate, workbench
from tests.support.speech import SPEECH


@dataclass
class Talkative(Local):
    """A provider that returns the given segments as speech and text."""

    words: tuple[Segment, ...]

    def speech(self, context: OperationContext, language: str | None) -> tuple[Segment, ...]:
        known = {"language": language}
        return tuple(segment.model_copy(update=known) for segment in self.words) if context.media.audio else ()

    def text(self, context: OperationContext) -> tuple[Segment, ...]:
        return self.words if context.media.video else ()


@dataclass
class Slow(Local):
    """A provider that is still at work."""

    asked: list[str] = field(default_factory=list)

    def speech(self, context: OperationContext, language: str | None) -> tuple[Segment, ...]:
        self.asked.append("SPEECH")
        message = f"{context.job}: hearing {language}"
        raise JobRunning(message)

    def text(self, context: OperationContext) -> tuple[Segment, ...]:
        self.asked.append("TEXT")
        message = f"{context.job}: reading"
        raise JobRunning(message)


class Deaf(Local):
    """A service that finds no audio that it could hear."""

    def speech(self, context: OperationContext, language: str | None) -> tuple[Segment, ...]:
        message = f"{context.files.name} was not heard in {language}"
        raise MediaRejected(message)


@pytest.fixture(scope="module")
def titled(clip: Clips) -> Path:
    draw(clip.folder / "title.png")
    return clip("titled.mp4")


@pytest.fixture(scope="module")
def heard(novel: Path, tmp_path_factory: pytest.TempPathFactory) -> OperationResult:
    """Lend the result for the novel, where RECOGNIZE looks for four words."""
    ffmpeg = Ffmpeg(Limits(wall_seconds=60, output_bytes=10**9), tmp_path_factory.mktemp("heard"), lambda _: None)
    return recognize_by(
        Local(), novel, ffmpeg, kinds=["SPEECH"], words=["AMIABLE", "leisure to consider", "ami", "rabbit"]
    )


def result_of(made: OperationResult) -> RecognizeResult:
    assert isinstance(made.result, RecognizeResult)
    return made.result


def recognize(operate: Operate, source: Path, **params: object) -> tuple[RecognizeResult, OperationResult]:
    made = operate(SubtaskType.RECOGNIZE, source, **params)
    return result_of(made), made


def transcript() -> list[str]:
    """Return what is read, word by word; its lines look like `<s> he was … </s> (sense_and_sensibility_01-0880)`."""
    lines = (SPEECH / "transcription").read_text().splitlines()
    return [word for line in sorted(lines, key=name_of) for word in line.partition("(")[0].split() if "s>" not in word]


def name_of(line: str) -> str:
    return line.rpartition("(")[2]


def words_of(text: str) -> list[str]:
    """Return the words as the transcript spells them."""
    return [{"mr": "mister"}.get(word, word) for word in re.findall(r"[a-z']+", text.lower())]


def shown(path: Path) -> list[tuple[float, float, str]]:
    """Return the cues of a subtitle file as another reader sees them: start, end, text."""
    with av.open(path) as container:
        return [
            (
                float(packet.pts * unit),
                float((packet.pts + (packet.duration or 0)) * unit),
                bytes(packet).decode().strip(),
            )
            for packet in container.demux(subtitles=0)
            if packet.size and packet.pts is not None and (unit := packet.time_base)
        ]


def test_speech_is_understood_with_few_words_wrong(heard: OperationResult) -> None:
    result = result_of(heard)

    assert word_error_rate(transcript(), words_of(" ".join(part.text or "" for part in result.speech))) <= 0.15
    assert (result.language, result.has_speech, result.has_text) == ("en", True, False)
    assert heard.warnings == ()


def test_what_is_said_has_the_time_of_the_film(heard: OperationResult) -> None:
    result = result_of(heard)

    assert result.speech[0].start == pytest.approx(2, abs=0.4)
    (dashwood,) = (segment for segment in result.speech if "young man" in (segment.text or ""))
    # The first sentence takes 7.1 s, the second 3.
    assert dashwood.start == pytest.approx(9.2, abs=0.5)
    assert dashwood.end == pytest.approx(11.9, abs=0.6)
    assert all(before.end <= after.start for before, after in pairwise(result.speech))


def test_subtitles_are_read_by_others_and_fit_the_screen(heard: OperationResult) -> None:
    result = result_of(heard)

    webvtt, subrip, _ = heard.files
    assert [webvtt.content_type, subrip.content_type] == ["text/vtt", "application/x-subrip"]
    assert webvtt.path.suffix == ".vtt"
    assert webvtt.path.read_bytes().startswith(b"WEBVTT\n\n00:0")
    cues = shown(webvtt.path)
    assert cues == shown(subrip.path)
    assert len(cues) == webvtt.facts["cues"] >= 5
    assert " ".join(text.replace("\n", " ") for _, _, text in cues) == " ".join(s.text or "" for s in result.speech)
    assert all(len(line) <= 42 for _, _, text in cues for line in text.split("\n"))
    assert all(text.count("\n") <= 1 for _, _, text in cues)
    assert all(before[1] <= after[0] for before, after in pairwise(cues))


def test_words_are_found_where_they_are_said(heard: OperationResult) -> None:
    result = result_of(heard)

    assert [(place.label, place.where) for place in result.found] == [
        ("leisure to consider", "SPEECH"),
        ("AMIABLE", "SPEECH"),
        ("AMIABLE", "SPEECH"),
    ]
    assert (result.words_found, result.any_word_found) == (3, True)


def test_the_title_card_is_read_while_it_is_shown(operate: Operate, titled: Path) -> None:
    result, made = recognize(operate, titled, kinds=["TEXT"], words=["peach", "Buck Bunny"])

    assert {line.text for line in result.text} == set(LINES)
    assert all(line.start == pytest.approx(1, abs=0.5) for line in result.text)
    assert all(line.end == pytest.approx(3, abs=0.5) for line in result.text)
    assert [(place.label, place.where, place.text) for place in result.found] == [
        ("Buck Bunny", "TEXT", LINES[0]),
        ("peach", "TEXT", LINES[1]),
    ]
    (findings,) = made.files
    assert json.loads(findings.path.read_text()) == result.model_dump(mode="json", by_alias=True)


@pytest.mark.parametrize("name", ["plain.mp4", "hdr.mp4", "stream.ts", "variable.mp4", "sideways.mp4"])
def test_where_nothing_is_written_nothing_is_read(clip: Clips, operate: Operate, name: str) -> None:
    result, _ = recognize(operate, clip(name), kinds=["TEXT"])

    assert (result.text, result.has_text, result.any_word_found) == ((), False, False)


def test_music_without_speech_gives_empty_subtitles(clip: Clips, operate: Operate) -> None:
    result, made = recognize(operate, clip.folder / "bigbuckbunny.mp4", kinds=["SPEECH"])

    assert (result.speech, result.language, result.has_speech) == ((), None, False)
    assert made.files[0].path.read_text() == "WEBVTT\n"


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("silent.mp4", "the source has no audio: it was not searched for speech"),
        ("audio.mp3", "the source has no video: it was not searched for text"),
        ("covered.m4a", "the source has no video: it was not searched for text"),
    ],
)
def test_what_the_file_has_not_is_a_warning(clip: Clips, ffmpeg: Ffmpeg, name: str, warning: str) -> None:
    made = recognize_by(Talkative((said("Hello"),)), clip(name), ffmpeg)

    assert made.warnings == (warning,)
    assert (result_of(made).has_speech, result_of(made).has_text) == (name != "silent.mp4", name == "silent.mp4")


@pytest.mark.parametrize(("name", "kind"), [("silent.mp4", "SPEECH"), ("audio.mp3", "TEXT")])
def test_when_nothing_is_left_to_recognize_the_file_is_at_fault(
    clip: Clips, operate: Operate, name: str, kind: str
) -> None:
    with pytest.raises(MediaRejected) as caught:
        recognize(operate, clip(name), kinds=[kind])

    assert caught.value.code == f"SourceFileError.{'NoAudio' if kind == 'SPEECH' else 'NoVideo'}"


def test_another_language_than_english_needs_another_provider(clip: Clips, operate: Operate) -> None:
    with pytest.raises(ParametersRejected, match="understands English only, not de-CH: choose the provider aws") as no:
        recognize(operate, clip("plain.mp4"), kinds=["SPEECH"], language="de-CH")

    assert no.value.code == "ParameterError.ProviderLacks"


def test_a_model_that_is_not_installed_is_named_with_what_installs_it(
    clip: Clips, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    speech_recognition.load_whisper.cache_clear()

    with pytest.raises(ParametersRejected, match=r"faster_whisper is missing.*make setup.*reelmill\[ai\]") as caught:
        recognize(operate, clip("plain.mp4"), kinds=["SPEECH"])

    assert caught.value.code == "ParameterError.ProviderNotInstalled"


def test_more_than_fits_a_record_is_in_the_file_alone(clip: Clips, ffmpeg: Ffmpeg) -> None:
    many = tuple(said(f"{number} bunny " + "ö" * 300, number) for number in range(400))

    made = recognize_by(Talkative(many), clip("plain.mp4"), ffmpeg, words=["bunny"])

    result = result_of(made)
    assert len(result.model_dump_json(by_alias=True).encode()) < 64_000
    assert (result.truncated, result.speech_count, result.text_count, result.words_found) == (True, 400, 400, 800)
    whole = json.loads(made.files[-1].path.read_text())
    assert [len(whole[name]) for name in ("speech", "text", "found")] == [400, 400, 800]


def test_both_services_work_before_one_is_waited_for_and_the_file_is_left_alone(clip: Clips, ffmpeg: Ffmpeg) -> None:
    service = Slow()
    source = clip.folder / "not fetched.mp4"

    with pytest.raises(JobRunning, match="reading"):
        recognize_by(service, source, ffmpeg)

    assert service.asked == ["TEXT", "SPEECH"]


def test_what_a_service_can_not_find_in_a_file_that_has_none_is_a_warning(clip: Clips, ffmpeg: Ffmpeg) -> None:
    made = recognize_by(Deaf(), clip("silent.mp4"), ffmpeg)

    assert made.warnings == ("the source has no audio: it was not searched for speech",)


def test_what_a_service_can_not_read_of_a_file_that_has_it_is_the_files_fault(clip: Clips, ffmpeg: Ffmpeg) -> None:
    with pytest.raises(MediaRejected, match="not heard"):
        recognize_by(Deaf(), clip("plain.mp4"), ffmpeg)


def test_progress_never_goes_back(clip: Clips, tmp_path: Path) -> None:
    seen: list[AttemptProgress] = []
    ffmpeg = Ffmpeg(Limits(wall_seconds=60, output_bytes=10**9), tmp_path, seen.append)

    recognize_by(Local(), clip("plain.mp4"), ffmpeg, seen.append)

    percents = [progress.percent for progress in seen]
    assert {progress.phase for progress in seen} >= {"reading", "listening"}
    assert percents == sorted(percents)
    assert 90 < percents[-1] <= 100


@pytest.mark.parametrize("kind", ["TEXT", "SPEECH"])
def test_it_stops_when_the_task_is_ended(clip: Clips, ffmpeg: Ffmpeg, kind: str) -> None:
    def stop(_: AttemptProgress) -> None:
        raise Interrupted(kind)

    with pytest.raises(Interrupted):
        recognize_by(Local(), clip("plain.mp4"), ffmpeg, stop, kinds=[kind])

    assert list(ffmpeg.folder.iterdir()) == []


def said(text: str, start: float = 0) -> Segment:
    return Segment(start=start, end=start + 1, label="SPEECH", confidence=0.9, text=text)


def recognize_by(
    provider: Local, source: Path, ffmpeg: Ffmpeg, report: Callable[[AttemptProgress], None] = print, **params: object
) -> OperationResult:
    context = replace(workbench(LocalFiles(source), ffmpeg), provider=lambda _: provider, report=report)
    return OPERATION.run(RecognizeParams.model_validate(params), context)
