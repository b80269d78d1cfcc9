"""The transitions of workers and of the sweeper: what each changes, and when it is refused."""

import pytest

from shared.domain.attempt_record import AttemptRecord, OutputFile
from shared.domain.subtask import Failure, FinalState, Lease, SubtaskStatus, Wait, WaitReason
from shared.domain.task import EARLY_MS, Outcome, TaskStatus
from shared.stores.task_store import TokenClaim
from tests.support.deployment import ClockedServices
from tests.support.factories import make_task
from tests.support.outages import outage
from tests.support.transitions import (
    BAD,
    GOOD,
    LEASE,
    LOST,
    PAUSE,
    STORAGE,
    claimed,
    finished,
    refused,
    released,
    stored,
)

SPENT = Failure("Budget.DailyTasks", "spent")


def test_what_was_put_is_what_is_read(services: ClockedServices) -> None:
    task = make_task(needs={2: (1,)}, at=services.now())

    assert stored(services, task) == task


def test_a_task_is_made_once(services: ClockedServices) -> None:
    task = make_task(at=services.now())

    assert services.tasks.create(task)
    assert not services.tasks.create(task)


def test_an_unknown_task_is_none(services: ClockedServices) -> None:
    assert services.tasks.get("0" * 26) is None


def test_a_claim_takes_the_subtask_and_starts_the_task(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))

    seen, lease = claimed(services, task, 1)

    assert seen.status is TaskStatus.IN_PROGRESS
    assert seen.started_at == services.now()
    assert seen.subtasks[0].status is SubtaskStatus.IN_PROGRESS
    assert seen.unsent == {2}
    assert seen.has_lease(lease)


def test_a_live_lease_keeps_others_off(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    claimed(services, task, 1)

    services.time += LEASE
    assert refused(services, task, 1)
    services.time += 1
    assert not refused(services, task, 1)


def test_a_dead_lease_is_taken_over_and_its_late_worker_is_refused(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    seen, late = claimed(services, task, 1)
    services.time += LEASE + 1

    _, current = claimed(services, task, 1)

    assert current.attempt == 2
    assert services.tasks.finish(seen, late, GOOD, services.now()) is None
    assert services.tasks.renew(late, services.now() + LEASE) is None
    assert services.tasks.release(late, Wait(WaitReason.RETRY, services.now(), STORAGE), uncounted=True) is None


def test_no_attempt_is_made_past_the_limit(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    for _ in range(3):
        claimed(services, task, 1)
        services.time += LEASE + 1

    assert refused(services, task, 1)
    assert not refused(services, task, 1, counted_attempts=4)


def test_uncounted_attempts_do_not_count_until_there_are_five_times_as_many_as_may_count(
    services: ClockedServices,
) -> None:
    task = stored(services, make_task(at=services.now()))
    for number in range(1, 16):
        _, lease = claimed(services, task, 1)
        assert lease.attempt == number
        released(services, lease, uncounted=True)
        services.time += PAUSE

    assert refused(services, task, 1)
    assert not refused(services, task, 1, counted_attempts=4)


def test_a_renewed_lease_lasts_longer(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    _, lease = claimed(services, task, 1)
    services.time += LEASE - 1

    assert services.tasks.renew(lease, services.now() + LEASE)

    services.time += LEASE
    assert refused(services, task, 1)


@pytest.mark.parametrize(("uncounted", "counted_attempts"), [(True, 1), (False, 2)])
def test_a_released_subtask_waits_for_its_next_attempt_and_says_why(
    services: ClockedServices, *, uncounted: bool, counted_attempts: int
) -> None:
    task = stored(services, make_task(at=services.now()))
    _, first = claimed(services, task, 1)

    waiting = released(services, first, uncounted=uncounted).subtasks[0]
    services.time += PAUSE
    again, second = claimed(services, task, 1)

    assert (waiting.status, waiting.attempt, waiting.counted_attempts) == (
        SubtaskStatus.WAITING,
        1,
        counted_attempts - 1,
    )
    assert waiting.wait == Wait(WaitReason.RETRY, services.now(), STORAGE)
    assert again.status is TaskStatus.IN_PROGRESS
    assert (second.attempt, again.subtasks[0].counted_attempts) == (2, counted_attempts)
    assert (again.subtasks[0].failure, again.subtasks[0].wait) == (None, None)


def test_no_message_begins_the_next_attempt_before_its_time(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    released(services, claimed(services, task, 1)[1], uncounted=True)

    services.time += PAUSE - EARLY_MS - 1
    assert refused(services, task, 1)
    services.time += 1
    assert not refused(services, task, 1)


def test_a_subtask_postponed_to_the_next_day_may_begin_as_soon_as_it_is_sent(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    assert services.tasks.postpone(task, 1, services.now(), Wait(WaitReason.BUDGET, services.now() + 3_600_000, SPENT))

    assert not refused(services, task, 1)


def test_a_message_that_led_to_a_postponement_before_it_was_noted_leaves_its_subtask_unsent(
    services: ClockedServices,
) -> None:
    task = stored(services, make_task(at=services.now()))
    held = services.tasks.postpone(task, 1, services.now(), Wait(WaitReason.BUDGET, services.now() + 3_600_000, SPENT))
    assert held

    assert services.tasks.mark_sent(task, {1, 2}) is None
    assert services.tasks.get(task.id) == held
    noted = services.tasks.mark_sent(held, {1, 2})
    assert noted
    assert noted.unsent == frozenset()


@pytest.mark.parametrize("move", ["sent", "claim"])
def test_what_has_been_claimed_meanwhile_hinders_no_note_of_what_was_sent(services: ClockedServices, move: str) -> None:
    seen = stored(services, make_task(at=services.now()))
    if move == "claim":
        held = services.tasks.postpone(seen, 1, services.now(), Wait(WaitReason.BUDGET, services.now() + 5000, SPENT))
        assert held
        seen = held
    claimed(services, seen, 1)

    noted = services.tasks.mark_sent(seen, {1, 2})

    assert noted
    assert noted.unsent == frozenset()


def test_a_release_whose_answer_was_lost_is_known_for_made(services: ClockedServices) -> None:
    _, lease = claimed(services, stored(services, make_task(at=services.now())), 1)

    with outage("UpdateItem", done=True, error=LOST):
        waiting = services.tasks.release(lease, Wait(WaitReason.RETRY, services.now() + PAUSE, STORAGE), uncounted=True)

    assert waiting == services.tasks.get(lease.task_id)
    assert waiting
    assert waiting.subtasks[0].counted_attempts == 0


def test_a_subtask_is_released_once(services: ClockedServices) -> None:
    _, lease = claimed(services, stored(services, make_task(at=services.now())), 1)
    waiting = released(services, lease, uncounted=True)

    assert services.tasks.release(lease, Wait(WaitReason.RETRY, services.now(), STORAGE), uncounted=True) is None
    assert services.tasks.renew(lease, services.now() + LEASE) is None
    assert services.tasks.get(lease.task_id) == waiting


def test_a_subtask_keeps_when_its_first_attempt_started(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    _, lease = claimed(services, task, 1)
    began = services.now()
    released(services, lease, uncounted=False)
    services.time += PAUSE

    again, _ = claimed(services, task, 1)

    assert (again.subtasks[0].started_at, again.started_at) == (began, began)


def test_the_last_finish_completes_the_task(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))

    first = finished(services, task, 1)
    last = finished(services, task, 2)

    assert (first.status, first.outcome) == (TaskStatus.IN_PROGRESS, None)
    assert (last.status, last.outcome) == (TaskStatus.COMPLETED, Outcome.SUCCEEDED)
    assert last.ended_at == services.now()
    assert last.subtasks[0].output == GOOD.output
    assert last.pending == frozenset()


@pytest.mark.parametrize(
    ("endings", "outcome"),
    [
        ((GOOD, GOOD), Outcome.SUCCEEDED),
        ((GOOD, BAD), Outcome.PARTIALLY_FAILED),
        ((BAD, GOOD), Outcome.PARTIALLY_FAILED),
        ((BAD, BAD), Outcome.FAILED),
    ],
)
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_outcome_shows_how_all_subtasks_ended_in_any_order(
    services: ClockedServices, endings: tuple[FinalState, FinalState], outcome: Outcome, order: tuple[int, int]
) -> None:
    task = stored(services, make_task(at=services.now()))
    leases = {no: claimed(services, task, no) for no in (1, 2)}

    for no in order:
        seen, lease = leases[no]  # as the claim left it: what the other did since is unknown to the worker
        done = services.tasks.finish(seen, lease, endings[no - 1], services.now())

    assert done
    assert (done.status, done.outcome) == (TaskStatus.COMPLETED, outcome)


def test_a_finished_subtask_never_moves_again(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    seen, lease = claimed(services, task, 1)
    done = services.tasks.finish(seen, lease, GOOD, services.now())
    services.time += LEASE + 1

    assert services.tasks.finish(seen, lease, BAD, services.now()) is None
    assert services.tasks.renew(lease, services.now() + LEASE) is None
    assert services.tasks.release(lease, Wait(WaitReason.RETRY, services.now(), STORAGE), uncounted=True) is None
    assert refused(services, task, 1, counted_attempts=9)
    assert done
    assert services.tasks.give_up(done, 1, BAD, services.now()) is None
    assert services.tasks.get(task.id) == done


def test_successors_become_ready_when_all_they_need_has_succeeded(services: ClockedServices) -> None:
    task = stored(services, make_task(3, needs={3: (1, 2)}, at=services.now()))
    seen, first = claimed(services, task, 1)
    _, second = claimed(services, task, 2)

    one = services.tasks.finish(seen, first, GOOD, services.now())
    two = services.tasks.finish(seen, second, GOOD, services.now())

    assert one
    assert two
    assert one.unsent == frozenset()
    assert two.unsent == {3}


def test_a_failure_skips_all_that_hang_on_it(services: ClockedServices) -> None:
    task = stored(services, make_task(4, needs={2: (1,), 3: (2,)}, at=services.now()))

    done = finished(services, task, 1, BAD)

    assert [s.failure.code if s.failure else None for s in done.subtasks] == [
        "SourceFileError.NotMedia",
        "Skipped.PredecessorFailed",
        "Skipped.PredecessorFailed",
        None,
    ]
    assert done.pending == {4}
    assert finished(services, task, 4).outcome is Outcome.PARTIALLY_FAILED


def test_a_subtask_without_a_lease_can_be_given_up(services: ClockedServices) -> None:
    task = stored(services, make_task(1, at=services.now()))
    seen, _ = claimed(services, task, 1)

    assert services.tasks.give_up(seen, 1, BAD, services.now()) is None
    services.time += LEASE + 1
    done = services.tasks.give_up(seen, 1, BAD, services.now())

    assert done
    assert done.outcome is Outcome.FAILED


def test_the_record_of_an_attempt_comes_back_whole(services: ClockedServices) -> None:
    lease = Lease("0" * 26, 1, 2, attempt=3)
    record = AttemptRecord(
        started_at=1,
        ended_at=2,
        outputs=(
            OutputFile("output", "ü/😀.mp4", 10, "video/mp4", number=1, facts={"width": 1280, "frameRate": 23.976}),
        ),
        result={"score": 0.5},
        warnings=("no audio",),
        failure=Failure("A.B", "c"),
        commands=("ffmpeg -i x",),
        log_tail="…",
        seconds={"download": 0.25},
    )

    services.tasks.put_record(lease, record)

    assert services.tasks.get_record(lease.task_id, lease.record) == record
    assert services.tasks.get_records(lease.task_id, 1, 2) == [(3, record)]
    assert services.tasks.get_records(lease.task_id, 1, 1) == []
    assert services.tasks.get_record(lease.task_id, "RUN#0001#SUB#02#ATT#4") is None


def test_the_records_of_many_attempts_come_in_their_order(services: ClockedServices) -> None:
    leases = [Lease("0" * 26, 1, 2, attempt=number) for number in (10, 2, 15, 1)]
    for lease in leases:
        services.tasks.put_record(lease, AttemptRecord(started_at=lease.attempt, ended_at=0))

    found = services.tasks.get_records("0" * 26, 1, 2)

    assert [(number, record.started_at) for number, record in found] == [(1, 1), (2, 2), (10, 10), (15, 15)]


def test_a_client_token_stands_for_its_first_task(services: ClockedServices) -> None:
    first, second = TokenClaim("FIRST", "a request"), TokenClaim("SECOND", "another request")

    assert services.tasks.get_token("main", "abc") is None
    assert services.tasks.claim_token("main", "abc", first) == first
    assert services.tasks.claim_token("main", "abc", second) == first
    assert services.tasks.get_token("main", "abc") == first
    assert services.tasks.claim_token("other", "abc", second) == second
