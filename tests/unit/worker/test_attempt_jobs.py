"""Subtasks whose work an AWS service does: released at once, polled less and less often, finished or given up."""

import shutil
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from botocore.stub import Stubber

from shared.domain.subtask import Subtask, SubtaskRef, SubtaskStatus, SubtaskType
from shared.domain.task import Outcome, Source, Task, TaskStatus
from shared.domain.wait import explain_waits
from shared.errors import JobRunning
from shared.operations.analysis import moderate
from shared.operations.findings import Result, Segment
from shared.operations.operation import Operation, OperationContext, OperationResult, Params
from shared.providers import find_provider
from shared.providers.aws import Aws
from shared.services import Services
from shared.use_cases.tasks import read_task
from shared.worker.results import Redelivery
from shared.worker.retries import JOB_OVERDUE, pause_after
from shared.worker.run import run_subtask
from tests.support.attempts import SECONDS, a_made_task, codes, sent
from tests.support.deployment import ClockedServices, put
from tests.support.outages import CALLS
from tests.unit.providers.aws_jobs import JOB_ID, recorded, stubbed

LOOK = {"name": "look", "type": "MODERATE"}
HOURS_4 = 4 * 3600


class Seen(Result):
    """What the operation of these tests found."""

    segments: tuple[Segment, ...]


def look_for_labels(_: Params, context: OperationContext) -> OperationResult:
    return OperationResult((), Seen(segments=context.provider(None).labels(context)))


@pytest.fixture(autouse=True)
def looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a subtask do nothing but ask the provider."""
    operation = Operation(SubtaskType.MODERATE, "asks for labels", Params, look_for_labels, Seen)
    monkeypatch.setattr(moderate, "OPERATION", operation)


@pytest.fixture
def rekognition(services: ClockedServices) -> Iterator[Stubber]:
    """Lend what answers in place of Rekognition; each answer is given once, in order."""
    aws = find_provider(services.settings.ai_provider)
    assert isinstance(aws, Aws)
    with stubbed(aws.rekognition) as stub:
        yield stub


def a_task_of(services: ClockedServices) -> tuple[Task, SubtaskRef]:
    """Make a task with one subtask that asks for labels; return it with its message."""
    task = a_made_task(services, put("uploads/clip.mp4", b"never read"), LOOK)
    (ref,) = sent(services)
    return task, ref


def answer(stub: Stubber, task: Task, name: str) -> None:
    """Answer an attempt: the start of its job, in the words that each must use, and a look at it."""
    token = f"{task.id}-{task.run}-1-labels-1"
    stub.add_response(
        "start_label_detection",
        {"JobId": JOB_ID},
        {"Video": video(task.source), "ClientRequestToken": token, "MinConfidence": 20},
    )
    look = {"JobId": JOB_ID, "MaxResults": 1000, "AggregateBy": "SEGMENTS", "SortBy": "TIMESTAMP"}
    stub.add_response("get_label_detection", recorded(name), look)


def video(source: Source) -> dict[str, dict[str, str]]:
    return {"S3Object": {"Bucket": source.bucket, "Name": source.key, "Version": source.version_id or ""}}


def waited(services: ClockedServices, ref: SubtaskRef, answer: Redelivery | None) -> None:
    """Let the time pass after which the message comes again."""
    assert answer
    assert services.tasks.get(ref.task_id)
    services.time += answer.seconds * 1000


def subtask_of(services: Services, task: Task) -> Subtask:
    return read_task(services, "main", task.id).subtasks[0]


def test_an_attempt_starts_the_job_and_gives_the_subtask_back_and_the_next_finishes(
    services: ClockedServices, rekognition: Stubber
) -> None:
    task, ref = a_task_of(services)
    answer(rekognition, task, "rekognition-running")
    before = len(CALLS)

    first = run_subtask(services, ref, SECONDS)

    assert first == Redelivery(20)
    waiting = subtask_of(services, task)
    assert (waiting.status, waiting.attempt, waiting.counted_attempts) == (SubtaskStatus.WAITING, 1, 0)
    assert waiting.wait_until == services.now() + 20_000
    services.time += 20_000
    answer(rekognition, task, "rekognition-labels-2")
    assert run_subtask(services, ref, SECONDS) is None
    done = read_task(services, "main", task.id)
    assert (done.status, done.outcome) == (TaskStatus.COMPLETED, Outcome.SUCCEEDED)
    assert (done.subtasks[0].attempt, done.subtasks[0].counted_attempts) == (2, 1)
    (_, missed), (_, record) = services.tasks.get_records(task.id, 1, 1)
    assert missed.failure
    assert (missed.failure.code, set(missed.seconds)) == ("InternalError.JobRunning", {"operation"})
    assert record.result
    assert [segment["label"] for segment in record.result["segments"]] == ["Rabbit", "Rabbit"]
    asked = {call.operation for call in CALLS[before:] if call.service == "s3"}
    assert asked == {"HeadObject"}, "the input stays in S3"


def test_a_film_that_stays_in_s3_needs_no_room_on_the_disk(
    services: ClockedServices, rekognition: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, ref = a_task_of(services)
    answer(rekognition, task, "rekognition-labels-2")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=task.source.size - 1))

    assert run_subtask(services, ref, SECONDS) is None

    assert read_task(services, "main", task.id).outcome is Outcome.SUCCEEDED


def test_a_worker_that_died_after_the_start_leaves_its_job_to_the_next(
    services: ClockedServices, rekognition: Stubber
) -> None:
    task, ref = a_task_of(services)
    answer(rekognition, task, "rekognition-running")
    assert run_subtask(services, ref, SECONDS) == Redelivery(20)
    services.time += 20_000
    services.tasks.claim(ref, services.now(), services.now() + 1000, 3)  # and never heard of again
    services.time += 1001

    answer(rekognition, task, "rekognition-labels-2")  # by the same token
    assert run_subtask(services, ref, SECONDS) is None

    assert read_task(services, "main", task.id).outcome is Outcome.SUCCEEDED


def test_a_job_is_looked_at_ever_more_rarely_and_given_up_after_hours(
    services: ClockedServices, rekognition: Stubber
) -> None:
    task, ref = a_task_of(services)
    began = services.now()
    pauses = []

    for _ in range(14):
        answer(rekognition, task, "rekognition-running")
        again = run_subtask(services, ref, SECONDS)
        pauses.append(again and again.seconds)
        waited(services, ref, again)
    answer(rekognition, task, "rekognition-running")
    last = run_subtask(services, ref, SECONDS)

    assert pauses == [20, 40, 80, 160, 320, 640, 1280, *[1800] * 7]
    assert services.now() - began > HOURS_4 * 1000
    assert last is None
    done = read_task(services, "main", task.id)
    assert (done.outcome, codes(done), done.subtasks[0].counted_attempts) == (Outcome.FAILED, [JOB_OVERDUE], 1)
    message = (
        "the job did not finish within 4 h 12 min: after 15 looks, still waiting for Rekognition to find labels; "
        "restart the task to start a new job"
    )
    assert done.subtasks[0].failure
    assert done.subtasks[0].failure.message == message
    record = services.tasks.get_record(task.id, done.subtasks[0].record or "")
    assert record
    assert record.failure == done.subtasks[0].failure


def test_no_pause_is_longer_than_half_an_hour_however_many_attempts_there_may_be() -> None:
    assert {pause_after(JobRunning("waiting for it"), attempt) for attempt in range(8, 51)} == {1800}


def test_a_waiting_subtask_says_for_what_and_when_it_looks_again(
    services: ClockedServices, rekognition: Stubber
) -> None:
    task, ref = a_task_of(services)
    answer(rekognition, task, "rekognition-running")
    run_subtask(services, ref, SECONDS)
    task = read_task(services, "main", task.id)

    told = explain_waits(task, task.subtasks, services.now())[1]

    assert told.message == "waiting for Rekognition to find labels; next check at 15:07:00 UTC (check 2)"


def test_a_restarted_task_asks_for_a_job_of_its_own(services: ClockedServices, rekognition: Stubber) -> None:
    task, ref = a_task_of(services)
    answer(rekognition, task, "rekognition-failed-media")
    assert run_subtask(services, ref, SECONDS) is None
    assert codes(read_task(services, "main", task.id)) == ["SourceFileError.ServiceRejected"]
    again = services.tasks.restart(read_task(services, "main", task.id), services.now())
    assert again
    assert again.run == 2

    answer(rekognition, again, "rekognition-running")  # by another token
    assert run_subtask(services, SubtaskRef(task.id, 2, 1), SECONDS) == Redelivery(20)
