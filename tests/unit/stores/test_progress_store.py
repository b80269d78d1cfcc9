"""The progress of running subtasks: it belongs to one attempt."""

from tests.support.deployment import ClockedServices
from tests.support.factories import make_task
from tests.support.transitions import claimed, released, stored


def test_progress_is_that_of_the_newest_attempt(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    _, first = claimed(services, task, 1)
    services.progress.put(first, 42, "encoding")
    seen = services.progress.add_to(services.tasks.get(task.id) or task)
    waiting = services.progress.add_to(released(services, first, uncounted=False))
    services.time = waiting.subtasks[0].wait_until
    again, second = claimed(services, task, 1)

    assert [(one.progress, one.phase) for one in seen.subtasks] == [(42, "encoding"), (0, None)]
    assert seen.progress == 21
    assert waiting.subtasks[0].progress == 42
    assert services.progress.add_to(again) == again
    services.progress.put(second, 7, "starting")
    assert services.progress.add_to(again).subtasks[0].progress == 7
