"""Scenarios of tasks: each must end the same with a crash or an outage at any call to AWS."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from botocore.exceptions import ReadTimeoutError

from shared.domain.orchestration import OrchestrationDocument
from shared.domain.subtask import CONDITION_NOT_MET, Subtask, SubtaskRef, SubtaskStatus
from shared.domain.task import Outcome, Task, TaskStatus
from shared.domain.timestamps import day_after
from shared.stores.subtask_queue import parse_message_body
from shared.use_cases.backfill import BackfillScope, backfill_objects
from shared.use_cases.catalog import store_orchestration
from shared.use_cases.tasks import NewTask, cancel_task, create_task, end_task, restart_task
from tests.proof.cloud import MINUTE, Cloud
from tests.support.attempts import COVER, SMALL, TOO_LATE
from tests.support.deployment import client, put, received
from tests.support.outages import Call, aside, die, meanwhile, outage, steps

KEY = "uploads/clip.mp4"
OTHER_KEY = "uploads/other.mp4"
OK = "OK"
SKIPPED = "Skipped.PredecessorFailed"
CANCELED = "Canceled.TaskCanceled"
ENDED = "Canceled.TaskEnded"
EXHAUSTED = "InternalError.AttemptsExhausted"
UNDELIVERABLE = "InternalError.Undeliverable"
PAST_THE_END = "ParameterError.PastTheEnd"

Rules = tuple[dict[str, Any], ...]
ONE: Rules = (COVER,)
THREE: Rules = (COVER,) * 3
FOLLOWED: Rules = (COVER, {**COVER, "needs": ["s1"]})
LINE: Rules = (*FOLLOWED, {**COVER, "needs": ["s2"]})
CHAIN: Rules = (SMALL, {**COVER, "input": "s1"}, {**COVER, "needs": ["s2"]})
DIAMOND: Rules = (COVER, {**COVER, "needs": ["s1"]}, {**COVER, "needs": ["s1"]}, {**COVER, "needs": ["s2", "s3"]})
# Of what is inspected first, nothing else is done, since no score is below 0.
UNMET: Rules = ({"type": "INSPECT"}, {**COVER, "when": "s1.score < 0"}, {**COVER, "needs": ["s2"]})
LAST: Rules = (TOO_LATE, COVER)
HOPELESS: Rules = (TOO_LATE, {**COVER, "needs": ["s1"]}, COVER)


def undone(_: Cloud) -> None:
    """Do nothing."""


def an_upload(cloud: Cloud) -> None:
    """Drop the clip into the bucket."""
    cloud.upload(KEY)


def a_finished_task(cloud: Cloud) -> None:
    """Drop the clip, and wait for its task's end."""
    an_upload(cloud)
    cloud.until_quiet()


def a_waiting_task(cloud: Cloud) -> None:
    """Drop the clip, and let its task be made, but nothing of it start."""
    an_upload(cloud)
    cloud.deliver()


def a_begun_task(cloud: Cloud) -> None:
    """Drop the clip, and let one subtask of its task be done."""
    a_waiting_task(cloud)
    cloud.poll(cloud.services.settings.standard_queue_url)


def a_small_budget(cloud: Cloud) -> None:
    """Let one task a day be all that may start, an hour before the day ends."""
    cloud.services.time = day_after(cloud.services.now()) - 60 * MINUTE
    cloud.services.settings = cloud.services.settings.model_copy(update={"daily_tasks": 1})


def two_uploads(cloud: Cloud) -> None:
    """Drop the clip into the bucket twice."""
    cloud.upload(KEY)
    cloud.upload(OTHER_KEY)


def an_unsent_task(cloud: Cloud) -> None:
    """Let the maker of a task die between the write and the messages, and be forgotten."""
    with meanwhile("SendMessageBatch", die):
        a_waiting_task(cloud)
    cloud.deliveries.clear()


def a_task_whose_message_is_lost(cloud: Cloud) -> None:
    """Let the messages of a task vanish."""
    a_waiting_task(cloud)
    received(cloud.services.settings)
    cloud.services.time += cloud.services.settings.resend_after_seconds * 1000 - MINUTE


def a_task_whose_worker_is_dead(cloud: Cloud) -> None:
    """Let a worker die when it has claimed its subtask."""
    a_waiting_task(cloud)
    with meanwhile("UpdateItem", die, done=True):
        cloud.poll(cloud.services.settings.standard_queue_url)


def a_task_whose_workers_all_died(cloud: Cloud) -> None:
    """Let workers die over the first subtask as often as it may be tried."""
    a_waiting_task(cloud)
    use_up(cloud, 1)


def a_task_that_failed_by_us(cloud: Cloud) -> None:
    """Let a task come to its end with its first subtask done, and its last two given up and skipped."""
    a_begun_task(cloud)
    use_up(cloud, 2)
    cloud.until_quiet()
    assert ends(cloud.task()) == (OK, EXHAUSTED, SKIPPED)


def a_task_that_all_forgot(cloud: Cloud) -> None:
    """Let workers die over a subtask as often as it may be tried, and its message vanish."""
    a_task_whose_workers_all_died(cloud)
    received(cloud.services.settings)


def use_up(cloud: Cloud, no: int) -> None:
    """Let workers claim a subtask and die, as often as it may be tried."""
    task, limit = cloud.task(), cloud.services.settings.max_attempts
    for _ in range(limit):
        now = cloud.services.now()
        assert cloud.services.tasks.claim(SubtaskRef(task.id, 1, no), now, now + 1000, limit)
        cloud.services.time += 1001


def a_task_with_files_not_kept_yet(cloud: Cloud) -> None:
    """Let a worker die between the end of its subtask and the keeping of its file, and what follows be given up."""
    a_waiting_task(cloud)
    with meanwhile("DeleteObjectTagging", die):
        cloud.poll(cloud.services.settings.standard_queue_url)
    use_up(cloud, 2)
    cloud.services.time += MINUTE
    cloud.sweep()
    assert ends(cloud.task()) == (OK, EXHAUSTED)


def a_poisoned_task(cloud: Cloud) -> None:
    """Put a message into the dead-letter queue, as happens to one that always fails."""
    a_waiting_task(cloud)
    (message,) = received(cloud.services.settings)
    client("sqs").send_message(QueueUrl=cloud.dead_letters, MessageBody=message["Body"])
    assert parse_message_body(message["Body"]).no == 1


def old_objects(cloud: Cloud) -> None:
    """Put objects into the bucket without any event."""
    for key in (KEY, "uploads/other.mp4", "uploads/notes.txt"):
        assert put(key, cloud.clip).bucket == cloud.services.settings.input_bucket


def restarted(cloud: Cloud) -> None:
    """Restart the task."""
    task = cloud.task()
    cloud.ask("restart", lambda: restart_task(cloud.services, "main", task.id))


def restart_of_failed(cloud: Cloud) -> None:
    """Restart what failed in the task."""
    task = cloud.task()
    cloud.ask("restart", lambda: restart_task(cloud.services, "main", task.id, only_failed=True))


def canceled(cloud: Cloud) -> None:
    """Cancel the task."""
    task = cloud.task()
    cloud.ask("cancel", lambda: cancel_task(cloud.services, "main", task.id))


def ended(cloud: Cloud) -> None:
    """End the task."""
    task = cloud.task()
    cloud.ask("end", lambda: end_task(cloud.services, "main", task.id))


def backfilled(cloud: Cloud) -> None:
    """Offer what is in the bucket to the orchestrations, page by page."""
    tokens: list[str | None] = [None]

    def next_page() -> None:
        tokens.append(backfill_objects(cloud.services, "main", BackfillScope("input"), 1, tokens[-1]).next_token)

    cloud.ask("backfill", next_page)
    while tokens[-1]:
        cloud.ask("backfill", next_page)


def created(cloud: Cloud) -> None:
    """Make a task by the API, with a client token."""
    put(KEY, cloud.clip)
    numbers = count()
    wanted = NewTask("input", KEY, orchestration="web-video", client_token="once")
    cloud.ask("create", lambda: create_task(cloud.services, "main", wanted, lambda size: next(numbers).to_bytes(size)))


@contextmanager
def undisturbed(_: Cloud) -> Iterator[None]:
    """Let nothing happen meanwhile."""
    yield


@contextmanager
def interrupted(_: Cloud) -> Iterator[None]:
    """Let S3 not take the first file."""
    with outage("PutObject"):
        yield


@contextmanager
def overtaken(cloud: Cloud) -> Iterator[None]:
    """Let another worker do the whole subtask between the first one's record and its finish."""

    def take_over() -> None:
        with aside():
            cloud.services.time += cloud.services.settings.lease_seconds * 1000 + 1
            cloud.sweep()
            cloud.work()

    with meanwhile("PutItem", take_over, done=True):
        yield


@contextmanager
def canceled_early(cloud: Cloud) -> Iterator[None]:
    """Let a person cancel the task as soon as it has moved."""
    asked: list[None] = []

    def cancel() -> None:
        if not asked:
            asked.append(None)
            with aside():
                canceled(cloud)

    with meanwhile("UpdateItem", cancel, done=True, times=1000):
        yield


def restarted_before_the_look(*, only_failed: bool) -> Callable[[Cloud], AbstractContextManager[None]]:
    """Let the last finish be done and its answer be lost, and a person restart the task before its worker looks."""

    @contextmanager
    def restarted_meanwhile(cloud: Cloud) -> Iterator[None]:
        asked: list[None] = []

        def restart() -> None:
            with aside():
                if asked or cloud.task().status is not TaskStatus.COMPLETED:
                    return
                asked.append(None)
                task = cloud.task()
                cloud.ask("restart", lambda: restart_task(cloud.services, "main", task.id, only_failed=only_failed))
            raise ReadTimeoutError(endpoint_url="https://aws")

        with meanwhile("UpdateItem", restart, done=True, times=1000):
            yield

    return restarted_meanwhile


@dataclass(frozen=True)
class Scenario:
    """Its subject, what the orchestrations do with the clip, what happens, and how each subtask must end.

    `before` runs without a crash. `counted_attempts` is the number of attempts of each subtask that the scenario itself
    uses, `run` the run in which it ends.
    """

    name: str
    about: str
    rules: Rules
    ends: tuple[str, ...]
    action: Callable[[Cloud], None] = an_upload
    before: Callable[[Cloud], None] = undone
    during: Callable[[Cloud], AbstractContextManager[None]] = undisturbed
    orchestrations: tuple[str, ...] = ("web-video",)
    keys: tuple[str, ...] = (KEY,)
    stopped: bool = False
    judged: bool = True
    run: int = 1
    counted_attempts: int = 1

    def __str__(self) -> str:
        """Return its name."""
        return self.name

    @property
    def outcome(self) -> Outcome:
        """How its tasks end."""
        if self.stopped:
            return Outcome.ENDED
        if set(self.ends) <= {OK, CONDITION_NOT_MET}:
            return Outcome.SUCCEEDED
        return Outcome.PARTIALLY_FAILED if OK in self.ends else Outcome.FAILED


SCENARIOS = (
    Scenario("one subtask", "accept", ONE, (OK,)),
    Scenario("three subtasks", "run", THREE, (OK,) * 3),
    Scenario("a chain", "finish", CHAIN, (OK,) * 3),
    Scenario("a diamond", "finish", DIAMOND, (OK,) * 4),
    Scenario("a subtask that the file fails", "finish", HOPELESS, (PAST_THE_END, SKIPPED, OK)),
    Scenario("a rule that is not met", "run", UNMET, (OK, CONDITION_NOT_MET, CONDITION_NOT_MET)),
    Scenario("two orchestrations", "accept", ONE, (OK,), orchestrations=("second", "web-video")),
    Scenario("an interrupted attempt", "finish", ONE, (OK,), undone, a_waiting_task, interrupted),
    Scenario("an overtaken attempt", "finish", ONE, (OK,), undone, a_waiting_task, overtaken, counted_attempts=2),
    Scenario("a day's budget", "run", ONE, (OK,), two_uploads, a_small_budget, keys=(KEY, OTHER_KEY)),
    Scenario("a maker that died", "sweep", FOLLOWED, (OK,) * 2, undone, an_unsent_task),
    Scenario("a lost message", "sweep", FOLLOWED, (OK,) * 2, undone, a_task_whose_message_is_lost),
    Scenario("a dead worker", "run", ONE, (OK,), undone, a_task_whose_worker_is_dead, counted_attempts=2),
    Scenario("dead workers", "run", FOLLOWED, (EXHAUSTED, SKIPPED), undone, a_task_whose_workers_all_died),
    Scenario("dead workers, a lost message", "sweep", FOLLOWED, (EXHAUSTED, SKIPPED), undone, a_task_that_all_forgot),
    Scenario("a dead letter", "fail_undeliverable", FOLLOWED, (UNDELIVERABLE, SKIPPED), undone, a_poisoned_task),
    Scenario("a restart", "restart", FOLLOWED, (OK,) * 2, restarted, a_finished_task, run=2),
    Scenario(
        "a restart of what failed", "restart", LINE, (OK,) * 3, restart_of_failed, a_task_that_failed_by_us, run=2
    ),
    Scenario("an early restart", "run", FOLLOWED, (OK,) * 2, restart_of_failed, a_task_with_files_not_kept_yet, run=2),
    Scenario(
        "a restart before the look",
        "finish",
        LAST,
        (PAST_THE_END, OK),
        undone,
        a_waiting_task,
        restarted_before_the_look(only_failed=False),
        run=2,
    ),
    Scenario(
        "a restart of what failed before the look",
        "finish",
        LAST,
        (PAST_THE_END, OK),
        undone,
        a_waiting_task,
        restarted_before_the_look(only_failed=True),
        run=2,
    ),
    Scenario("a cancel", "cancel", FOLLOWED, (OK, CANCELED), canceled, a_begun_task, stopped=True),
    Scenario("an early cancel", "cancel", ONE, (CANCELED,), undone, a_waiting_task, canceled_early, stopped=True),
    Scenario("an end", "end", FOLLOWED, (ENDED, ENDED), ended, a_waiting_task, stopped=True),
    Scenario("a backfill", "backfill", ONE, (OK,), backfilled, old_objects, keys=(KEY, OTHER_KEY)),
    Scenario("a task made by the API", "create", ONE, (OK,), created, judged=False),
)


def ends(task: Task) -> tuple[str, ...]:
    """Return how each subtask of a completed task ended."""
    return tuple(end(subtask) for subtask in task.subtasks)


def end(subtask: Subtask) -> str:
    """Return how a subtask ended: that it succeeded, was skipped, or the code of its failure."""
    if subtask.status is SubtaskStatus.SUCCESSFUL:
        return subtask.skipped or OK
    return subtask.failure.code if subtask.failure else subtask.status


def told(cloud: Cloud, scenario: Scenario, *faults: AbstractContextManager[None]) -> list[Call]:
    """Run a scenario with a fault; return the calls to AWS that its processes made."""
    for name in scenario.orchestrations:
        rules = [{**rule, "name": f"s{number}"} for number, rule in enumerate(scenario.rules, start=1)]
        document = {"name": name, "trigger": {"prefix": "uploads/"}, "subtasks": rules}
        store_orchestration(cloud.services, "main", OrchestrationDocument.model_validate(document))
    scenario.before(cloud)
    with ExitStack() as stack:
        for each in faults:
            stack.enter_context(each)
        made = stack.enter_context(steps())
        stack.enter_context(scenario.during(cloud))
        scenario.action(cloud)
        cloud.until_quiet()
    return made
