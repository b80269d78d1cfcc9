"""`reelmill tasks restart|end|cancel`: one task, several by their IDs, or all that match a filter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cli import show
from cli.api_client import PAUSES, Api, at
from cli.confirmation import check_terminal, confirm
from cli.connection import connect_to_api
from cli.errors import INTERRUPTED
from cli.list_options import PAGE, Filter, TaskFilterOptions, expand_option_groups, task_id_prefix
from cli.report import ProgressLine, Report
from cli.tasks import complete_id, print_one, say_how_to_watch
from shared.errors import ReelmillError

PAGE_OF_ACTIONS = 50  # each action costs the API some calls, and the answer must arrive within 30 s


@dataclass(frozen=True)
class TaskAction:
    """An action on tasks: `path` is its route for one task, `action` its name for many.

    `takes` are filters for the tasks that it can be applied to, in an order in which no task is missed.
    """

    verb: str
    done: str
    path: str
    action: str
    takes: tuple[Filter, ...]
    body: Mapping[str, str] | None = None


RESTART = TaskAction("restart", "restarted", "restart", "RESTART", ({"status": "COMPLETED"},))
RESTART_FAILED = TaskAction(
    "restart the failed subtasks of",
    "restarted",
    "restart",
    "RESTART_FAILED",
    ({"status": "COMPLETED", "outcome": "PARTIALLY_FAILED"}, {"status": "COMPLETED", "outcome": "FAILED"}),
    {"only": "FAILED"},
)
END = TaskAction("end", "ended", "end", "END", ({"status": "WAITING"},))
CANCEL = TaskAction("cancel", "canceled", "cancel", "CANCEL", ({"status": "WAITING"}, {"status": "IN_PROGRESS"}))


@dataclass(frozen=True)
class SelectionOptions:
    """The tasks that the command line names: some by their IDs, or all that match a filter."""

    tasks: Annotated[
        list[str] | None,
        typer.Argument(parser=task_id_prefix, metavar="ID", help="Task IDs, or their first characters if unique."),
    ] = None
    run: Annotated[
        int | None,
        typer.Option(min=1, help="Only if this is the task's newest run: repeating the command changes nothing more."),
    ] = None
    everything: Annotated[
        bool, typer.Option("--all", help="Every task that matches the filters and is in a suitable state.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation of --all.")] = False


@dataclass(frozen=True)
class Chosen:
    """A selection and the filter that narrows it."""

    selection: SelectionOptions
    filter: Filter

    def check(self) -> None:
        """Raise BadParameter unless tasks are named in one of the two ways, and the command may act on them."""
        chosen = self.selection
        if bool(chosen.tasks) == chosen.everything:
            raise typer.BadParameter("give task IDs, or --all", param_hint="ID")
        if not chosen.everything and any(self.filter.values()):
            raise typer.BadParameter("filters only work together with --all", param_hint="--all")
        if chosen.run is not None and len(chosen.tasks or ()) != 1:
            raise typer.BadParameter("--run only works with one task ID", param_hint="--run")
        if chosen.everything:
            check_terminal("--all", yes=chosen.yes)

    def filters(self, action: TaskAction) -> tuple[Filter, ...]:
        """Return the filters that --all searches with: the given one, narrowed to tasks that allow the action."""
        if not self.selection.everything:
            return ()
        given: Filter = {name: value for name, value in self.filter.items() if value is not None}
        suitable = [one for one in action.takes if all(given.get(name, value) == value for name, value in one.items())]
        return tuple({**one, **given} for one in suitable) or (given,)


@expand_option_groups
def tasks_restart(
    context: typer.Context,
    *,
    selection: SelectionOptions,
    only_failed: Annotated[
        bool,
        typer.Option(
            "--only-failed",
            help="Only run failed subtasks and those that depend on them; all other results are carried over.",
        ),
    ] = False,
    filters: TaskFilterOptions,
    as_json: show.JsonOption = False,
) -> None:
    """Run completed tasks again under the same IDs. Earlier runs stay readable."""
    action = RESTART_FAILED if only_failed else RESTART
    apply_action(context, action, Chosen(selection, filters.as_query()), as_json=as_json)


@expand_option_groups
def tasks_end(
    context: typer.Context, *, selection: SelectionOptions, filters: TaskFilterOptions, as_json: show.JsonOption = False
) -> None:
    """End waiting tasks for good, before any of their subtasks has started."""
    apply_action(context, END, Chosen(selection, filters.as_query()), as_json=as_json)


@expand_option_groups
def tasks_cancel(
    context: typer.Context, *, selection: SelectionOptions, filters: TaskFilterOptions, as_json: show.JsonOption = False
) -> None:
    """Cancel tasks for good, including running ones. Finished outputs are kept."""
    apply_action(context, CANCEL, Chosen(selection, filters.as_query()), as_json=as_json)


def apply_action(context: typer.Context, action: TaskAction, chosen: Chosen, *, as_json: bool) -> None:
    """Apply an action to the one task that is named, or to many with a line for each."""
    chosen.check()
    with connect_to_api(context) as api:
        ids = list(dict.fromkeys(complete_id(api, given) for given in chosen.selection.tasks or ()))
        runs = newest_runs(api, ids) if chosen.selection.run is None else {ids[0]: chosen.selection.run}
        if len(ids) == 1:
            body = {**(action.body or {}), "run": runs[ids[0]]}
            task = api.send("POST", at("tasks", ids[0], action.path), body, pauses=PAUSES)
            print_one(task, as_json=as_json)
            if task["status"] != "COMPLETED" and not as_json:
                say_how_to_watch(context, task)
            return
        filters = chosen.filters(action)
        if filters and not chosen.selection.yes:
            confirm_all(api, action, filters)
        apply_to_many(api, action, runs, filters, as_json=as_json)


def newest_runs(api: Api, ids: Sequence[str]) -> dict[str, int]:
    """Return the newest run of each task: an action that names it can be repeated without harm."""
    return {task_id: api.get(at("tasks", task_id))["run"] for task_id in ids}


def confirm_all(api: Api, action: TaskAction, filters: Sequence[Filter]) -> None:
    """Ask for confirmation; end the command if it is refused. Without matching tasks, don't ask."""
    found = [api.get("/tasks", **one, maxResults=PAGE) for one in filters]
    count = sum(len(page["tasks"]) for page in found)
    more = any(page.get("nextToken") for page in found)
    question = f"{action.verb} {show.count_of(count, 'task')}{' or more' if more else ''}?"
    if count or more:
        confirm(question)


def apply_to_many(
    api: Api, action: TaskAction, runs: Mapping[str, int], filters: Sequence[Filter], *, as_json: bool
) -> None:
    """Apply an action to many tasks; exit with 1 if it failed for any."""
    done = refused = 0
    progress = ProgressLine()
    answers = send_pages(api, action, runs, filters)
    with Report("results", lambda result: result_line(action, result), as_json=as_json) as report:
        try:
            while True:
                with progress.during(summary(action, done, refused)):
                    page = next(answers, None)
                if page is None:
                    break
                wrong = sum(result.get("error") is not None for result in page["results"])
                refused += wrong
                done += len(page["results"]) - wrong
                report.add(page["results"], page.get("nextToken"))
        except KeyboardInterrupt:
            show.say(f"interrupted; {summary(action, done, refused)} before that")
            raise typer.Exit(INTERRUPTED) from None
        except (ReelmillError, OSError):
            if done or refused:
                show.say(f"stopped by an error; {summary(action, done, refused)} before that")
            raise
    show.say(summary(action, done, refused) if done or refused else "no matching tasks")
    if refused:
        raise typer.Exit(1)


def send_pages(
    api: Api, action: TaskAction, runs: Mapping[str, int], filters: Sequence[Filter]
) -> Iterator[dict[str, Any]]:
    """Apply an action to some tasks at a time, and yield the results of each page."""
    ids = list(runs)
    for begin in range(0, len(ids), PAGE_OF_ACTIONS):
        some = {task_id: runs[task_id] for task_id in ids[begin : begin + PAGE_OF_ACTIONS]}
        body: dict[str, Any] = {"action": action.action, "taskIds": list(some), "runs": some}
        yield api.send("POST", "/tasks/bulk", body, pauses=PAUSES)
    for one in filters:
        token = None
        while True:
            body = {"action": action.action, "filter": one, "maxResults": PAGE_OF_ACTIONS}
            page = api.send("POST", "/tasks/bulk", {**body, **({"nextToken": token} if token else {})})
            yield page
            token = page.get("nextToken")
            if not token:
                break


def result_line(action: TaskAction, result: Mapping[str, Any]) -> str:
    """Return the result of one task as a line."""
    error, task = result.get("error"), result.get("task")
    if error:
        return f"{result['taskId']}  {'refused':<9}  {error['code']}: {error['message']}"
    return f"{result['taskId']}  {action.done:<9}  {task['source']['key'] if task else ''}"


def summary(action: TaskAction, done: int, refused: int) -> str:
    """Return the totals as a sentence."""
    return f"{action.done} {show.count_of(done, 'task')}" + (f", {refused:,} refused" if refused else "")
