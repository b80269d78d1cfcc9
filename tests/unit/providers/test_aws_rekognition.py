"""How Rekognition's answers and refusals are translated; the answers are recorded, in the service's format."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from shared.errors import (
    AccessDenied,
    AttemptFailed,
    Interrupted,
    JobRunning,
    LimitExceeded,
    MediaRejected,
    OperationFailed,
    ParametersRejected,
)
from shared.operations.findings import Segment
from shared.operations.operation import OperationContext
from shared.providers.aws import Aws
from shared.providers.aws.sightings import MAX_SEGMENTS, Sighting, merge_sightings, to_segments
from tests.unit.providers.aws_jobs import JOB, JOB_ID, SOURCE, context, recorded, stubbed

SEGMENTED = {"AggregateBy": "SEGMENTS", "SortBy": "TIMESTAMP"}


@dataclass(frozen=True)
class Kind:
    """A kind of job: its method, its requests, its name in tokens, what it is doing, and what else a look asks for."""

    find: Callable[[Aws, OperationContext], tuple[Segment, ...]]
    request: str
    name: str
    goal: str
    more: dict[str, str] = field(default_factory=dict)


KINDS = [
    Kind(Aws.labels, "label_detection", "labels", "find labels", SEGMENTED),
    Kind(Aws.moderation, "content_moderation", "moderation", "moderate the video", SEGMENTED),
    Kind(Aws.text, "text_detection", "text", "read text"),
]


def start(stub: Stubber, request: str, token: str) -> None:
    """Answer the start of a job with its ID."""
    video = {"S3Object": {"Bucket": "input", "Name": "uploads/clip.mp4", "Version": "v1"}}
    asked: dict[str, object] = {"Video": video, "ClientRequestToken": token}
    if request != "text_detection":
        asked["MinConfidence"] = 20
    stub.add_response(f"start_{request}", {"JobId": JOB_ID}, asked)


def look(stub: Stubber, request: str, answer: str, **more: object) -> None:
    """Answer a look at a job with a recorded answer."""
    stub.add_response(f"get_{request}", recorded(answer), {"JobId": JOB_ID, "MaxResults": 1000, **more})


def refuse(stub: Stubber, call: str, code: str, message: str = "no", status: int = 400) -> None:
    stub.add_client_error(call, code, message, status)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_job_that_runs_is_waited_for_without_the_input(aws: Aws, kind: Kind) -> None:
    for _attempt in (1, 2):  # both ask in the same words
        with stubbed(aws.rekognition) as stub:
            start(stub, kind.request, f"{JOB}-{kind.name}-1")
            look(stub, kind.request, "rekognition-running", **kind.more)

            with pytest.raises(JobRunning, match=f"^waiting for Rekognition to {kind.goal}$"):
                kind.find(aws, context())


@pytest.mark.parametrize("name", [kind.name for kind in KINDS])
def test_rekognition_accepts_the_token_of_any_run(name: str) -> None:
    longest = f"{'Z' * 26}-999999-50-{name}-3"

    assert re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", longest)  # as its model says


def test_labels_come_from_all_pages_with_close_stretches_joined(aws: Aws) -> None:
    with stubbed(aws.rekognition) as stub:
        start(stub, "label_detection", f"{JOB}-labels-1")
        look(stub, "label_detection", "rekognition-labels-1", **SEGMENTED)
        look(
            stub,
            "label_detection",
            "rekognition-labels-2",
            **SEGMENTED,
            NextToken="WlKfzZED1PzBLyAmTpda655kICVnPPAtQ/8V9Mci",
        )

        found = aws.labels(context())

    assert found == (
        Segment(start=0, end=4, label="Animal", confidence=1),
        Segment(start=0, end=6, label="Rabbit", confidence=0.9812),
        Segment(start=0.5, end=3, label="Grass", confidence=0.715),
        Segment(start=9, end=12, label="Rabbit", confidence=0.7725),
    )


def test_moderation_returns_each_stretch_of_a_category_once_with_details_in_its_text(aws: Aws) -> None:
    with stubbed(aws.rekognition) as stub:
        start(stub, "content_moderation", f"{JOB}-moderation-1")
        look(stub, "content_moderation", "rekognition-moderation", **SEGMENTED)

        found = aws.moderation(context())

    assert found == (
        Segment(start=1, end=4, label="VIOLENCE", confidence=0.965, text="Weapon Violence, Weapons"),
        Segment(start=6, end=7, label="NUDITY", confidence=0.82, text="Explicit Nudity, Exposed Buttocks or Anus"),
        Segment(start=9, end=10, label="VIOLENCE", confidence=0.55, text="Weapons"),
        Segment(start=11, end=11.5, label="OTHER", confidence=0.7, text="Sudden Novelties"),
    )


def test_a_line_of_text_lasts_until_the_look_that_no_longer_saw_it_and_never_past_the_end(aws: Aws) -> None:
    with stubbed(aws.rekognition) as stub:
        start(stub, "text_detection", f"{JOB}-text-1")
        look(stub, "text_detection", "rekognition-text")

        found = aws.text(context())

    assert found == (
        Segment(start=0, end=1.5, label="TEXT", confidence=0.997, text="BIG BUCK BUNNY"),
        Segment(start=1, end=1.5, label="TEXT", confidence=0.88, text="The Peach Project"),
        Segment(start=7, end=7.5, label="TEXT", confidence=0.95, text="BIG BUCK BUNNY"),
        Segment(start=11.9, end=12, label="TEXT", confidence=0.9, text="END"),
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_nothing_found_is_an_answer_too(aws: Aws, kind: Kind) -> None:
    with stubbed(aws.rekognition) as stub:
        start(stub, kind.request, f"{JOB}-{kind.name}-1")
        look_at = {"JobId": JOB_ID, "MaxResults": 1000, **kind.more}
        stub.add_response(f"get_{kind.request}", {"JobStatus": "SUCCEEDED"}, look_at)

        assert kind.find(aws, context()) == ()


def test_an_input_without_a_version_is_named_without_one(aws: Aws) -> None:
    video = {"S3Object": {"Bucket": "output", "Name": "a/clip.mov"}}
    with stubbed(aws.rekognition) as stub:
        stub.add_response(
            "start_text_detection", {"JobId": JOB_ID}, {"Video": video, "ClientRequestToken": f"{JOB}-text-1"}
        )
        look(stub, "text_detection", "rekognition-running")

        with pytest.raises(JobRunning):
            aws.text(context(replace(SOURCE, bucket="output", key="a/clip.mov", version_id=None)))


@pytest.mark.parametrize("key", ["uploads/clip.mkv", "uploads/song.mp3", "uploads/clip"])
def test_what_rekognition_does_not_read_costs_no_request(aws: Aws, key: str) -> None:
    with stubbed(aws.rekognition), pytest.raises(ParametersRejected, match="add a TRANSCODE to mp4") as told:
        aws.labels(context(replace(SOURCE, key=key)))

    assert told.value.code == "ParameterError.ProviderLacks"


def test_a_job_that_failed_by_its_file_says_the_services_reason_and_a_remedy(aws: Aws) -> None:
    with stubbed(aws.rekognition) as stub:
        start(stub, "label_detection", f"{JOB}-labels-1")
        look(stub, "label_detection", "rekognition-failed-media", **SEGMENTED)

        with pytest.raises(MediaRejected, match=r"Unsupported codec/format\. It reads .* add a TRANSCODE") as told:
            aws.labels(context())

    assert told.value.code == "SourceFileError.ServiceRejected"


def test_a_job_that_failed_inside_is_started_anew_under_another_token(aws: Aws) -> None:
    with stubbed(aws.rekognition) as stub:
        start(stub, "label_detection", f"{JOB}-labels-1")
        look(stub, "label_detection", "rekognition-failed-inside", **SEGMENTED)
        start(stub, "label_detection", f"{JOB}-labels-2")
        look(stub, "label_detection", "rekognition-running", **SEGMENTED)

        with pytest.raises(JobRunning):
            aws.labels(context())


def test_three_jobs_that_failed_inside_are_the_end(aws: Aws) -> None:
    with stubbed(aws.rekognition) as stub:
        for number in (1, 2, 3):
            start(stub, "label_detection", f"{JOB}-labels-{number}")
            look(stub, "label_detection", "rekognition-failed-inside", **SEGMENTED)

        with pytest.raises(OperationFailed, match=r"failed 3 times .* Internal server error") as told:
            aws.labels(context())

    assert told.value.code == "OperationError.ServiceFailed"


def test_a_token_that_another_request_has_used_is_passed_over(aws: Aws) -> None:
    with stubbed(aws.rekognition) as stub:
        refuse(stub, "start_label_detection", "IdempotentParameterMismatchException")
        start(stub, "label_detection", f"{JOB}-labels-2")
        look(stub, "label_detection", "rekognition-running", **SEGMENTED)

        with pytest.raises(JobRunning):
            aws.labels(context())


@dataclass(frozen=True)
class Refusal:
    """A refusal, and what it means: a leaf of AttemptFailed with a code and a message."""

    code: str
    leaf: type[AttemptFailed]
    failure: str
    message: str
    status: int = 400
    final: str = ""
    final_message: str = ""


REFUSALS = [
    Refusal("ThrottlingException", Interrupted, "InternalError.Service", "Rekognition is busy: no"),
    Refusal("ProvisionedThroughputExceededException", Interrupted, "InternalError.Service", "is busy"),
    Refusal("InternalServerError", Interrupted, "InternalError.Service", "is busy", 500),
    Refusal("SomethingNew", Interrupted, "InternalError.Service", "is busy", 503),
    Refusal("LimitExceededException", JobRunning, "InternalError.JobRunning", "waiting for Rekognition to have room"),
    Refusal(
        "AccessDeniedException",
        AccessDenied,
        "InternalError.AccessDenied",
        "AWS denied the use of Rekognition",
        final="OperationError.NotAllowed",
        final_message=r"allow rekognition:StartLabelDetection for the role of RunSubtask.* choose another provider$",
    ),
    Refusal(
        "InvalidS3ObjectException",
        AccessDenied,
        "InternalError.AccessDenied",
        "Rekognition was denied access to the file",
        final="SourceFileError.NotReadable",
        final_message="it was deleted, is in another",
    ),
    Refusal(
        "VideoTooLargeException", LimitExceeded, "LimitError.TooLarge", "too large or too long for Rekognition: no"
    ),
    Refusal(
        "InvalidParameterException", ParametersRejected, "ParameterError.ServiceRefused", "does not accept this file"
    ),
    Refusal("SomethingNew", OperationFailed, "OperationError.Service", "Rekognition refused: SomethingNew: no"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal.code}-{refusal.status}")
def test_a_refusal_means_what_its_type_says(aws: Aws, refusal: Refusal) -> None:
    with stubbed(aws.rekognition) as stub:
        refuse(stub, "start_label_detection", refusal.code, status=refusal.status)

        with pytest.raises(AttemptFailed, match=refusal.message) as told:
            aws.labels(context())

    assert (type(told.value), told.value.code) == (refusal.leaf, refusal.failure)
    if isinstance(told.value, AccessDenied):
        assert told.value.final.code == refusal.final
        assert re.search(refusal.final_message, told.value.final.message)


def test_a_refused_look_is_distinguished_from_a_refused_start(aws: Aws) -> None:
    with stubbed(aws.rekognition) as stub:
        start(stub, "text_detection", f"{JOB}-text-1")
        refuse(stub, "get_text_detection", "AccessDeniedException")

        with pytest.raises(AccessDenied) as told:
            aws.text(context())

    assert "allow rekognition:GetTextDetection" in told.value.final.message


def test_a_page_that_is_refused_spoils_the_attempt_and_nothing_else(aws: Aws) -> None:
    with stubbed(aws.rekognition) as stub:
        start(stub, "label_detection", f"{JOB}-labels-1")
        look(stub, "label_detection", "rekognition-labels-1", **SEGMENTED)
        refuse(stub, "get_label_detection", "ThrottlingException")

        with pytest.raises(Interrupted):
            aws.labels(context())


def test_a_region_without_rekognition_interrupts(aws: Aws) -> None:
    def unreachable(**_: Any) -> None:  # noqa: ANN401
        raise EndpointConnectionError(endpoint_url="https://rekognition.eu-north-1.amazonaws.com/")

    aws.rekognition.meta.events.register_first("before-call.rekognition", unreachable)

    with pytest.raises(Interrupted, match="did not answer as it should: Could not connect"):
        aws.labels(context())


def test_a_reader_that_is_to_stop_stops_between_pages(aws: Aws) -> None:
    def stop(_: object) -> None:
        message = "the task was canceled"
        raise Interrupted(message)

    with stubbed(aws.rekognition) as stub:
        start(stub, "label_detection", f"{JOB}-labels-1")
        look(stub, "label_detection", "rekognition-labels-1", **SEGMENTED)

        with pytest.raises(Interrupted, match="canceled"):
            aws.labels(replace(context(), report=stop))


@pytest.mark.parametrize(("gap", "count"), [(0, 1), (1000, 1), (1001, 2)])
def test_what_comes_back_within_a_second_has_not_been_away(gap: int, count: int) -> None:
    seen = [Sighting(0, 500, "Cat", 80), Sighting(100, 200, "Dog", 60), Sighting(500 + gap, 2000 + gap, "Cat", 90)]

    cats = [one for one in merge_sightings(seen) if one.label == "Cat"]

    assert len(cats) == count
    assert (cats[0].start, cats[-1].end, max(one.confidence for one in cats)) == (0, 2000 + gap, 90)


def test_a_stretch_within_another_shortens_nothing() -> None:
    assert merge_sightings([Sighting(0, 5000, "Cat", 80), Sighting(1000, 2000, "Cat", 70)]) == [
        Sighting(0, 5000, "Cat", 80)
    ]


def test_of_too_many_segments_the_surest_are_kept_in_the_order_of_time() -> None:
    many = [Sighting(n * 5000, n * 5000 + 1, "Cat", 50 + n % 2) for n in range(2 * MAX_SEGMENTS)]

    kept = to_segments(merge_sightings(many))

    assert len(kept) == MAX_SEGMENTS
    assert {segment.confidence for segment in kept} == {0.51}
    assert [segment.start for segment in kept] == sorted(segment.start for segment in kept)
