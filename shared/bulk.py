"""One action on many tasks, named one by one or by a list's own filter, with an answer for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from shared.errors import ReelmillError
from shared.pipeline import cancel_task, end_task, restart_task
from shared.services import Services
from shared.task import Task
from shared.task_list import TaskFilter


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


@dataclass(frozen=True)
class DonePage:
    """What became of some tasks, and the token that goes on with the next ones; None at the end."""

    results: tuple[Done, ...]
    next_token: str | None


def act_on(services: Services, tenant: str, action: Action, identifiers: Sequence[str]) -> tuple[Done, ...]:
    """Do the same with each of these tasks; what fails with one holds up no other."""
    results = []
    for identifier in dict.fromkeys(identifiers):
        try:
            results.append(Done(identifier, task=MOVES[action](services, tenant, identifier)))
        except ReelmillError as error:
            results.append(Done(identifier, error=error))
    return tuple(results)


def act_on_page(services: Services, action: Action, wanted: TaskFilter, limit: int, token: str | None) -> DonePage:
    """Do the same with one page of the tasks that pass a filter; raise RequestRejected for another list's token."""
    page = services.lists.page(wanted, limit, token)
    results = act_on(services, wanted.tenant, action, [task.id for task in page.tasks])
    return DonePage(results, page.next_token)
