"""Options that several commands share: the filters and pages of the API's lists, each group declared once."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, get_type_hints

import typer

from cli.api_client import Api
from cli.times import point_in_time
from shared.domain.task import Outcome, TaskStatus

PAGE = 100  # the most that the API returns at once

Filter = dict[str, str | None]


def expand_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose parameters that are dataclasses become one option for each of their fields."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        group = groups.get(parameter.name)
        parameters += options_of(group) if group else [parameter]

    @functools.wraps(command)
    def run_grouped(**given: Any) -> None:  # noqa: ANN401 - what Typer parsed
        values = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **values)

    run_grouped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it
    run_grouped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run_grouped


def options_of(group: Any) -> list[inspect.Parameter]:  # noqa: ANN401 - a dataclass
    """Return the fields of a group of options as parameters of a command."""
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(group)
    ]


def task_id_prefix(text: str) -> str:
    """Return a task ID as it was typed, or its first characters; blank text would match any task."""
    if prefix := text.strip().upper():
        return prefix
    raise typer.BadParameter("a task ID must not be blank")


def time_option(meaning: str) -> Any:  # noqa: ANN401 - as Typer types its options
    """Return an option that is a time."""
    formats = "2026-01-31, 2026-01-31T12:00, or an age such as 12h"
    return typer.Option(parser=point_in_time, metavar="TIME", help=f"{meaning}: {formats}.")


class QueryOptions:
    """A group of options that the API takes as parameters of the same names."""

    def as_query(self) -> Filter:
        """Return the options as the API names them."""
        return {
            camel_case(field.name): getattr(self, field.name)
            for field in fields(self)  # type: ignore[arg-type]  # each subclass is a dataclass
        }


@dataclass(frozen=True)
class TaskFilterOptions(QueryOptions):
    """Which tasks a command selects."""

    status: Annotated[
        TaskStatus | None,
        typer.Option(case_sensitive=False, help="Status of the task: waiting, in_progress or completed."),
    ] = None
    outcome: Annotated[
        Outcome | None,
        typer.Option(
            case_sensitive=False,
            help="Outcome of a completed task: succeeded, partially_failed, failed or ended.",
        ),
    ] = None
    task_id: Annotated[
        str | None,
        typer.Option("--task-id", parser=task_id_prefix, metavar="ID", help="A task ID, or its first characters."),
    ] = None
    source_key: Annotated[str | None, typer.Option(help="Key of the source file.")] = None
    orchestration: Annotated[str | None, typer.Option(help="Orchestration that created the task.")] = None
    created_after: Annotated[str | None, time_option("Created after this time")] = None
    created_before: Annotated[str | None, time_option("Created before this time")] = None


@dataclass(frozen=True)
class PagingOptions:
    """How much of a list a command returns."""

    limit: Annotated[int, typer.Option(min=1, help="Maximum number of results.")] = 20
    everything: Annotated[bool, typer.Option("--all", help="Return all results.")] = False
    next_token: Annotated[str | None, typer.Option(help="Continue from the nextToken of an earlier page.")] = None


def fetch_list(api: Api, path: str, field: str, filters: Filter, paging: PagingOptions) -> dict[str, Any]:
    """Return a list of the API, joined from as many pages as needed."""
    found: list[dict[str, Any]] = []
    newer: list[str] = []
    token, limit = paging.next_token, None if paging.everything else paging.limit
    while True:
        wanted = PAGE if limit is None else min(PAGE, limit - len(found))
        page: dict[str, Any] = api.get(path, **filters, maxResults=wanted, nextToken=token)
        found += page[field]
        newer += page.get("newerVersion", ())
        token = page.get("nextToken")
        if not token or (limit is not None and len(found) >= limit):
            return {**page, field: found, **({"newerVersion": newer} if "newerVersion" in page else {})}


def camel_case(name: str) -> str:
    """Return an option's name as the API writes it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
