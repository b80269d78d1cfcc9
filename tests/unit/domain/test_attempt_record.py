"""The record of an attempt fits into its item, for all parameters and results."""

import json
from dataclasses import asdict

import pytest

from shared.domain.attempt_record import MAX_COMMAND_CHARACTERS, AttemptRecord, OutputFile, shorten_commands
from shared.domain.output_names import MAX_KEY_BYTES
from shared.domain.subtask import Failure, Lease, SubtaskStatus
from shared.domain.task import Outcome
from shared.errors import OperationFailed, ServiceBusy, ServiceRefused
from shared.operations.segments import ROOM
from shared.operations.stills.sample_screenshots import MAX_IMAGES
from shared.use_cases.tasks import read_task
from shared.worker.results import Redelivery, failure_of
from shared.worker.run import run_subtask
from tests.support.attempts import COVER, SECONDS, SMALL, a_made_task, codes, sent, worked
from tests.support.deployment import ClockedServices, client, keys, put
from tests.support.outages import Answer, meanwhile, outage, refusal

ITEM = 400 * 1024  # bytes, all of an item of DynamoDB
NEVER = refusal("ValidationException")


def test_commands_that_fit_are_all_kept() -> None:
    commands = ["ffmpeg -i a", "ffmpeg -i ü", "ffmpeg -i c"]

    assert shorten_commands([]) == ()
    assert shorten_commands(commands) == tuple(commands)
    assert shorten_commands(["x" * MAX_COMMAND_CHARACTERS]) == ("x" * MAX_COMMAND_CHARACTERS,)


def test_of_commands_that_are_too_many_the_first_ones_and_the_last_are_kept() -> None:
    commands = [f"ffmpeg -ss {number} -i {'ü' * 500}" for number in range(300)]

    told = shorten_commands(commands)

    number = len(told) - 2
    assert told == (*commands[:number], f"# commands omitted here: {299 - number}", commands[299])
    assert number > 50
    assert sum(map(len, told)) <= MAX_COMMAND_CHARACTERS + 100


def test_a_huge_command_leaves_room_for_the_last_one() -> None:
    assert shorten_commands(["a" * MAX_COMMAND_CHARACTERS, "b", "c"]) == ("# commands omitted here: 2", "c")
    assert shorten_commands(["a", "b", "c" * MAX_COMMAND_CHARACTERS]) == (
        "# commands omitted here: 2",
        "c" * MAX_COMMAND_CHARACTERS,
    )


def test_the_largest_record_that_parameters_allow_is_kept_whole(services: ClockedServices) -> None:
    ending = "/clip-stills-300.jpeg"
    folder = "ü" * ((MAX_KEY_BYTES - len(ending)) // 2)
    facts = {"width": 8192, "height": 8192, "time": 172_799.999}
    outputs = tuple(
        OutputFile("o" * 63, f"{folder}{ending}", 10**9 + no, "image/jpeg", no, facts, 4 * 10**9 + no)
        for no in range(1, MAX_IMAGES + 1)
    )
    spoken = "".join(chr(0x4E00 + 7919 * number % 20_000) for number in range(ROOM))  # three bytes each
    record = AttemptRecord(
        started_at=1,
        ended_at=2,
        outputs=outputs,
        result={"segments": [{"text": spoken}]},
        warnings=("at 172799.999 s no video could be decoded: that of 172799.999 s was taken",) * 100,
        failure=Failure("OperationError.Failed", "ü" * 4096),
        commands=shorten_commands([f"ffmpeg -ss {number} -i {'ü' * 1000}" for number in range(300)]),
        log_tail="\N{REPLACEMENT CHARACTER}" * 4096,
    )
    lease = Lease("0" * 26, 1, 2, attempt=3)
    assert len(json.dumps(asdict(record))) > 3 * ITEM

    services.tasks.put_record(lease, record)

    assert services.tasks.get_record(lease.task_id, lease.record) == record
    (item,) = client("dynamodb").scan(TableName="TasksTable")["Items"]
    assert len(item["record"]["B"]) < ITEM * 3 // 4


def test_a_record_that_dynamodb_never_takes_ends_its_subtask_with_the_reason(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)

    with outage("PutItem", error=NEVER):
        assert run_subtask(services, ref, SECONDS) is None

    done = read_task(services, "main", task.id)
    assert (done.outcome, codes(done), done.subtasks[0].attempt) == (Outcome.FAILED, ["LimitError.Record"], 1)
    assert keys() == []
    ((_, record),) = services.tasks.get_records(task.id, 1, 1)
    assert (record.failure, record.outputs) == (done.subtasks[0].failure, ())


def test_an_attempt_whose_record_is_refused_keeps_the_failure_that_it_had(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)

    with outage("HeadObject"), outage("PutItem", error=NEVER):
        assert run_subtask(services, ref, SECONDS) == Redelivery(5)

    ((_, record),) = services.tasks.get_records(task.id, 1, 1)
    assert record.failure
    assert record.failure.code == "InternalError.Storage"
    assert worked(services, task).subtasks[0].status is SubtaskStatus.WAITING


def test_what_dynamodb_never_answers_is_tried_once(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), SMALL, {**COVER, "input": "small"})
    (first,) = sent(services)
    run_subtask(services, first, SECONDS)
    (second,) = sent(services)

    with meanwhile("GetItem", lambda: Answer("ValidationException"), about="#ATT#"):  # the record that names its input
        assert run_subtask(services, second, SECONDS) is None

    assert codes(read_task(services, "main", task.id)) == [None, "InternalError.ServiceRefused"]


def test_the_failures_of_fifty_subtasks_fit_into_their_task() -> None:
    assert failure_of(OperationFailed("ü" * 4096)) == Failure("OperationError.Failed", "ü" * 1000)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer("ValidationException"), ServiceRefused),
        (Answer("AccessDeniedException"), ServiceBusy),  # which a role that was just made gives for a while
        (Answer("InternalServerError", 500), ServiceBusy),
    ],
)
def test_permanent_errors_are_distinguished_from_temporary_ones(
    services: ClockedServices, answer: Answer, kind: type[Exception]
) -> None:
    with meanwhile("GetItem", lambda: answer, times=99), pytest.raises(kind, match=answer.code):
        services.tasks.get("0" * 26)
