"""The daily budget: a number of tasks and of compute seconds per day; the rest waits and says so."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain.subtask import SubtaskRef, WaitReason
from shared.domain.task import Outcome, Task, TaskStatus
from shared.domain.timestamps import day_after
from shared.domain.wait import WaitExplanation, explain_waits
from shared.errors import ServiceBusy
from shared.stores.budget_store import DayCost
from shared.use_cases.tasks import NewTask, create_task, end_task, read_task, restart_task
from shared.worker.results import Redelivery
from shared.worker.run import run_subtask
from tests.support.attempts import COVER, RULES, SECONDS, sent, swept, worked
from tests.support.deployment import ClockedServices, client, put
from tests.support.in_memory_table import in_memory_tables
from tests.support.outages import Answer, meanwhile, outage, process, steps
from tests.support.transitions import LOST

HOUR = 3600_000
OTHER = {**COVER, "name": "other"}
LATER = {**COVER, "name": "later", "needs": ["cover"]}


def budget(services: ClockedServices, **limits: int) -> None:
    """Deploy with other limits."""
    services.settings = services.settings.model_copy(update=limits)


def task_of(services: ClockedServices, name: str, body: bytes, *rules: dict[str, Any]) -> Task:
    """Make a task, by default with two subtasks."""
    source = put(f"uploads/{name}.mp4", body)
    wanted = NewTask(source.bucket, source.key, subtasks=RULES.validate_python(rules or (COVER, OTHER)))
    return create_task(services, "main", wanted, lambda size: name.encode().ljust(size))[0]


def one_and_one_too_many(services: ClockedServices, body: bytes) -> tuple[Task, Task]:
    """Make a task that runs to its end, and another for which the day's budget is spent then."""
    first = task_of(services, "a", body)
    worked(services, first)
    second = task_of(services, "b", body)
    worked(services, second)
    return first, second


def now(services: ClockedServices, task: Task) -> Task:
    return read_task(services, "main", task.id)


def waits_for(task: Task) -> list[str | None]:
    """Return the code of what each subtask waits for."""
    return [subtask.wait.detail.code if subtask.wait else None for subtask in task.subtasks]


def run(services: ClockedServices, ref: SubtaskRef) -> None:
    assert run_subtask(services, ref, SECONDS) is None


def why(services: ClockedServices, task: Task, no: int = 1) -> WaitExplanation:
    return explain_waits(now(services, task), now(services, task).subtasks, services.now())[no]


def test_without_limits_nothing_is_asked_and_nothing_counted(services: ClockedServices, blink: bytes) -> None:
    task_of(services, "a", blink, COVER)

    (ref,) = sent(services)
    with process("run"), steps() as made:
        run(services, ref)

    assert [call.operation for call in made[:2]] == ["GetItem", "UpdateItem"]  # the task, the claim
    assert services.budget.read_cost(services.now()) == DayCost()


def test_tasks_beyond_the_days_number_wait_and_say_so_and_start_the_next_day(
    services: ClockedServices, blink: bytes
) -> None:
    budget(services, daily_tasks=1)
    first, second = one_and_one_too_many(services, blink)

    assert now(services, first).outcome is Outcome.SUCCEEDED
    assert now(services, second).status is TaskStatus.WAITING
    assert waits_for(now(services, second)) == ["Budget.DailyTasks"] * 2
    assert why(services, second).reason is WaitReason.BUDGET
    assert why(services, second).message == (
        "the maximum number of tasks has started today (DailyTasks: 1); "
        "next check at 16:06:40 UTC; the new day begins at 00:00 UTC"
    )
    while services.now() < (midnight := day_after(services.now())) - HOUR:
        services.time += HOUR
        assert swept(services) == 1
        worked(services, second)
        assert now(services, second).status is TaskStatus.WAITING
    services.time = midnight
    swept(services)
    worked(services, second)
    assert now(services, second).outcome is Outcome.SUCCEEDED
    assert waits_for(now(services, second)) == [None, None]
    assert services.budget.read_cost(services.now()) == DayCost(tasks=1)


def test_a_raised_limit_is_noticed_within_the_hour(services: ClockedServices, blink: bytes) -> None:
    budget(services, daily_tasks=1)
    _, second = one_and_one_too_many(services, blink)

    budget(services, daily_tasks=2)
    services.time += HOUR
    swept(services)

    assert worked(services, second).outcome is Outcome.SUCCEEDED


def test_a_postponed_task_can_be_ended_and_is_not_sent_any_more(services: ClockedServices, blink: bytes) -> None:
    budget(services, daily_tasks=1)
    _, second = one_and_one_too_many(services, blink)

    end_task(services, "main", second.id)
    services.time = day_after(services.now())

    assert swept(services) == 0
    assert sent(services) == []


def test_a_restart_counts_and_an_attempt_more_does_not(services: ClockedServices, blink: bytes) -> None:
    budget(services, daily_tasks=9)
    task = task_of(services, "a", blink, COVER, LATER)

    (ref,) = sent(services)
    with outage("HeadObject"):
        assert run_subtask(services, ref, SECONDS)
    services.time += 5000
    run(services, ref)
    worked(services, task)
    assert services.budget.read_cost(services.now()).tasks == 1

    restart_task(services, "main", task.id)
    worked(services, task)
    assert services.budget.read_cost(services.now()).tasks == 2


def test_a_message_that_comes_again_counts_nothing(services: ClockedServices, blink: bytes) -> None:
    budget(services, daily_tasks=9)
    task = task_of(services, "a", blink)
    refs = sent(services)

    for ref in (*refs, *refs, SubtaskRef(task.id, 2, 1), SubtaskRef(task.id, 1, 9), SubtaskRef("0" * 26, 1, 1)):
        run(services, ref)

    assert services.budget.read_cost(services.now()).tasks == 1


def test_two_workers_that_begin_a_task_at_once_count_it_once(services: ClockedServices, blink: bytes) -> None:
    budget(services, daily_tasks=9)
    task = task_of(services, "a", blink)
    one, other = sent(services)

    with meanwhile("UpdateItem", lambda: run(services, other), done=True):  # the first has counted, and not claimed yet
        run(services, one)

    assert now(services, task).outcome is Outcome.SUCCEEDED
    assert services.budget.read_cost(services.now()).tasks == 1


def test_a_task_that_can_not_be_taken_back_stays_counted_and_costs_no_attempt(
    services: ClockedServices, blink: bytes
) -> None:
    budget(services, daily_tasks=9)
    task = task_of(services, "a", blink, COVER)
    (ref,) = sent(services)

    def ends() -> None:
        end_task(services, "main", task.id)

    # The task is counted, and ended; the claim is refused, and DynamoDB is out of reach for what follows.
    with outage("UpdateItem", after=3), meanwhile("UpdateItem", ends, done=True):
        run(services, ref)

    assert now(services, task).outcome is Outcome.ENDED
    assert services.budget.read_cost(services.now()).tasks == 1


def test_a_subtask_postponed_while_its_task_was_being_counted_is_sent_with_it(
    services: ClockedServices, blink: bytes
) -> None:
    budget(services, daily_tasks=1)
    task = task_of(services, "a", blink)
    one, other = sent(services)

    with meanwhile("UpdateItem", lambda: run(services, other), done=True):  # the only one of the day is taken by then
        run(services, one)

    assert sent(services) == [other]
    run(services, other)
    assert now(services, task).outcome is Outcome.SUCCEEDED


def test_time_is_counted_and_once_it_is_spent_nothing_more_starts(services: ClockedServices, blink: bytes) -> None:
    budget(services, daily_compute_seconds=5)
    first = task_of(services, "a", blink, COVER, LATER)
    (ref,) = sent(services)

    def five_seconds() -> None:
        services.time += 5000

    with meanwhile("PutObject", five_seconds):
        run(services, ref)
    second = task_of(services, "b", blink)
    worked(services, second)

    assert services.budget.read_cost(services.now()) == DayCost(compute_ms=5000)
    assert now(services, first).status is TaskStatus.IN_PROGRESS
    assert waits_for(now(services, first)) == [None, "Budget.DailyComputeSeconds"]
    assert why(services, first, 2).message.startswith("today's compute time is used up (DailyComputeSeconds: 5)")
    services.time = day_after(services.now())
    assert swept(services) == 2
    worked(services, first)
    assert [now(services, task).outcome for task in (first, second)] == [Outcome.SUCCEEDED] * 2


def test_a_message_that_comes_before_its_time_is_not_postponed_but_comes_again(
    services: ClockedServices, blink: bytes
) -> None:
    budget(services, daily_compute_seconds=5)
    task = task_of(services, "a", blink, COVER)
    (ref,) = sent(services)
    with outage("HeadObject"):
        assert run_subtask(services, ref, SECONDS) == Redelivery(5)

    services.budget.add_compute(services.now(), 5000, "a")

    assert run_subtask(services, ref, SECONDS) == Redelivery(5)
    assert waits_for(now(services, task)) == ["InternalError.Storage"]


def test_a_postponed_subtask_is_sent_when_its_time_has_come_independently_of_the_others(
    services: ClockedServices, blink: bytes
) -> None:
    budget(services, daily_compute_seconds=5)
    task_of(services, "a", blink)
    one, other = sent(services)
    services.time += 5 * HOUR  # by now the sweeper looks for lost messages every few hours alone

    def another_spends_it_all() -> None:
        services.budget.add_compute(services.now(), 5000, "a")
        run(services, other)

    with meanwhile("HeadObject", another_spends_it_all):
        run(services, one)
    assert sent(services) == []
    services.time += 5 * 60_000
    assert swept(services) == 1  # the lease of the first would have lapsed by now
    assert sent(services) == []
    services.time += HOUR
    assert swept(services) == 1
    assert sent(services) == [other]


def test_time_that_can_not_be_counted_now_is_counted_later(services: ClockedServices, blink: bytes) -> None:
    budget(services, daily_compute_seconds=100)
    task = task_of(services, "a", blink)
    one, other = sent(services)

    def a_second() -> None:
        services.time += 1000

    with meanwhile("PutObject", a_second, times=2):
        with outage("TransactWriteItems"):
            run(services, one)
        run(services, other)

    assert now(services, task).outcome is Outcome.SUCCEEDED
    assert services.budget.read_cost(services.now()).compute_ms == 1000


def test_time_whose_count_was_lost_on_the_way_back_is_counted_once(services: ClockedServices) -> None:
    losses = iter([True])
    with in_memory_tables("dynamodb") as tables:
        tables.loses = lambda _: next(losses, False)
        services.budget.add_compute(services.now(), 5000, "a")
        services.budget.add_compute(services.now(), 5000, "a")  # as an attempt asks again that had no answer
        services.budget.add_compute(services.now(), 300, "b")

        assert services.budget.read_cost(services.now()) == DayCost(compute_ms=5300)


def test_a_day_is_that_of_utc() -> None:
    late = int(datetime(2026, 2, 28, 23, 59, 59, 999_000, tzinfo=UTC).timestamp() * 1000)

    assert day_after(late) == late + 1
    assert day_after(late + 1) == late + 1 + 24 * HOUR


def test_each_day_has_its_own_number(services: ClockedServices) -> None:
    assert services.budget.take_task(services.now(), 1, "a")
    assert not services.budget.take_task(services.now(), 1, "b")
    assert services.budget.take_task(day_after(services.now()), 1, "c")


def test_a_task_is_counted_once_and_subtracted_once_even_if_a_response_is_lost(services: ClockedServices) -> None:
    def tasks() -> int:
        return services.budget.read_cost(services.now()).tasks

    with outage("UpdateItem", done=True, error=LOST):
        assert services.budget.take_task(services.now(), 2, "a")
    assert tasks() == 1
    with outage("UpdateItem", done=True, error=LOST):
        assert services.budget.take_task(services.now(), 2, "b")
    assert tasks() == 2
    with outage("UpdateItem", done=True, error=LOST):
        services.budget.return_task(services.now(), "a")
    assert tasks() == 1
    with outage("UpdateItem", done=True, error=LOST):
        services.budget.confirm_task(services.now(), "b")
    services.budget.return_task(services.now(), "b")
    assert tasks() == 1


def test_a_count_that_dynamodb_throttles_is_an_error_and_not_the_limit(services: ClockedServices) -> None:
    with (
        meanwhile("UpdateItem", lambda: Answer("ProvisionedThroughputExceededException"), times=20),
        pytest.raises(ServiceBusy),
    ):
        services.budget.take_task(services.now(), 2, "a")

    assert services.budget.read_cost(services.now()).tasks == 0


def test_a_started_task_leaves_no_token_with_its_day(services: ClockedServices, blink: bytes) -> None:
    budget(services, daily_tasks=1)
    worked(services, task_of(services, "a", blink))

    (day,) = [row for row in client("dynamodb").scan(TableName="TasksTable")["Items"] if row["sk"]["S"] == "DAY"]

    assert (day["tasks"]["N"], "starting" in day) == ("1", False)
