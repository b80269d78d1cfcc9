"""Transitions of a task that must succeed, for the tests of the store."""

from botocore.exceptions import ReadTimeoutError

from shared.domain.subtask import Failure, FinalState, Lease, SubtaskRef, SubtaskStatus, Wait, WaitReason
from shared.domain.task import STOP_FAILURES, Task
from shared.services import Services
from shared.stores.dynamodb import bind_model
from shared.stores.plan_store import PlanItem
from shared.stores.task_codec import plan_json
from shared.use_cases.tasks import end_task
from tests.support.deployment import ClockedServices
from tests.support.factories import make_task

LEASE = 60_000
PAUSE = 5000
# A lost answer: DynamoDB made the change, its client retries, and the retry is refused.
LOST = ReadTimeoutError(endpoint_url="https://aws")
GOOD = FinalState(SubtaskStatus.SUCCESSFUL, output="s3://output/x.mp4", record="RUN#0001#SUB#01#ATT#1")
BAD = FinalState(SubtaskStatus.FAILED, failure=Failure("SourceFileError.NotMedia", "it is not a media file"))
STORAGE = Failure("InternalError.Storage", "S3 did not answer")
CANCELED = STOP_FAILURES["cancel"]


def stored(services: ClockedServices, task: Task) -> Task:
    """Create the task and return it as the table holds it."""
    assert services.tasks.create(task)
    found = services.tasks.get(task.id)
    assert found
    return found


def task_that(services: ClockedServices, *, started: bool = False, ended: bool = False) -> Task:
    """Return a new task that waits, has started, or was ended."""
    task = stored(services, make_task(at=services.now()))
    if started:
        claimed(services, task, 1)
    return end_task(services, "main", task.id) if ended else services.tasks.get(task.id) or task


def claimed(services: ClockedServices, task: Task, no: int) -> tuple[Task, Lease]:
    """Claim a subtask that must be available, with three attempts allowed."""
    seen = services.tasks.claim(SubtaskRef(task.id, task.run, no), services.now(), services.now() + LEASE, 3)
    assert seen
    return seen, Lease(task.id, task.run, no, attempt=seen.subtasks[no - 1].attempt)


def refused(services: ClockedServices, task: Task, no: int, counted_attempts: int = 3) -> bool:
    """Return whether the store refuses a claim: the subtask is leased, or its attempts are used up."""
    return (
        services.tasks.claim(
            SubtaskRef(task.id, task.run, no), services.now(), services.now() + LEASE, counted_attempts
        )
        is None
    )


def released(services: ClockedServices, lease: Lease, *, uncounted: bool) -> Task:
    """Release a lease, for another attempt five seconds later."""
    task = services.tasks.release(lease, Wait(WaitReason.RETRY, services.now() + PAUSE, STORAGE), uncounted=uncounted)
    assert task
    return task


def finished(services: ClockedServices, task: Task, no: int, final_state: FinalState = GOOD) -> Task:
    """Claim and finish a subtask."""
    seen, lease = claimed(services, task, no)
    done = services.tasks.finish(seen, lease, final_state, services.now())
    assert done
    return done


def queued(services: ClockedServices, *, subtasks: int = 2, needs: dict[int, tuple[int, ...]] | None = None) -> Task:
    """Return a new task whose messages the table lists as sent, though they are lost."""
    task = make_task(subtasks, needs=needs, at=services.now())
    assert services.tasks.create(task)
    noted = services.tasks.mark_sent(task, task.unsent)
    assert noted
    return noted


def spoiled(services: Services, task: Task) -> None:
    """Store a kind of subtask that this version doesn't know, as a newer one that was rolled back leaves it."""
    plan = [plan_json(subtask) for subtask in task.subtasks]
    plans = bind_model(PlanItem, services.settings.tasks_table)
    plans(task.id, "PLAN#newer", subtasks=[{**plan[0], "type": "DREAM"}, *plan[1:]]).save()
    services.tasks.items(task.id).update(actions=[services.tasks.items.plan.set("PLAN#newer")])
