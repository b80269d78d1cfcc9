"""Eight threads race for a task on dynalite, many times: nothing is lost or done twice."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from threading import Barrier
from typing import Protocol, TypeVar

import pytest

from shared.domain.ids import sortable_id
from shared.domain.subtask import (
    Failure,
    FinalState,
    Lease,
    SubtaskRef,
    SubtaskStatus,
    Wait,
    WaitReason,
)
from shared.domain.task import SKIPPED, STOP_FAILURES, Outcome, Task, TaskStatus
from shared.stores.budget_store import BudgetStore
from shared.stores.task_store import TaskStore, TokenClaim
from tests.support.deployment import BEGINNING
from tests.support.dynalite import dynalite
from tests.support.factories import make_task
from tests.support.profile import LONG
from tests.support.tallies import Tally

pytestmark = [
    pytest.mark.xdist_group("races"),  # they share a server
    pytest.mark.timeout(600),  # seconds, for the long profile
]

ROUNDS = 200 if LONG else 8
EIGHT = 8
FIRST_EIGHT = range(1, EIGHT + 1)
LEASE = 60_000
LATE = BEGINNING + LEASE + 1  # a lease that was taken in the beginning is over by now
MAX_ATTEMPTS = 3
SUCCESSFUL, FAILED = SubtaskStatus.SUCCESSFUL, SubtaskStatus.FAILED
# Of twelve subtasks eight need nothing; each of the others needs some of those before it.
LINKS = {9: (1, 2), 10: (2, 3, 4), 11: tuple(FIRST_EIGHT), 12: (9, 10)}
BAD = Failure("SourceFileError.NotMedia", "it is not a media file")
SPENT = Failure("Budget.DailyTasks", "the day's budget is spent")
GIVEN_UP = FinalState(FAILED, Failure("InternalError.AttemptsExhausted", "it had its three attempts"))

T = TypeVar("T")
Rounds = Callable[[str], Iterator[int]]

serial = count()


class Race(Protocol):
    """Starts all transitions at once, each in its own thread; returns their results in order."""

    def __call__(self, transitions: Sequence[Callable[[], T]]) -> list[T]: ...


@pytest.fixture(scope="module")
def store() -> Iterator[TaskStore]:
    """Lend the real store on a dynalite."""
    with dynalite():
        lent = TaskStore("TasksTable")
        # These make the clients, which the threads then share.
        assert lent.get("missing") is None
        nothing = TokenClaim("nothing", "of no request")
        assert lent.claim_token("main", "missing", nothing) == nothing
        yield lent


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    with ThreadPoolExecutor(EIGHT) as pool:
        heats = count()

        def run(transitions: Sequence[Callable[[], T]]) -> list[T]:
            assert len(transitions) == EIGHT
            barrier = Barrier(EIGHT)

            def go(transition: Callable[[], T]) -> T:
                barrier.wait()
                return transition()

            # Each heat has another thread wait for the others: the last at the barrier is often the first behind it.
            turn = next(heats) % EIGHT
            results = list(pool.map(go, [*transitions[turn:], *transitions[:turn]]))
            return results[EIGHT - turn :] + results[: EIGHT - turn]

        yield run


@pytest.fixture
def rounds(tally: Tally) -> Rounds:
    """Lend the numbers of a race's rounds, which are counted."""

    def run(name: str) -> Iterator[int]:
        for number in range(ROUNDS):
            tally(f"race: {name}")
            yield number

    return run


def a_task(subtasks: int = EIGHT, needs: dict[int, tuple[int, ...]] | None = None) -> Task:
    """Return a task that no round had before, not stored yet."""
    return make_task(subtasks, needs=needs, id=sortable_id(BEGINNING, str(next(serial)).encode()))


def stored(store: TaskStore, task: Task) -> Task:
    assert store.create(task)
    return task


def claim(store: TaskStore, task: Task, no: int, now: int = BEGINNING) -> Task | None:
    return store.claim(SubtaskRef(task.id, task.run, no), now, now + LEASE, MAX_ATTEMPTS)


def claimed(store: TaskStore, task: Task, no: int) -> tuple[Task, Lease]:
    """Claim a subtask that must be free; return what its worker then knows."""
    seen = claim(store, task, no)
    assert seen
    return seen, Lease(task.id, task.run, no, attempt=seen.subtasks[no - 1].attempt)


def final_state(lease: Lease, *, good: bool = True) -> FinalState:
    if good:
        return FinalState(SUCCESSFUL, output=f"s3://output/{lease.record}/", record=lease.record)
    return FinalState(FAILED, BAD, record=lease.record)


def finish(store: TaskStore, seen: Task, lease: Lease, *, good: bool = True) -> Task | None:
    return store.finish(seen, lease, final_state(lease, good=good), LATE)


def completed(store: TaskStore) -> Task:
    """Return a task that ran to its end, its second subtask in vain."""
    task = stored(store, a_task(3))
    for no in (1, 2, 3):
        finish(store, *claimed(store, task, no), good=no != 2)
    return current(store, task)


def current(store: TaskStore, task: Task) -> Task:
    """Return the task as it stands, after a look at what must hold of every task at any time."""
    found = store.get(task.id)
    assert found
    assert found.pending == {subtask.no for subtask in found.subtasks if not subtask.is_terminal}
    assert found.unsent <= found.ready()
    assert (found.status is TaskStatus.COMPLETED) == (not found.pending) == (found.outcome is not None)
    return found


def winner(results: Sequence[Task | None]) -> int:
    """Return the place of the one transition that was made."""
    (place,) = (place for place, result in enumerate(results) if result)
    return place


def test_one_of_eight_creates_makes_the_task(store: TaskStore, race: Race, rounds: Rounds) -> None:
    for _ in rounds("create"):
        task = a_task(1)
        rivals = [replace(task, session_context=f"rival {n}") for n in FIRST_EIGHT]

        made = race([partial(store.create, rival) for rival in rivals])

        assert made.count(True) == 1
        assert current(store, task) == rivals[made.index(True)]


def test_one_client_token_stands_for_one_task(store: TaskStore, race: Race, rounds: Rounds) -> None:
    for number in rounds("client token"):
        wanted = [TokenClaim(a_task(1).id, "the same request") for _ in FIRST_EIGHT]

        stands_for = race([partial(store.claim_token, "main", f"token {number}", one) for one in wanted])

        (first,) = set(stands_for)
        assert first in wanted


@pytest.mark.parametrize("attempt", [1, 2], ids=["waiting", "lapsed"])
def test_one_of_eight_claims_gets_the_lease(store: TaskStore, race: Race, rounds: Rounds, attempt: int) -> None:
    for _ in rounds("claim" if attempt == 1 else "takeover"):
        task = stored(store, a_task(1))
        if attempt == 2:
            claimed(store, task, 1)

        claims = race([partial(claim, store, task, 1, LATE)] * EIGHT)

        assert current(store, task) == claims[winner(claims)]
        assert current(store, task).subtasks[0].attempt == attempt


def test_the_start_of_a_task_returns_all_subtasks_that_were_postponed_before(
    store: TaskStore, race: Race, rounds: Rounds
) -> None:
    for _ in rounds("postpone against claim"):
        task = stored(store, a_task())
        postponements = [
            partial(store.postpone, task, no, BEGINNING, Wait(WaitReason.BUDGET, LATE, SPENT)) for no in FIRST_EIGHT[1:]
        ]

        begun, *postponed = race([partial(claim, store, task, 1), *postponements])

        assert begun
        assert begun.postponed == {no for no, one in zip(FIRST_EIGHT[1:], postponed, strict=True) if one}
        assert current(store, task) == begun


@pytest.mark.usefixtures("store")
def test_no_more_tasks_are_counted_on_a_day_than_may_start(race: Race, rounds: Rounds) -> None:
    budget = BudgetStore("TasksTable")
    for number in rounds("the day's last tasks"):
        day = BEGINNING + number * 24 * 3600 * 1000

        taken = race([partial(budget.take_task, day, 5, f"token {one}") for one in FIRST_EIGHT])

        assert taken.count(True) == budget.read_cost(day).tasks == 5


@pytest.mark.parametrize("transition", ["renew", "finish"])
def test_a_late_worker_is_heard_or_taken_over_never_both(
    store: TaskStore, race: Race, rounds: Rounds, transition: str
) -> None:
    for _ in rounds(f"{transition} against takeover"):
        task = stored(store, a_task(1))
        seen, lease = claimed(store, task, 1)
        renew = partial(store.renew, lease, LATE + LEASE)
        late = renew if transition == "renew" else partial(finish, store, seen, lease)

        results = race([late, *[partial(claim, store, task, 1, LATE)] * 7])

        assert current(store, task) == results[winner(results)]


def test_a_late_release_does_not_free_the_subtask_of_another_attempt(
    store: TaskStore, race: Race, rounds: Rounds
) -> None:
    for _ in rounds("release against takeover"):
        task = stored(store, a_task(1))
        _, lease = claimed(store, task, 1)
        release = partial(store.release, lease, Wait(WaitReason.RETRY, LATE, BAD), uncounted=False)

        _, *claims = race([release, *[partial(claim, store, task, 1, LATE)] * 7])

        assert current(store, task) == claims[winner(claims)]


def test_eight_subtasks_end_at_once_and_one_of_them_ends_the_task(store: TaskStore, race: Race, rounds: Rounds) -> None:
    for number in rounds("finish"):
        bad = FIRST_EIGHT[: number % 3 * 4]  # no subtask, half, all
        task = stored(store, a_task())
        workers = [claimed(store, task, no) for no in FIRST_EIGHT]

        done = race([partial(finish, store, seen, lease, good=lease.no not in bad) for seen, lease in workers])

        assert [one.status for one in done if one].count(TaskStatus.COMPLETED) == 1
        found = current(store, task)
        assert [subtask.record for subtask in found.subtasks] == [lease.record for _, lease in workers]
        assert [subtask.no for subtask in found.subtasks if subtask.status is FAILED] == [*bad]
        assert found.outcome is (Outcome.SUCCEEDED, Outcome.PARTIALLY_FAILED, Outcome.FAILED)[number % 3]


def test_eight_predecessors_end_at_once_and_free_or_doom_each_successor_once(
    store: TaskStore, race: Race, rounds: Rounds
) -> None:
    def finish_and_send(seen: Task, lease: Lease, *, good: bool) -> frozenset[int]:
        done = finish(store, seen, lease, good=good)
        assert done
        if done.unsent:
            store.mark_sent(done, done.unsent)
        return done.unsent

    for number in rounds("finish, with links"):
        bad = number % (EIGHT + 1)  # 0: no subtask
        task = stored(store, a_task(12, LINKS))
        doomed = task.unreachable_after(bad) if bad else frozenset()
        workers = [claimed(store, task, no) for no in FIRST_EIGHT]

        freed = race([partial(finish_and_send, seen, lease, good=lease.no != bad) for seen, lease in workers])

        found = current(store, task)
        assert frozenset().union(*freed) == {9, 10, 11} - doomed
        assert not found.unsent
        assert {s.no for s in found.subtasks if s.failure and s.failure.code == SKIPPED} == doomed
        assert found.pending == {9, 10, 11, 12} - doomed


def test_one_finish_that_is_sent_eight_times_counts_once(store: TaskStore, race: Race, rounds: Rounds) -> None:
    for _ in rounds("the same finish"):
        task = stored(store, a_task(3))
        seen, lease = claimed(store, task, 1)

        done = race([partial(store.finish, seen, lease, final_state(lease), LATE + n) for n in FIRST_EIGHT])

        assert done == [current(store, task)] * EIGHT


def test_one_of_eight_restarts_begins_the_next_run(store: TaskStore, race: Race, rounds: Rounds) -> None:
    for _ in rounds("restart"):
        task = completed(store)

        begun = race([partial(store.restart, task, LATE + n) for n in range(EIGHT)])

        assert current(store, task) == task.restarted(LATE + winner(begun))
        assert current(store, task).run == 2


def test_a_restart_begins_all_anew_or_what_failed_never_a_mixture(store: TaskStore, race: Race, rounds: Rounds) -> None:
    for _ in rounds("restart of what failed against restart"):
        task = completed(store)

        begun = race([partial(store.restart, task, LATE + n, only_failed=n % 2 == 0) for n in range(EIGHT)])

        place = winner(begun)
        assert current(store, task) == task.restarted(LATE + place, only_failed=place % 2 == 0)


def test_a_late_finish_never_counts_in_the_next_run(store: TaskStore, race: Race, rounds: Rounds) -> None:
    def restart_and_claim(task: Task) -> Task | None:
        begun = store.restart(task, LATE)
        assert begun
        return claim(store, begun, 1, LATE)

    for _ in rounds("finish against restart"):
        seen, lease = claimed(store, stored(store, a_task(2)), 1)
        canceled = store.cancel(seen, LATE)
        assert canceled

        again, *late = race([partial(restart_and_claim, canceled), *[partial(finish, store, seen, lease)] * 7])

        assert late == [None] * 7
        assert again == current(store, seen)
        assert again.has_lease(replace(lease, run=2))


def test_a_task_is_ended_or_claimed_never_both(store: TaskStore, race: Race, rounds: Rounds) -> None:
    for _ in rounds("end against claim"):
        task = stored(store, a_task(7))

        ended, *claims = race(
            [partial(store.end, task, LATE), *(partial(claim, store, task, no) for no in range(1, 8))]
        )

        assert {claim is not None for claim in claims} == {ended is None}
        found = current(store, task)
        assert {subtask.failure for subtask in found.subtasks} == {STOP_FAILURES["end"] if ended else None}
        assert found.status is (TaskStatus.COMPLETED if ended else TaskStatus.IN_PROGRESS)


def test_a_cancel_stops_the_rest_and_keeps_what_is_finished(store: TaskStore, race: Race, rounds: Rounds) -> None:
    def cancel(task: Task) -> Task | None:
        """Try again with what is left, as long as something is: each finish changes what there is to cancel."""
        while (seen := current(store, task)).pending:
            if canceled := store.cancel(seen, LATE):
                return canceled
        return None

    for _ in rounds("cancel against finish"):
        task = stored(store, a_task(7))
        workers = [claimed(store, task, no) for no in range(1, 8)]

        canceled, *done = race([partial(cancel, task), *(partial(finish, store, *worker) for worker in workers)])

        found = current(store, task)
        for subtask, (_, lease), result in zip(found.subtasks, workers, done, strict=True):
            kept = (SUCCESSFUL, None, lease.record) if result else (FAILED, STOP_FAILURES["cancel"], None)
            assert (subtask.status, subtask.failure, subtask.record) == kept
        assert found.outcome is (Outcome.ENDED if canceled else Outcome.SUCCEEDED)


def test_a_canceled_task_never_runs_again(store: TaskStore, race: Race, rounds: Rounds) -> None:
    for _ in rounds("cancel against claim"):
        task = stored(store, a_task(7))

        canceled, *claims = race(
            [partial(store.cancel, task, LATE), *(partial(claim, store, task, no) for no in range(1, 8))]
        )

        assert canceled
        found = current(store, task)
        assert found.outcome is Outcome.ENDED
        assert {(subtask.status, subtask.failure) for subtask in found.subtasks} == {(FAILED, STOP_FAILURES["cancel"])}
        for no, seen in enumerate(claims, start=1):
            lease = Lease(task.id, task.run, no, attempt=1)
            assert seen is None or finish(store, seen, lease) is None


@pytest.mark.parametrize("before", ["waiting", "lapsed"])
def test_a_subtask_is_given_up_or_claimed_never_both(store: TaskStore, race: Race, rounds: Rounds, before: str) -> None:
    for _ in rounds(f"give up against claim, {before}"):
        task = stored(store, a_task(3))
        seen = claimed(store, task, 1)[0] if before == "lapsed" else task
        give_up = partial(store.give_up, seen, 1, GIVEN_UP, LATE)

        results = race([*[give_up] * 4, *[partial(claim, store, task, 1, LATE)] * 4])

        assert current(store, task) == results[winner(results)]


def test_a_subtask_is_given_up_or_finished_late_never_both(store: TaskStore, race: Race, rounds: Rounds) -> None:
    for _ in rounds("give up against late finish"):
        task = stored(store, a_task(3))
        seen, lease = claimed(store, task, 1)
        give_up = partial(store.give_up, seen, 1, GIVEN_UP, LATE)

        results = race([*[give_up] * 4, *[partial(finish, store, seen, lease)] * 4])

        found = current(store, task)
        if found.subtasks[0].status is SUCCESSFUL:
            assert results == [None] * 4 + [found] * 4  # one made the transition, the others learn that it is made
        else:
            assert results[winner(results)] == found
            assert winner(results) < 4
