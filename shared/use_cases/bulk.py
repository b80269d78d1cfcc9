"""One action on many tasks, given by their IDs or by a filter, with a result for each task."""

from collections.abc import Callable, Mapping
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


class BulkAction(StrEnum):
    """The actions on many tasks at once."""

    RESTART = "RESTART"
    RESTART_FAILED = "RESTART_FAILED"  # only the failed subtasks and those that depend on them
    END = "END"
    CANCEL = "CANCEL"


USE_CASES: Mapping[BulkAction, Callable[[Services, str, str, int | None], Task]] = {
    BulkAction.RESTART: restart_task,
    BulkAction.RESTART_FAILED: partial(restart_task, only_failed=True),
    BulkAction.END: end_task,
    BulkAction.CANCEL: cancel_task,
}


@dataclass(frozen=True)
class ActionResult:
    """The result of an action on one task: its new state, or why it was not changed."""

    task_id: str
    task: Task | None = None
    error: ReelmillError | None = None


def act_on_tasks(
    services: Services, tenant: str, action: BulkAction, chosen: Mapping[str, int | None], until: int
) -> tuple[ActionResult, ...]:
    """Apply an action to each of these tasks; a failure with one doesn't affect the others.

    `chosen` has the IDs of the tasks with the runs that are meant, None for any. Tasks that are not reached by `until`
    (epoch milliseconds) have the error ServiceBusy.
    """
    results = act_until(services, tenant, action, chosen, until)
    late = ServiceBusy("the time of the request was up before this task's turn; repeat the request for it")
    return (*results, *(ActionResult(identifier, error=late) for identifier in list(chosen)[len(results) :]))


def act_on_page(  # noqa: PLR0913, PLR0917 - a page of a list, and how far to go
    services: Services, action: BulkAction, wanted: TaskFilter, limit: int, token: str | None, until: int
) -> Page[ActionResult]:
    """Apply an action to a page of the tasks that match a filter; the page ends early at `until` (epoch milliseconds).

    Tasks that only a newer version can read have the error NewerVersion.
    Raise RequestRejected if the token is from a list with another filter.
    """
    page = services.task_queries.page(wanted, limit, token)
    identifiers = sorted([*(task.id for task in page.items), *page.unreadable], reverse=True)
    results = act_until(services, wanted.tenant, action, dict.fromkeys(identifiers), until)
    if len(results) < len(identifiers):
        return Page(results, write_token(results[-1].task_id, wanted))
    return Page(results, page.next_token)


def act_until(
    services: Services, tenant: str, action: BulkAction, chosen: Mapping[str, int | None], until: int
) -> tuple[ActionResult, ...]:
    """Act on tasks until the time is up, but at least on the first one, so that repeated requests make progress."""
    results: list[ActionResult] = []
    for identifier, run in chosen.items():
        if results and services.now() >= until:
            break
        results.append(act_on_task(services, tenant, action, identifier, run))
    return tuple(results)


def act_on_task(services: Services, tenant: str, action: BulkAction, identifier: str, run: int | None) -> ActionResult:
    """Apply an action to one task; return the result."""
    try:
        return ActionResult(identifier, task=USE_CASES[action](services, tenant, identifier, run))
    except ReelmillError as error:
        return ActionResult(identifier, error=error)
    except Exception:  # noqa: BLE001 - the caller needs the results of the other tasks
        logger().exception("action on task failed", task_id=identifier)
        message = "internal error with this task; the function's log has the details under the task's ID"
        return ActionResult(identifier, error=ReelmillError(message))
