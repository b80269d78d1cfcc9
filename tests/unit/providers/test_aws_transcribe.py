"""How Transcribe's answers and refusals are translated; the answers are recorded, in the service's format."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.stub import Stubber

from shared.domain.task import Source
from shared.errors import (
    AccessDenied,
    AttemptFailed,
    Interrupted,
    JobRunning,
    MediaRejected,
    OperationFailed,
    ParametersRejected,
)
from shared.operations.analysis.speech import split_sentences
from shared.operations.findings import Segment
from shared.providers.aws import Aws
from shared.providers.aws.transcribe import language_code
from shared.providers.aws.transcript import iter_words as words_of
from tests.unit.providers.aws_jobs import JOB, SOURCE, context, recorded, stubbed

NAME = f"reelmill-{JOB}-speech"
HEAD = {"Bucket": "input", "Key": "uploads/clip.mp4"}
NEWEST = {"ContentLength": 1000, "ETag": '"etag"', "VersionId": "v1"}
STARTED: dict[str, Any] = {
    "TranscriptionJobName": f"{NAME}-1",
    "Media": {"MediaFileUri": "s3://input/uploads/clip.mp4"},
    "MediaFormat": "mp4",
    "IdentifyLanguage": True,
}


class Bucket(BaseHTTPRequestHandler):
    """The service's own bucket behind a presigned link."""

    def __init__(self, *args: Any, status: int, **kwargs: Any) -> None:  # noqa: ANN401 - what the server passes on
        self.status = status
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        body = json.dumps(recorded("transcript")).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@pytest.fixture(params=[200])
def link(request: pytest.FixtureRequest) -> Iterator[str]:
    """Lend a link to a transcript, which a server on this machine answers with that status."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Bucket, status=request.param))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/asrOutput.json?X-Amz-Expires=900"
    server.shutdown()
    thread.join()
    server.server_close()


def look(stub: Stubber, answer: str, number: int = 1) -> None:
    """Answer a look at a job with a recorded answer."""
    stub.add_response("get_transcription_job", recorded(answer), {"TranscriptionJobName": f"{NAME}-{number}"})


def find_none(stub: Stubber, code: str = "NotFoundException") -> None:
    """Answer a look with there being no such job."""
    stub.add_client_error("get_transcription_job", code, "The requested job couldn't be found.")


def begin(stub: Stubber, **changes: object) -> None:
    """Answer a start."""
    stub.add_response("start_transcription_job", recorded("transcribe-queued"), {**STARTED, **changes})


def newest(aws: Aws, **changes: object) -> Stubber:
    """Answer the question for the newest version of the input."""
    stub = Stubber(aws.objects._s3.client)  # noqa: SLF001 - Stubber takes the client itself
    stub.add_response("head_object", {**NEWEST, **changes}, HEAD)
    return stub


@pytest.mark.parametrize("code", ["NotFoundException", "BadRequestException"])
def test_the_first_look_finds_no_job_and_starts_one(aws: Aws, code: str) -> None:
    with newest(aws), stubbed(aws.transcribe) as stub:
        find_none(stub, code)
        begin(stub)

        with pytest.raises(JobRunning, match=r"^waiting for Transcribe to transcribe the speech$"):
            aws.speech(context(), None)


@pytest.mark.parametrize("state", ["transcribe-queued", "transcribe-running"])
def test_a_running_job_is_waited_for_in_any_state_of_the_input(aws: Aws, state: str) -> None:
    with stubbed(aws.transcribe) as stub:
        look(stub, state)

        with pytest.raises(JobRunning):
            aws.speech(context(), None)


def test_a_job_that_another_attempt_has_started_meanwhile_is_waited_for(aws: Aws) -> None:
    with newest(aws), stubbed(aws.transcribe) as stub:
        find_none(stub)
        stub.add_client_error("start_transcription_job", "ConflictException", "there is one", 400, None, None, STARTED)

        with pytest.raises(JobRunning):
            aws.speech(context(), None)


def test_a_transcript_becomes_sentences_and_parts_of_them(aws: Aws, link: str) -> None:
    completed = recorded("transcribe-completed")
    completed["TranscriptionJob"]["Transcript"]["TranscriptFileUri"] = link
    with stubbed(aws.transcribe) as stub:
        stub.add_response("get_transcription_job", completed, {"TranscriptionJobName": f"{NAME}-1"})

        found = aws.speech(context(), None)

    assert [(one.start, one.end, one.confidence, one.text) for one in found] == [
        (4.87, 6.88, 0.9829, "I've been on hold for an hour."),
        (8.49, 9.24, 0.9, "Sorry about that,"),
        (11, 11.3, 0.5, "sir."),
    ]
    assert {(one.label, one.language) for one in found} == {("SPEECH", "en-US")}


@pytest.mark.parametrize("link", [403, 503], indirect=True)
def test_a_link_that_gives_nothing_is_asked_for_again_by_another_attempt(aws: Aws, link: str) -> None:
    completed = recorded("transcribe-completed")
    completed["TranscriptionJob"]["Transcript"]["TranscriptFileUri"] = link
    with stubbed(aws.transcribe) as stub:
        stub.add_response("get_transcription_job", completed, {"TranscriptionJobName": f"{NAME}-1"})

        with pytest.raises(Interrupted, match="did not return its transcript: HTTP"):
            aws.speech(context(), None)


def test_a_link_that_leads_nowhere_is_asked_for_again_by_another_attempt(aws: Aws) -> None:
    completed = recorded("transcribe-completed")
    completed["TranscriptionJob"]["Transcript"]["TranscriptFileUri"] = "http://127.0.0.1:9/transcript.json"
    with stubbed(aws.transcribe) as stub:
        stub.add_response("get_transcription_job", completed, {"TranscriptionJobName": f"{NAME}-1"})

        with pytest.raises(Interrupted, match="did not answer as it should"):
            aws.speech(context(), None)


def test_a_job_that_failed_by_its_file_says_the_services_reason_and_a_remedy(aws: Aws) -> None:
    with stubbed(aws.transcribe) as stub:
        look(stub, "transcribe-failed-media")

        with pytest.raises(MediaRejected, match=r"does not match the detected media format\. It reads AMR") as told:
            aws.speech(context(), None)

    assert told.value.code == "SourceFileError.ServiceRejected"


def test_a_job_that_failed_inside_is_started_anew_under_another_name(aws: Aws) -> None:
    with newest(aws), stubbed(aws.transcribe) as stub:
        look(stub, "transcribe-failed-inside")
        find_none(stub)
        begin(stub, TranscriptionJobName=f"{NAME}-2")

        with pytest.raises(JobRunning):
            aws.speech(context(), None)


def test_three_jobs_that_failed_inside_are_the_end(aws: Aws) -> None:
    with stubbed(aws.transcribe) as stub:
        for number in (1, 2, 3):
            look(stub, "transcribe-failed-inside", number)

        with pytest.raises(OperationFailed, match=r"Transcribe failed 3 times .* An internal failure occurred"):
            aws.speech(context(), None)


@pytest.mark.parametrize(
    ("call", "code", "leaf", "message"),
    [
        ("get", "AccessDeniedException", AccessDenied, "allow transcribe:GetTranscriptionJob for the role"),
        ("start", "AccessDeniedException", AccessDenied, "allow transcribe:StartTranscriptionJob for the role"),
        ("get", "InternalFailureException", Interrupted, "Transcribe is busy"),
        ("start", "LimitExceededException", JobRunning, "waiting for Transcribe to have room"),
        ("start", "BadRequestException", ParametersRejected, "Transcribe does not accept this file: no"),
    ],
)
def test_a_refusal_means_what_its_type_says(
    aws: Aws, call: str, code: str, leaf: type[AttemptFailed], message: str
) -> None:
    with newest(aws), stubbed(aws.transcribe) as stub:
        if call == "start":
            find_none(stub)
        stub.add_client_error(f"{call}_transcription_job", code, "no")

        with pytest.raises(AttemptFailed) as told:
            aws.speech(context(), None)

    assert type(told.value) is leaf
    final = told.value.final if isinstance(told.value, AccessDenied) else told.value
    assert message in final.message


@pytest.mark.parametrize(
    ("key", "kind"), [("a/talk.M4A", "m4a"), ("a/b c+é.opus", "ogg"), ("talk.wav", "wav"), ("clip.m4v", "mp4")]
)
def test_the_format_is_what_the_name_says(aws: Aws, key: str, kind: str) -> None:
    place = replace(SOURCE, key=key, version_id=None, e_tag="")
    stub = Stubber(aws.objects._s3.client)  # noqa: SLF001 - Stubber takes the client itself
    stub.add_response("head_object", NEWEST, {**HEAD, "Key": key})
    with stub, stubbed(aws.transcribe) as jobs:
        find_none(jobs)
        begin(jobs, MediaFormat=kind, Media={"MediaFileUri": f"s3://input/{key}"})

        with pytest.raises(JobRunning):
            aws.speech(context(place), None)


@pytest.mark.parametrize("key", ["uploads/clip.mov", "uploads/clip.mkv", "uploads/clip"])
def test_what_transcribe_does_not_read_starts_no_job(aws: Aws, key: str) -> None:
    with stubbed(aws.transcribe) as stub:
        find_none(stub)

        with pytest.raises(ParametersRejected, match="add a TRANSCODE to m4a") as told:
            aws.speech(context(replace(SOURCE, key=key)), None)

    assert told.value.code == "ParameterError.ProviderLacks"


@pytest.mark.parametrize(
    ("place", "found"),
    [(SOURCE, {"VersionId": "v2"}), (replace(SOURCE, version_id=None), {"VersionId": "null", "ETag": '"another"'})],
)
def test_a_file_that_was_overwritten_is_not_taken_for_the_one_that_was_pinned(
    aws: Aws, place: Source, found: dict[str, str]
) -> None:
    with newest(aws, **found), stubbed(aws.transcribe) as stub:
        find_none(stub)

        with pytest.raises(MediaRejected, match="Transcribe reads only the newest version") as told:
            aws.speech(context(place), None)

    assert told.value.code == "SourceFileError.Changed"


def test_a_file_that_is_gone_starts_no_job(aws: Aws) -> None:
    stub = Stubber(aws.objects._s3.client)  # noqa: SLF001 - Stubber takes the client itself
    stub.add_client_error("head_object", "404", "Not Found", 404)
    with stub, stubbed(aws.transcribe) as jobs:
        find_none(jobs)

        with pytest.raises(MediaRejected, match="was deleted before Transcribe could read it") as told:
            aws.speech(context(), None)

    assert told.value.code == "SourceFileError.Deleted"


def test_a_language_that_is_named_is_not_looked_for(aws: Aws) -> None:
    asked = {name: value for name, value in STARTED.items() if name != "IdentifyLanguage"}
    with newest(aws), stubbed(aws.transcribe) as stub:
        find_none(stub)
        stub.add_response("start_transcription_job", recorded("transcribe-queued"), {**asked, "LanguageCode": "de-DE"})

        with pytest.raises(JobRunning):
            aws.speech(context(), "de")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("en", "en-US"),
        ("EN-gb", "en-GB"),
        ("pt", "pt-BR"),
        ("ja", "ja-JP"),
        ("zh_TW", "zh-TW"),
        ("fr-CA", "fr-CA"),
        ("zh-Hant", "zh-TW"),
    ],
)
def test_a_language_is_known_by_its_name_alone_or_with_a_country(aws: Aws, wanted: str, code: str) -> None:
    known = aws.transcribe.meta.service_model.shape_for("LanguageCode").enum  # type: ignore[attr-defined]  # a string's

    assert language_code(wanted, known) == code


@pytest.mark.parametrize("wanted", ["tlh", "en-XX", ""])
def test_a_language_that_transcribe_does_not_know_is_refused(aws: Aws, wanted: str) -> None:
    with newest(aws), stubbed(aws.transcribe) as stub:
        find_none(stub)

        with pytest.raises(ParametersRejected, match="omit language"):
            aws.speech(context(), wanted)


def spoken(*words: tuple[float, float, str], transcript: str) -> dict[str, Any]:
    """Return a transcript of words that are spoken then, in seconds; what has no length is punctuation."""
    items = [
        {
            "type": "pronunciation" if end > start else "punctuation",
            "alternatives": [{"confidence": "1.0", "content": content}],
            **({"start_time": str(start), "end_time": str(end)} if end > start else {}),
        }
        for start, end, content in words
    ]
    return {"transcripts": [{"transcript": transcript}], "items": items}


def test_a_script_without_spaces_gets_none() -> None:
    words = ((0.0, 0.5, "今日"), (0.5, 0.7, "は"), (0.7, 1.5, "いい天気"), (0, 0, "。"), (1.6, 2.0, "はい"))

    found = told(spoken(*words, transcript="今日はいい天気。はい"))

    assert [segment.text for segment in found] == ["今日はいい天気。", "はい"]


def test_a_word_that_the_running_text_lacks_stands_alone() -> None:
    words = ((0.0, 0.5, "one"), (0.5, 1.0, "lost"), (1.0, 1.5, "two"))

    assert [segment.text for segment in told(spoken(*words, transcript="one two"))] == ["one lost two"]


@pytest.mark.parametrize("words", [(), ((0, 0, "."),)])
def test_silence_has_no_sentences(words: tuple[tuple[float, float, str], ...]) -> None:
    assert told(spoken(*words, transcript="")) == ()


def told(results: dict[str, Any]) -> tuple[Segment, ...]:
    """Return the sentences of a transcript."""
    return split_sentences(tuple(words_of(results)))
