"""`reelmill tasks restart|end|cancel`: one task, several by their IDs, or all that pass a filter."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.prompt import Confirm

from cli import show
from cli.api_client import Api, at
from cli.connection import connected
from cli.errors import INTERRUPTED
from cli.list_options import (
    PAGE,
    CreatedAfter,
    CreatedBefore,
    Filter,
    HowItEnded,
    IdBeginning,
    MadeBy,
    SourceKey,
    Status,
    task_filter,
    task_id_beginning,
)
from cli.report import Progress, Report
from cli.tasks import print_one, say_how_to_watch, whole_id
from shared.errors import ReelmillError

PAGE_OF_MOVES = 50  # each takes the API some calls of its own, and an answer must come within 30 s

TaskIds = Annotated[
    list[str] | None,
    typer.Argument(
        parser=task_id_beginning, metavar="ID", help="Tasks' IDs, or as much of their beginnings as is unique."
    ),
]
AllThatPass = Annotated[
    bool, typer.Option("--all", help="All tasks that pass the filters, and that it can be done with.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before --all.")]


@dataclass(frozen=True)
class Move:
    """What is done with tasks: `path` is its route for one, `action` its name for many.

    `takes` says which tasks it can be made with: filters, to be looked through in an order in which none slips past.
    """

    verb: str
    done: str
    path: str
    action: str
    takes: tuple[Filter, ...]
    body: Mapping[str, str] | None = None


RESTART = Move("restart", "restarted", "restart", "RESTART", ({"status": "COMPLETED"},))
RESTART_FAILED = Move(
    "restart what failed of",
    "restarted",
    "restart",
    "RESTART_FAILED",
    ({"status": "COMPLETED", "outcome": "PARTIALLY_FAILED"}, {"status": "COMPLETED", "outcome": "FAILED"}),
    {"only": "FAILED"},
)
END = Move("end", "ended", "end", "END", ({"status": "WAITING"},))
CANCEL = Move("cancel", "cancelled", "cancel", "CANCEL", ({"status": "WAITING"}, {"status": "IN_PROGRESS"}))


@dataclass(frozen=True)
class Chosen:
    """Which tasks the command line names: some by their IDs, or all that pass a filter."""

    ids: Sequence[str]
    everything: bool
    yes: bool
    filter: Filter

    def check(self) -> None:
        """Raise BadParameter unless it names tasks in one of the two ways, and in a way that may be acted on."""
        if bool(self.ids) == self.everything:
            raise typer.BadParameter("name tasks by their IDs, or say --all", param_hint="ID")
        if not self.everything and any(self.filter.values()):
            raise typer.BadParameter("a filter chooses tasks only together with --all", param_hint="--all")
        if self.everything and not self.yes and not sys.stdin.isatty():
            message = "--all asks before it acts, and there is no terminal to ask at: say --yes"
            raise typer.BadParameter(message, param_hint="--yes")

    def filters(self, move: Move) -> tuple[Filter, ...]:
        """Return what --all has to look through: the filter as it is, or narrowed to what the move can be made with."""
        if not self.everything:
            return ()
        given: Filter = {name: value for name, value in self.filter.items() if value is not None}
        fitting = [one for one in move.takes if all(given.get(name, value) == value for name, value in one.items())]
        return tuple({**one, **given} for one in fitting) or (given,)


def restart(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    tasks: TaskIds = None,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Only what failed, and what depends on it; the rest is carried over.")
    ] = False,
    everything: AllThatPass = False,
    yes: Yes = False,
    status: Status = None,
    outcome: HowItEnded = None,
    task_id: IdBeginning = None,
    source_key: SourceKey = None,
    orchestration: MadeBy = None,
    created_after: CreatedAfter = None,
    created_before: CreatedBefore = None,
    as_json: show.JsonOption = False,
) -> None:
    """Run completed tasks again, under the same IDs; earlier runs stay readable."""
    wanted = task_filter(status, outcome, task_id, source_key, orchestration, created_after, created_before)
    move = RESTART_FAILED if only_failed else RESTART
    steer(context, move, Chosen(tasks or (), everything, yes, wanted), as_json=as_json)


def end(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    tasks: TaskIds = None,
    everything: AllThatPass = False,
    yes: Yes = False,
    status: Status = None,
    outcome: HowItEnded = None,
    task_id: IdBeginning = None,
    source_key: SourceKey = None,
    orchestration: MadeBy = None,
    created_after: CreatedAfter = None,
    created_before: CreatedBefore = None,
    as_json: show.JsonOption = False,
) -> None:
    """Stop waiting tasks for good, before anything of them has started."""
    wanted = task_filter(status, outcome, task_id, source_key, orchestration, created_after, created_before)
    steer(context, END, Chosen(tasks or (), everything, yes, wanted), as_json=as_json)


def cancel(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    tasks: TaskIds = None,
    everything: AllThatPass = False,
    yes: Yes = False,
    status: Status = None,
    outcome: HowItEnded = None,
    task_id: IdBeginning = None,
    source_key: SourceKey = None,
    orchestration: MadeBy = None,
    created_after: CreatedAfter = None,
    created_before: CreatedBefore = None,
    as_json: show.JsonOption = False,
) -> None:
    """Stop tasks for good, also those that run; what is done of them stays."""
    wanted = task_filter(status, outcome, task_id, source_key, orchestration, created_after, created_before)
    steer(context, CANCEL, Chosen(tasks or (), everything, yes, wanted), as_json=as_json)


def steer(context: typer.Context, move: Move, chosen: Chosen, *, as_json: bool) -> None:
    """Make the move with the one task that is named, or with many and a line for each."""
    chosen.check()
    with connected(context) as api:
        ids = list(dict.fromkeys(whole_id(api, given) for given in chosen.ids))
        if len(ids) == 1:
            task = api.send("POST", at("tasks", ids[0], move.path), move.body)
            print_one(task, as_json=as_json)
            if task["status"] != "COMPLETED" and not as_json:
                say_how_to_watch(context, task)
            return
        filters = chosen.filters(move)
        if filters and not chosen.yes:
            ask(api, move, filters)
        steer_many(api, move, ids, filters, as_json=as_json)


def ask(api: Api, move: Move, filters: Sequence[Filter]) -> None:
    """Ask a person whether it is meant; end the command if not, or if there is nothing to ask about."""
    found = [api.get("/tasks", **one, maxResults=PAGE) for one in filters]
    count = sum(len(page["tasks"]) for page in found)
    more = any(page.get("nextToken") for page in found)
    question = f"{move.verb} {show.counted(count, 'task')}{' or more' if more else ''}?"
    # Click's own would put a blank on stdout, among the data.
    if (count or more) and not Confirm.ask(question, console=show.stderr(), default=False):
        raise typer.Abort


def steer_many(api: Api, move: Move, ids: Sequence[str], filters: Sequence[Filter], *, as_json: bool) -> None:
    """Make the move with many tasks; exit with 1 if it failed with any."""
    done = refused = 0
    progress = Progress()
    answers = pages(api, move, ids, filters)
    with Report("results", lambda result: result_line(move, result), as_json=as_json) as report:
        try:
            while True:
                with progress.during(summed(move, done, refused)):
                    page = next(answers, None)
                if page is None:
                    break
                wrong = sum(result.get("error") is not None for result in page["results"])
                refused += wrong
                done += len(page["results"]) - wrong
                report.add(page["results"], page.get("nextToken"))
        except KeyboardInterrupt:
            show.say(f"stopped; {summed(move, done, refused)} before that")
            raise typer.Exit(INTERRUPTED) from None
        except (ReelmillError, OSError):
            if done or refused:
                show.say(f"stopped; {summed(move, done, refused)} before that")
            raise
    show.say(summed(move, done, refused) if done or refused else "no task is like that")
    if refused:
        raise typer.Exit(1)


def pages(api: Api, move: Move, ids: Sequence[str], filters: Sequence[Filter]) -> Iterator[dict[str, Any]]:
    """Make the move with some tasks at a time, and yield what became of them."""
    for begin in range(0, len(ids), PAGE_OF_MOVES):
        some = ids[begin : begin + PAGE_OF_MOVES]
        yield api.send("POST", "/tasks/bulk", {"action": move.action, "taskIds": some})
    for one in filters:
        token = None
        while True:
            body = {"action": move.action, "filter": one, "maxResults": PAGE_OF_MOVES}
            page = api.send("POST", "/tasks/bulk", {**body, **({"nextToken": token} if token else {})})
            yield page
            token = page.get("nextToken")
            if not token:
                break


def result_line(move: Move, result: Mapping[str, Any]) -> str:
    """Return what became of one task as a line."""
    error, task = result.get("error"), result.get("task")
    if error:
        return f"{result['taskId']}  {'refused':<9}  {error['code']}: {error['message']}"
    return f"{result['taskId']}  {move.done:<9}  {task['source']['key'] if task else ''}"


def summed(move: Move, done: int, refused: int) -> str:
    """Return the sum as a sentence."""
    return f"{move.done} {show.counted(done, 'task')}" + (f", {refused:,} refused" if refused else "")
