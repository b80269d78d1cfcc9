"""The API's lists: their filters as options of the commands that take them, and their pages joined."""

from typing import Annotated, Any

import typer

from cli.api_client import Api
from cli.times import point_in_time
from shared.domain.task import Outcome, TaskStatus

PAGE = 100  # the most that the API gives at once


def task_id_beginning(text: str) -> str:
    """Return a typed task ID, or the beginning of one; a blank would mean whichever task there is."""
    if beginning := text.strip().upper():
        return beginning
    message = "a task's ID is not blank"
    raise typer.BadParameter(message)


Time = typer.Option(parser=point_in_time, metavar="TIME", help="2026-01-31, 2026-01-31T12:00, or how long ago: 12h.")
Limit = Annotated[int, typer.Option(min=1, help="How many, at most.")]
Everything = Annotated[bool, typer.Option("--all", help="All of them, however many.")]
NextToken = Annotated[str | None, typer.Option(help="Go on where a list with that nextToken ended.")]

Status = Annotated[TaskStatus | None, typer.Option(case_sensitive=False)]
HowItEnded = Annotated[
    Outcome | None,
    typer.Option(case_sensitive=False, help="How a completed task ended: completed is no success."),
]
IdBeginning = Annotated[
    str | None,
    typer.Option("--task-id", parser=task_id_beginning, metavar="ID", help="A task's ID, or its beginning."),
]
SourceKey = Annotated[str | None, typer.Option(help="The key of the file it was made for.")]
MadeBy = Annotated[str | None, typer.Option("--orchestration", help="The orchestration that made it.")]
CreatedAfter = Annotated[str | None, Time]
CreatedBefore = Annotated[str | None, Time]

Filter = dict[str, str | None]


def task_filter(  # noqa: PLR0913, PLR0917 - one parameter for each option
    status: TaskStatus | None,
    outcome: Outcome | None,
    task_id: str | None,
    source_key: str | None,
    orchestration: str | None,
    created_after: str | None,
    created_before: str | None,
) -> Filter:
    """Return the options of a list of tasks as the API names them."""
    return {
        "status": status,
        "outcome": outcome,
        "taskId": task_id,
        "sourceKey": source_key,
        "orchestration": orchestration,
        "createdAfter": created_after,
        "createdBefore": created_before,
    }


def listed(  # noqa: PLR0913, PLR0917 - what a list is asked for
    api: Api, path: str, field: str, filters: Filter, limit: int | None, token: str | None
) -> dict[str, Any]:
    """Return a list of the API, joined from as many pages as the limit asks for; None is no limit."""
    found: list[dict[str, Any]] = []
    while True:
        wanted = PAGE if limit is None else min(PAGE, limit - len(found))
        page: dict[str, Any] = api.get(path, **filters, maxResults=wanted, nextToken=token)
        found += page[field]
        token = page.get("nextToken")
        if not token or (limit is not None and len(found) >= limit):
            return {**page, field: found}
