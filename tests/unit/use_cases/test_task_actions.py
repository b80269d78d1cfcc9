"""Restart, end and cancel: what is refused changes nothing, and what is stopped never starts."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from shared.domain.subtask import SubtaskRef, SubtaskStatus
from shared.domain.task import STOP_FAILURES, Lane, Outcome, Task, TaskStatus
from shared.errors import Conflict, NotFound, ServiceBusy
from shared.use_cases.sweeper import fail_undeliverable
from shared.use_cases.tasks import cancel_task, end_task, read_run, read_subtask, read_task, restart_task
from shared.worker.run import run_subtask
from tests.support.attempts import (
    COVER,
    NO_FILM,
    SECONDS,
    SMALL,
    TOO_LATE,
    a_made_task,
    accepted,
    codes,
    sent,
    statuses,
    swept,
    worked,
)
from tests.support.deployment import ClockedServices, client, keys, put
from tests.support.factories import make_task
from tests.support.outages import calls, meanwhile, outage
from tests.support.transitions import BAD, LOST, finished, task_that

CANCELED = STOP_FAILURES["cancel"]
OF_SMALL = {"name": "of-small", "type": "SCREENSHOT", "input": "small", "params": {"at": [0]}}


@pytest.mark.parametrize(
    ("move", "state", "sentence"),
    [
        (restart_task, {}, "is WAITING; only a COMPLETED task can be restarted"),
        (restart_task, {"started": True}, "is IN_PROGRESS; only a COMPLETED task can be restarted"),
        (end_task, {"started": True}, "is IN_PROGRESS; only a WAITING task can be ended"),
        (end_task, {"ended": True}, "is COMPLETED; only a WAITING task can be ended"),
        (cancel_task, {"ended": True}, "is COMPLETED; only a WAITING or IN_PROGRESS task can be canceled"),
    ],
)
def test_a_move_that_the_status_forbids_is_refused_and_changes_nothing(
    services: ClockedServices, move: Callable[[ClockedServices, str, str], Task], state: dict[str, bool], sentence: str
) -> None:
    before = task_that(services, **state)

    with pytest.raises(Conflict, match=sentence) as refused, calls() as made:
        move(services, "main", before.id)

    assert (refused.value.code, refused.value.details) == ("InvalidTaskStatus", {"status": before.status})
    assert set(made) == {"GetItem"}
    assert services.tasks.get(before.id) == before
    assert sent(services) == []


@pytest.mark.parametrize("stop", [end_task, cancel_task])
def test_the_messages_of_a_task_that_was_stopped_while_it_waited_do_nothing(
    services: ClockedServices, stop: Callable[[ClockedServices, str, str], Task]
) -> None:
    task = accepted(services)
    stopped = stop(services, "main", task.id)
    queued = sent(services)

    answers = [run_subtask(services, ref, SECONDS) for ref in queued]

    assert len(queued) == 3
    assert answers == [None] * 3
    assert (stopped.status, stopped.outcome) == (TaskStatus.COMPLETED, Outcome.ENDED)
    assert services.tasks.get(task.id) == stopped
    services.time += 10**9
    assert swept(services) == 0


def test_a_move_that_another_forestalled_is_refused_with_what_became_of_the_task(services: ClockedServices) -> None:
    task = task_that(services)
    ref = SubtaskRef(task.id, 1, 1)

    def claim() -> None:
        services.tasks.claim(ref, services.now(), services.now() + 1000, 3)

    with (
        meanwhile("UpdateItem", claim),
        pytest.raises(Conflict, match="is IN_PROGRESS; only a WAITING task") as refused,
    ):
        end_task(services, "main", task.id)

    assert refused.value.details == {"status": TaskStatus.IN_PROGRESS}


def test_a_cancel_keeps_what_has_ended_and_fails_the_rest(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER, SMALL, {**OF_SMALL, "needs": ["small"]})
    cover, small = sent(services)
    run_subtask(services, cover, SECONDS)
    services.time += 1000

    canceled = cancel_task(services, "main", task.id)

    assert canceled == read_task(services, "main", task.id)
    assert (canceled.status, canceled.outcome, canceled.ended_at) == (
        TaskStatus.COMPLETED,
        Outcome.ENDED,
        services.now(),
    )
    assert [s.failure for s in canceled.subtasks] == [None, CANCELED, CANCELED]
    assert [f"s3://output/{key}" for key in keys()] == [canceled.subtasks[0].output]
    assert run_subtask(services, small, SECONDS) is None
    assert read_task(services, "main", task.id) == canceled


def test_a_subtask_that_finishes_while_its_task_is_canceled_has_finished(services: ClockedServices) -> None:
    task = make_task(3, at=services.now())
    services.tasks.create(task)

    with meanwhile("UpdateItem", lambda: finished(services, task, 2), times=1):
        canceled = cancel_task(services, "main", task.id)

    assert [s.status for s in canceled.subtasks] == [
        SubtaskStatus.FAILED,
        SubtaskStatus.SUCCESSFUL,
        SubtaskStatus.FAILED,
    ]
    assert [s.failure for s in canceled.subtasks] == [CANCELED, None, CANCELED]


def test_a_task_that_ends_while_it_is_canceled_has_ended(services: ClockedServices) -> None:
    task = make_task(1, at=services.now())
    services.tasks.create(task)

    with meanwhile("UpdateItem", lambda: finished(services, task, 1)), pytest.raises(Conflict, match="is COMPLETED"):
        cancel_task(services, "main", task.id)

    assert read_task(services, "main", task.id).outcome is Outcome.SUCCEEDED


def test_a_subtask_that_waits_for_another_attempt_is_canceled_like_any_other(services: ClockedServices) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    with outage("HeadObject"):
        run_subtask(services, ref, SECONDS)

    canceled = cancel_task(services, "main", task.id)

    assert canceled.subtasks[0].failure == CANCELED
    assert run_subtask(services, ref, SECONDS) is None
    assert read_task(services, "main", task.id) == canceled


def test_a_restart_sends_the_next_run_and_keeps_the_one_before(services: ClockedServices) -> None:
    ended = task_that(services, ended=True)
    services.time += 1000

    again = restart_task(services, "main", ended.id)

    assert (again.run, again.status, again.unsent) == (2, TaskStatus.WAITING, frozenset())
    assert sent(services) == [SubtaskRef(ended.id, 2, 1), SubtaskRef(ended.id, 2, 2)]
    assert read_run(services, "main", ended.id, None) == read_run(services, "main", ended.id, 2) == again
    assert read_run(services, "main", ended.id, 1).subtasks == ended.subtasks


def test_a_message_of_an_earlier_run_does_nothing(services: ClockedServices) -> None:
    task = task_that(services, ended=True)
    again = restart_task(services, "main", task.id)

    assert run_subtask(services, SubtaskRef(task.id, 1, 1), 60) is None
    assert services.tasks.get(task.id) == again


def test_a_restart_of_the_failed_runs_them_and_what_hung_on_them_and_nothing_else(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER, SMALL, OF_SMALL)
    cover, small = sent(services)
    run_subtask(services, cover, SECONDS)
    fail_undeliverable(services, small)
    first = read_task(services, "main", task.id)
    services.time += 1000

    again = restart_task(services, "main", task.id, only_failed=True)
    assert sent(services) == [SubtaskRef(task.id, 2, 2)]
    run_subtask(services, SubtaskRef(task.id, 2, 2), SECONDS)
    done = worked(services, again)

    assert codes(first) == [None, "InternalError.Undeliverable", "Skipped.PredecessorFailed"]
    assert (again.run, again.status, statuses(again)[0]) == (2, TaskStatus.WAITING, SubtaskStatus.SUCCESSFUL)
    assert done.subtasks[0] == replace(first.subtasks[0], carried_from=1)
    assert (done.outcome, [s.carried_from for s in done.subtasks]) == (Outcome.SUCCEEDED, [1, None, None])
    assert len(keys()) == 3
    for subtask in done.subtasks:
        record = services.tasks.get_record(task.id, subtask.record or "")
        assert record
        assert [f"s3://output/{output.key}" for output in record.outputs] == [subtask.output]
    assert read_run(services, "main", task.id, 1) == replace(first, run=1)


def test_a_subtask_that_is_run_again_reads_what_was_carried_over(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), SMALL, OF_SMALL)
    (small,) = sent(services)
    run_subtask(services, small, SECONDS)
    (of_small,) = sent(services)
    fail_undeliverable(services, of_small)
    source = read_task(services, "main", task.id).source
    client("s3").delete_object(Bucket="input", Key=source.key, VersionId=source.version_id)

    done = worked(services, restart_task(services, "main", task.id, only_failed=True))

    assert done.outcome is Outcome.SUCCEEDED
    record = services.tasks.get_record(task.id, done.subtasks[1].record or "")
    assert record
    assert record.outputs[0].facts["width"] == 64, "the source is 160 wide, and gone"


def test_a_success_is_carried_from_run_to_run_until_the_others_succeed_too(
    services: ClockedServices, blink: bytes
) -> None:
    task = worked(services, a_made_task(services, put("uploads/clip.mp4", blink), COVER, TOO_LATE))
    for run in (2, 3):
        task = worked(services, restart_task(services, "main", task.id, only_failed=True))

        assert (task.run, task.outcome) == (run, Outcome.PARTIALLY_FAILED)
        assert [s.carried_from for s in task.subtasks] == [1, None]
        assert [s.attempt for s in task.subtasks] == [1, 1]
    assert len(keys()) == 1


def test_a_restart_of_all_runs_again_what_was_carried_over(services: ClockedServices, blink: bytes) -> None:
    task = worked(services, a_made_task(services, put("uploads/clip.mp4", blink), COVER, TOO_LATE))
    task = worked(services, restart_task(services, "main", task.id, only_failed=True))

    again = restart_task(services, "main", task.id)

    assert [(s.status, s.carried_from) for s in again.subtasks] == [(SubtaskStatus.WAITING, None)] * 2
    assert [ref.no for ref in sent(services)] == [1, 2]


def test_a_canceled_task_can_be_restarted_with_what_it_had_done(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER, SMALL)
    run_subtask(services, sent(services)[0], SECONDS)
    cancel_task(services, "main", task.id)

    done = worked(services, restart_task(services, "main", task.id, only_failed=True))

    assert (done.outcome, [s.carried_from for s in done.subtasks]) == (Outcome.SUCCEEDED, [1, None])


def test_where_nothing_has_failed_there_is_nothing_to_restart_but_all(services: ClockedServices) -> None:
    task = make_task(1, at=services.now())
    services.tasks.create(task)
    done = finished(services, task, 1)

    with pytest.raises(Conflict, match=r"no subtask of task .* has failed; restart the whole task") as refused:
        restart_task(services, "main", task.id, only_failed=True)

    assert refused.value.code == "NothingFailed"
    assert read_task(services, "main", task.id) == done
    assert restart_task(services, "main", task.id).run == 2


def test_a_restart_of_the_failed_is_refused_like_any_other_while_the_task_runs(services: ClockedServices) -> None:
    task = task_that(services, started=True)

    with pytest.raises(Conflict, match="only a COMPLETED task can be restarted"):
        restart_task(services, "main", task.id, only_failed=True)

    assert read_task(services, "main", task.id) == task


@pytest.mark.parametrize(("priority", "lane"), [(7, Lane.URGENT), (0, Lane.STANDARD), (-7, Lane.BACKGROUND)])
@pytest.mark.parametrize("only_failed", [True, False])
def test_a_restarted_task_waits_in_the_queue_of_its_priority(
    services: ClockedServices, priority: int, lane: Lane, *, only_failed: bool
) -> None:
    task = replace(make_task(1, at=services.now()), priority=priority)
    services.tasks.create(task)
    finished(services, task, 1, BAD)

    restart_task(services, "main", task.id, only_failed=only_failed)

    assert {each: services.queues.count_messages(each) for each in Lane} == {each: int(each is lane) for each in Lane}


@pytest.mark.parametrize(
    ("move", "ended", "outcome"),
    [
        (end_task, False, Outcome.ENDED),
        (cancel_task, False, Outcome.ENDED),
        (restart_task, True, None),
        (partial(restart_task, only_failed=True), True, None),
    ],
)
def test_a_move_whose_answer_was_lost_is_not_refused(
    services: ClockedServices,
    move: Callable[[ClockedServices, str, str], Task],
    outcome: Outcome | None,
    *,
    ended: bool,
) -> None:
    task = task_that(services, ended=ended)

    with outage("UpdateItem", done=True, error=LOST):
        moved = move(services, "main", task.id)

    assert moved == read_task(services, "main", task.id)
    assert moved.outcome is outcome


@pytest.mark.parametrize(
    ("move", "ended", "run"),
    [
        (end_task, False, 1),
        (cancel_task, False, 1),
        (restart_task, True, 2),
        (partial(restart_task, only_failed=True), True, 2),
    ],
)
def test_a_move_whose_answer_was_lost_is_known_even_if_the_task_was_restarted_since(
    services: ClockedServices, move: Callable[[ClockedServices, str, str], Task], run: int, *, ended: bool
) -> None:
    task = task_that(services, ended=ended)
    others: list[int] = []

    def restart() -> None:
        if others:
            return
        others.append(run + 1)
        if ended:
            end_task(services, "main", task.id)
        restart_task(services, "main", task.id)
        raise LOST

    with meanwhile("UpdateItem", restart, done=True, times=100):
        moved = move(services, "main", task.id)

    assert (moved.run, moved.outcome) == (run, Outcome.ENDED)
    newest = read_task(services, "main", task.id)
    assert (newest.run, newest.status) == (run + 1, TaskStatus.WAITING), "the run of the other restart is unchanged"


def test_a_cancel_never_reaches_the_run_that_another_person_has_begun(services: ClockedServices) -> None:
    task = make_task(1, at=services.now())
    services.tasks.create(task)
    others: list[int] = []

    def finish_and_restart() -> None:
        if not others:
            others.append(2)
            finished(services, task, 1)
            restart_task(services, "main", task.id)

    with (
        meanwhile("UpdateItem", finish_and_restart, times=100),
        pytest.raises(Conflict, match=r"run 1 of task .* is over, and run 2 has begun"),
    ):
        cancel_task(services, "main", task.id)

    assert read_task(services, "main", task.id).status is TaskStatus.WAITING


@pytest.mark.parametrize("lost", ["UpdateItem", "PutItem"])
def test_a_restart_that_dynamodb_did_not_take_can_be_asked_for_again(services: ClockedServices, lost: str) -> None:
    task = task_that(services, ended=True)

    with outage(lost), pytest.raises(ServiceBusy):
        restart_task(services, "main", task.id)

    assert read_task(services, "main", task.id) == task
    assert restart_task(services, "main", task.id).run == 2
    assert read_run(services, "main", task.id, 1).subtasks == task.subtasks


@pytest.mark.parametrize("identifier", ["0" * 26, "", "nope", "x" * 5000, "😀", "TOKEN#main#abc"])
def test_a_task_that_is_not_there_is_not_found(services: ClockedServices, identifier: str) -> None:
    for act in (read_task, restart_task, end_task, cancel_task):
        with pytest.raises(NotFound, match="there is no task") as missing:
            act(services, "main", identifier)
        assert missing.value.code == "TaskNotFound"


def test_a_task_of_another_tenant_is_not_found(services: ClockedServices) -> None:
    task = task_that(services)

    for act in (read_task, restart_task, end_task, cancel_task):
        with pytest.raises(NotFound):
            act(services, "other", task.id)
    assert services.tasks.get(task.id) == task


def test_a_run_or_a_subtask_that_is_not_there_is_not_found(services: ClockedServices) -> None:
    task = task_that(services)

    with pytest.raises(NotFound, match="has no run 2; its newest run is 1"):
        read_run(services, "main", task.id, 2)
    for no in (0, 3):
        with pytest.raises(NotFound, match=f"has no subtask {no}; its subtasks are 1 to 2"):
            read_subtask(services, "main", task.id, None, no)
