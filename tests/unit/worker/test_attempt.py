"""One attempt: valid files, invalid files, and files that changed meanwhile."""

import sys

import pytest

from shared.domain.subtask import Lease, SubtaskStatus
from shared.domain.task import Outcome, TaskStatus
from shared.use_cases.tasks import read_task
from shared.worker.attempt import attempt_token
from shared.worker.run import run_subtask
from tests.support.attempts import COVER, NO_FILM, SECONDS, SMALL, TOO_LATE, a_made_task, codes, sent, statuses, worked
from tests.support.deployment import ClockedServices, client, keys, put
from tests.support.outages import outage, refusal


def test_a_film_becomes_what_was_asked_for(services: ClockedServices, blink: bytes) -> None:
    task = worked(services, a_made_task(services, put("uploads/clip.mp4", blink), SMALL, COVER))

    assert (task.status, task.outcome) == (TaskStatus.COMPLETED, Outcome.SUCCEEDED)
    first, second = task.subtasks
    assert first.output == f"s3://output/uploads/clip/{attempt_token(Lease(task.id, 1, 1, attempt=1))}/clip-small.mp4"
    assert sorted(keys()) == sorted(str(s.output).removeprefix("s3://output/") for s in (first, second))
    record = services.tasks.get_record(task.id, second.record or "")
    assert record
    assert (record.outputs[0].content_type, record.outputs[0].facts["width"]) == ("image/jpeg", 64)
    assert [command.split()[0] for command in record.commands] == ["ffmpeg"]
    assert set(record.seconds) == {"download", "operation", "upload"}


def test_a_file_that_is_not_a_film_fails_at_once_with_the_reason(services: ClockedServices) -> None:
    task = worked(services, a_made_task(services, put("uploads/diary.mp4", NO_FILM), SMALL, COVER))

    assert (task.status, task.outcome) == (TaskStatus.COMPLETED, Outcome.FAILED)
    assert codes(task) == ["SourceFileError.NotMedia"] * 2
    assert task.subtasks[0].failure
    assert task.subtasks[0].failure.message == (
        "diary.mp4 is not a video or audio file that Reelmill supports; its extension does not matter"
    )
    assert [subtask.attempt for subtask in task.subtasks] == [1, 1]
    assert keys() == []


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not report how much memory another process takes")
def test_ffmpeg_gets_no_more_memory_than_the_function_has(services: ClockedServices, blink: bytes) -> None:
    services.settings = services.settings.model_copy(update={"function_megabytes": 1})

    done = worked(services, a_made_task(services, put("uploads/clip.mp4", blink), COVER))

    failure = done.subtasks[0].failure
    assert failure is not None
    assert failure.code == "LimitError.Memory"
    assert "this worker of 1 MB" in failure.message


def test_one_good_and_one_bad_subtask_make_a_partial_failure_that_loses_nothing(
    services: ClockedServices, blink: bytes
) -> None:
    task = worked(services, a_made_task(services, put("uploads/clip.mp4", blink), TOO_LATE, COVER))

    assert (task.status, task.outcome) == (TaskStatus.COMPLETED, Outcome.PARTIALLY_FAILED)
    assert codes(task) == ["ParameterError.PastTheEnd", None]
    assert task.subtasks[1].output == f"s3://output/{keys()[0]}"


def test_a_subtask_reads_what_the_one_before_it_made(services: ClockedServices, blink: bytes) -> None:
    of_small = {**COVER, "name": "of-small", "input": "small", "params": {"at": [0]}}
    task = a_made_task(services, put("uploads/clip.mp4", blink), of_small, SMALL)
    assert task.subtasks[0].needs == (2,)
    first = sent(services)
    assert [ref.no for ref in first] == [2]
    run_subtask(services, first[0], SECONDS)

    task = worked(services, task)

    assert task.outcome is Outcome.SUCCEEDED
    record = services.tasks.get_record(task.id, task.subtasks[0].record or "")
    assert record
    assert record.outputs[0].facts["width"] == 64, "the source is 160 wide"


def test_what_needed_a_failed_subtask_is_skipped(services: ClockedServices) -> None:
    task = worked(
        services, a_made_task(services, put("uploads/diary.mp4", NO_FILM), SMALL, {**COVER, "input": "small"})
    )

    assert codes(task) == ["SourceFileError.NotMedia", "Skipped.PredecessorFailed"]


def test_several_files_of_one_subtask_lie_together(services: ClockedServices, blink: bytes) -> None:
    shots = {**COVER, "params": {"at": ["0%", "50%", "90%"], "width": 32}}
    task = worked(services, a_made_task(services, put("uploads/clip.mp4", blink), shots))

    folder = f"uploads/clip/{attempt_token(Lease(task.id, 1, 1, attempt=1))}/"
    assert task.subtasks[0].output == f"s3://output/{folder}"
    assert keys() == [f"{folder}clip-cover-{number}.jpg" for number in (1, 2, 3)]


@pytest.mark.parametrize("name", ["a b+c%20d&e=f", "Überraschung é", "予告編", "😀 👩‍👩‍👧", "../x", "..", "{run}"])
def test_any_name_goes_through_from_source_to_output(services: ClockedServices, blink: bytes, name: str) -> None:
    task = worked(services, a_made_task(services, put(f"uploads/{name}.mp4", blink), COVER))

    assert codes(task) == [None]
    (key,) = keys()
    assert task.subtasks[0].output == f"s3://output/{key}"
    shown = name.removeprefix("../") if name != ".." else "_"
    assert key.endswith(f"/{shown}-cover.jpg")


def test_a_name_that_is_too_long_for_s3_fails_with_the_remedy(services: ClockedServices, blink: bytes) -> None:
    task = worked(
        services, a_made_task(services, put("uploads/clip.mp4", blink), COVER, prefix="{inputDir}/" + "x" * 1000)
    )

    assert codes(task) == ["ParameterError.OutputName"]
    assert task.subtasks[0].failure
    assert "shorten the output's prefix" in task.subtasks[0].failure.message


def test_a_source_that_was_overwritten_or_deleted_since_is_still_read_as_it_was(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    put("uploads/clip.mp4", NO_FILM)
    client("s3").delete_object(Bucket="input", Key="uploads/clip.mp4")

    assert worked(services, task).outcome is Outcome.SUCCEEDED


def test_a_source_whose_version_is_gone_fails_for_good(services: ClockedServices, blink: bytes) -> None:
    source = put("uploads/clip.mp4", blink)
    task = a_made_task(services, source, COVER)
    client("s3").delete_object(Bucket="input", Key=source.key, VersionId=source.version_id)

    task = worked(services, task)

    assert codes(task) == ["SourceFileError.Deleted"]
    assert task.subtasks[0].attempt == 1


@pytest.mark.parametrize(
    ("fate", "code"), [("gone", "SourceFileError.Deleted"), ("changed", "SourceFileError.Changed")]
)
def test_without_versions_a_source_that_changed_fails_for_good(
    services: ClockedServices, blink: bytes, fate: str, code: str
) -> None:
    client("s3").create_bucket(Bucket="plain")
    task = a_made_task(services, put("clip.mp4", blink, "plain"), COVER)
    if fate == "gone":
        client("s3").delete_object(Bucket="plain", Key="clip.mp4")
    else:
        put("clip.mp4", NO_FILM, "plain")

    assert codes(worked(services, task)) == [code]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("HeadObject", "403"),
        ("GetObject", "AccessDenied"),
        ("GetObject", "KMS.DisabledException"),
        ("PutObject", "AccessDenied"),
    ],
)
def test_an_object_that_may_not_be_read_or_written_for_a_while_is_worked_on_later(
    services: ClockedServices, blink: bytes, call: str, code: str
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)

    with outage(call, error=refusal(code, 403)):
        again = run_subtask(services, ref, SECONDS)
    waiting = read_task(services, "main", task.id)
    assert again
    services.time += again.seconds * 1000

    assert statuses(waiting) == [SubtaskStatus.WAITING]
    assert run_subtask(services, ref, SECONDS) is None
    assert statuses(read_task(services, "main", task.id)) == [SubtaskStatus.SUCCESSFUL]


def test_the_last_attempt_reports_a_source_that_may_never_be_read(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)
    pauses = []

    with outage("HeadObject", times=3, error=refusal("403", 403)):
        while again := run_subtask(services, ref, SECONDS):
            pauses.append(again.seconds)
            services.time += again.seconds * 1000

    assert pauses == [60, 180]
    task = read_task(services, "main", task.id)
    assert codes(task) == ["SourceFileError.NotReadable"]
    assert [record.failure and record.failure.code for _, record in services.tasks.get_records(task.id, 1, 1)] == [
        "InternalError.AccessDenied",
        "InternalError.AccessDenied",
        "SourceFileError.NotReadable",
    ]


def test_no_two_attempts_write_to_one_folder() -> None:
    leases = [Lease(task, run, no, attempt=n) for task in "ab" for run in (1, 2) for no in (1, 2) for n in (1, 2)]

    folders: set[str] = set(map(attempt_token, leases))
    assert len(folders) == len(leases)
    assert {len(folder) for folder in folders} == {10}
