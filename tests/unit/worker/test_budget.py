"""The day's budget: so many tasks start and so much time is spent on one day, and the rest waits, saying so."""

from datetime import UTC, datetime
from typing import Any

from shared.domain.task import Outcome, SubtaskRef, Task, TaskStatus
from shared.domain.wait import Waiting, WaitReason, explain
from shared.stores.budget_store import Spent, day_after
from shared.use_cases.tasks import NewTask, create_task, end_task, get_task, restart_task
from shared.worker.run import Redelivery, run_subtask
from tests.support.attempts import COVER, RULES, SECONDS, codes, worked
from tests.support.deployment import World, put
from tests.support.outages import meanwhile, outage, process, steps
from tests.unit.conftest import sent, swept

HOUR = 3600_000
OTHER = {**COVER, "name": "other"}
LATER = {**COVER, "name": "later", "needs": ["cover"]}


def budget(world: World, **limits: int) -> None:
    """Deploy with other limits."""
    world.settings = world.settings.model_copy(update=limits)


def task_of(world: World, name: str, body: bytes, *rules: dict[str, Any]) -> Task:
    """Make a task of two subtasks, unless told otherwise."""
    source = put(f"uploads/{name}.mp4", body)
    wanted = NewTask(source.bucket, source.key, subtasks=RULES.validate_python(rules or (COVER, OTHER)))
    return create_task(world, "main", wanted, lambda size: name.encode().ljust(size))[0]


def one_and_one_too_many(world: World, body: bytes) -> tuple[Task, Task]:
    """Make a task that runs to its end, and another for which the day's budget is spent then."""
    first = task_of(world, "a", body)
    worked(world, first)
    second = task_of(world, "b", body)
    worked(world, second)
    return first, second


def now(world: World, task: Task) -> Task:
    return get_task(world, "main", task.id)


def run(world: World, ref: SubtaskRef) -> None:
    assert run_subtask(world, ref, SECONDS) is None


def why(world: World, task: Task, no: int = 1) -> Waiting:
    return explain(now(world, task), now(world, task).subtasks, world.now())[no]


def test_without_limits_nothing_is_asked_and_nothing_counted(world: World, blink: bytes) -> None:
    task_of(world, "a", blink, COVER)

    (ref,) = sent(world)
    with process("run"), steps() as made:
        run(world, ref)

    assert made[0].operation == "UpdateItem"  # the claim
    assert world.budget.spent(world.now()) == Spent()


def test_tasks_beyond_the_days_number_wait_and_say_so_and_start_the_next_day(world: World, blink: bytes) -> None:
    budget(world, daily_tasks=1)
    first, second = one_and_one_too_many(world, blink)

    assert now(world, first).outcome is Outcome.SUCCEEDED
    assert now(world, second).status is TaskStatus.WAITING
    assert codes(now(world, second)) == ["Budget.DailyTasks"] * 2
    assert why(world, second).reason is WaitReason.BUDGET
    assert why(world, second).message == (
        "as many tasks have started today as may (DailyTasks: 1); "
        "asks again at 16:06:40 UTC, and the new day begins at 00:00 UTC"
    )
    while world.now() < (midnight := day_after(world.now())) - HOUR:
        world.time += HOUR
        assert swept(world) == 1
        worked(world, second)
        assert now(world, second).status is TaskStatus.WAITING
    world.time = midnight
    swept(world)
    worked(world, second)
    assert now(world, second).outcome is Outcome.SUCCEEDED
    assert codes(now(world, second)) == [None, None]
    assert world.budget.spent(world.now()) == Spent(tasks=1)


def test_a_raised_limit_is_noticed_within_the_hour(world: World, blink: bytes) -> None:
    budget(world, daily_tasks=1)
    _, second = one_and_one_too_many(world, blink)

    budget(world, daily_tasks=2)
    world.time += HOUR
    swept(world)

    assert worked(world, second).outcome is Outcome.SUCCEEDED


def test_a_task_that_is_held_back_can_be_ended_and_is_sent_no_more(world: World, blink: bytes) -> None:
    budget(world, daily_tasks=1)
    _, second = one_and_one_too_many(world, blink)

    end_task(world, "main", second.id)
    world.time = day_after(world.now())

    assert swept(world) == 0
    assert sent(world) == []


def test_a_restart_counts_and_an_attempt_more_does_not(world: World, blink: bytes) -> None:
    budget(world, daily_tasks=9)
    task = task_of(world, "a", blink, COVER, LATER)

    (ref,) = sent(world)
    with outage("HeadObject"):
        assert run_subtask(world, ref, SECONDS)
    world.time += 5000
    run(world, ref)
    worked(world, task)
    assert world.budget.spent(world.now()).tasks == 1

    restart_task(world, "main", task.id)
    worked(world, task)
    assert world.budget.spent(world.now()).tasks == 2


def test_a_message_that_comes_again_counts_nothing(world: World, blink: bytes) -> None:
    budget(world, daily_tasks=9)
    task = task_of(world, "a", blink)
    refs = sent(world)

    for ref in (*refs, *refs, SubtaskRef(task.id, 2, 1), SubtaskRef(task.id, 1, 9), SubtaskRef("0" * 26, 1, 1)):
        run(world, ref)

    assert world.budget.spent(world.now()).tasks == 1


def test_two_workers_that_begin_a_task_at_once_count_it_once(world: World, blink: bytes) -> None:
    budget(world, daily_tasks=9)
    task = task_of(world, "a", blink)
    one, other = sent(world)

    with meanwhile("UpdateItem", lambda: run(world, other), done=True):  # the first has counted, and not claimed yet
        run(world, one)

    assert now(world, task).outcome is Outcome.SUCCEEDED
    assert world.budget.spent(world.now()).tasks == 1


def test_a_task_that_can_not_be_taken_back_stays_counted_and_costs_no_attempt(world: World, blink: bytes) -> None:
    budget(world, daily_tasks=9)
    task = task_of(world, "a", blink, COVER)
    (ref,) = sent(world)

    def ends() -> None:
        end_task(world, "main", task.id)

    # The task is counted, and ended; the claim is refused, and DynamoDB is out of reach for what follows.
    with outage("UpdateItem", after=3), meanwhile("UpdateItem", ends, done=True):
        run(world, ref)

    assert now(world, task).outcome is Outcome.ENDED
    assert world.budget.spent(world.now()).tasks == 1


def test_what_was_held_back_while_its_task_was_being_counted_goes_with_it(world: World, blink: bytes) -> None:
    budget(world, daily_tasks=1)
    task = task_of(world, "a", blink)
    one, other = sent(world)

    with meanwhile("UpdateItem", lambda: run(world, other), done=True):  # the only one of the day is taken by then
        run(world, one)

    assert sent(world) == [other]
    run(world, other)
    assert now(world, task).outcome is Outcome.SUCCEEDED


def test_time_is_counted_and_once_it_is_spent_nothing_more_starts(world: World, blink: bytes) -> None:
    budget(world, daily_compute_seconds=5)
    first = task_of(world, "a", blink, COVER, LATER)
    (ref,) = sent(world)

    def five_seconds() -> None:
        world.time += 5000

    with meanwhile("PutObject", five_seconds):
        run(world, ref)
    second = task_of(world, "b", blink)
    worked(world, second)

    assert world.budget.spent(world.now()) == Spent(compute_ms=5000)
    assert now(world, first).status is TaskStatus.IN_PROGRESS
    assert codes(now(world, first)) == [None, "Budget.DailyComputeSeconds"]
    assert why(world, first, 2).message.startswith(
        "the compute time that a day may take is used up (DailyComputeSeconds: 5)"
    )
    world.time = day_after(world.now())
    assert swept(world) == 2
    worked(world, first)
    assert [now(world, task).outcome for task in (first, second)] == [Outcome.SUCCEEDED] * 2


def test_a_message_that_comes_before_its_time_is_not_held_back_but_comes_again(world: World, blink: bytes) -> None:
    budget(world, daily_compute_seconds=5)
    task = task_of(world, "a", blink, COVER)
    (ref,) = sent(world)
    with outage("HeadObject"):
        assert run_subtask(world, ref, SECONDS) == Redelivery(5)

    world.budget.add_compute(world.now(), 5000)

    assert run_subtask(world, ref, SECONDS) == Redelivery(5)
    assert codes(now(world, task)) == ["InternalError.Storage"]


def test_what_is_held_back_is_sent_when_its_time_has_come_whatever_becomes_of_the_others(
    world: World, blink: bytes
) -> None:
    budget(world, daily_compute_seconds=5)
    task_of(world, "a", blink)
    one, other = sent(world)
    world.time += 5 * HOUR  # by now the sweeper looks for lost messages every few hours alone

    def another_spends_it_all() -> None:
        world.budget.add_compute(world.now(), 5000)
        run(world, other)

    with meanwhile("HeadObject", another_spends_it_all):
        run(world, one)
    assert sent(world) == []
    world.time += 5 * 60_000
    assert swept(world) == 1  # the lease of the first would have lapsed by now
    assert sent(world) == []
    world.time += HOUR
    assert swept(world) == 1
    assert sent(world) == [other]


def test_time_that_can_not_be_counted_now_is_counted_later(world: World, blink: bytes) -> None:
    budget(world, daily_compute_seconds=100)
    task = task_of(world, "a", blink)
    one, other = sent(world)

    def a_second() -> None:
        world.time += 1000

    with meanwhile("PutObject", a_second, times=2):
        with outage("UpdateItem", after=1):  # behind the claim
            run(world, one)
        run(world, other)

    assert now(world, task).outcome is Outcome.SUCCEEDED
    assert world.budget.spent(world.now()).compute_ms == 1000


def test_a_day_is_that_of_utc() -> None:
    late = int(datetime(2026, 2, 28, 23, 59, 59, 999_000, tzinfo=UTC).timestamp() * 1000)

    assert day_after(late) == late + 1
    assert day_after(late + 1) == late + 1 + 24 * HOUR


def test_each_day_has_its_own_number(world: World) -> None:
    assert world.budget.take_task(world.now(), 1)
    assert not world.budget.take_task(world.now(), 1)
    assert world.budget.take_task(day_after(world.now()), 1)
