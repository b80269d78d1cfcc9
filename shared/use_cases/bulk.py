"""One action on many tasks, named one by one or by a list's own filter, with an answer for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from shared.domain.page import Page
from shared.domain.page_token import write_token
from shared.domain.task import Task
from shared.errors import ReelmillError, ServiceBusy
from shared.services import Services
from shared.stores.task_queries import TaskFilter
from shared.telemetry import logger
from shared.use_cases.tasks import cancel_task, end_task, restart_task


class Action(StrEnum):
    """What can be done with many tasks at once."""

    RESTART = "RESTART"
    RESTART_FAILED = "RESTART_FAILED"  # only what failed, and what depends on it
    END = "END"
    CANCEL = "CANCEL"


Move = Callable[[Services, str, str], Task]
MOVES: Mapping[Action, Move] = {
    Action.RESTART: restart_task,
    Action.RESTART_FAILED: partial(restart_task, only_failed=True),
    Action.END: end_task,
    Action.CANCEL: cancel_task,
}


@dataclass(frozen=True)
class Done:
    """What became of one task: how it stands now, or why nothing was done with it."""

    task_id: str
    task: Task | None = None
    error: ReelmillError | None = None


def act_on(services: Services, tenant: str, action: Action, identifiers: Sequence[str], until: int) -> tuple[Done, ...]:
    """Do the same with each of these tasks; what fails with one holds up no other.

    Those whose turn has not come by `until` (epoch milliseconds) are ServiceBusy.
    """
    named = list(dict.fromkeys(identifiers))
    results = in_turn(services, tenant, action, named, until)
    late = ServiceBusy("the request's time was over before it was this task's turn; ask again for it")
    return (*results, *(Done(identifier, error=late) for identifier in named[len(results) :]))


def act_on_page(  # noqa: PLR0913, PLR0917 - a page of a list, and how far to go
    services: Services, action: Action, wanted: TaskFilter, limit: int, token: str | None, until: int
) -> Page[Done]:
    """Do the same with one page of the tasks that pass a filter; raise RequestRejected for another list's token.

    The page ends early at `until` (epoch milliseconds).
    """
    page = services.task_queries.page(wanted, limit, token)
    results = in_turn(services, wanted.tenant, action, [task.id for task in page.items], until)
    if len(results) < len(page.items):
        return Page(results, write_token(results[-1].task_id, wanted))
    return Page(results, page.next_token)


def in_turn(
    services: Services, tenant: str, action: Action, identifiers: Sequence[str], until: int
) -> tuple[Done, ...]:
    """Return what became of the tasks whose turn came in time: at least the first, so that asking again gets on."""
    results: list[Done] = []
    for identifier in identifiers:
        if results and services.now() >= until:
            break
        results.append(done_with(services, tenant, action, identifier))
    return tuple(results)


def done_with(services: Services, tenant: str, action: Action, identifier: str) -> Done:
    """Make the move with one task; return what became of it."""
    try:
        return Done(identifier, task=MOVES[action](services, tenant, identifier))
    except ReelmillError as error:
        return Done(identifier, error=error)
    except Exception:  # noqa: BLE001 - whatever is wrong with this one, what became of the others must be told
        logger().exception("task not moved", task_id=identifier)
        message = "Reelmill itself failed with this task; the function's log has the details under the task's ID"
        return Done(identifier, error=ReelmillError(message))
