"""`reelmill subtasks get` and `reelmill tasks logs`: what a subtask did, with its commands and the end of its log."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
import yaml
from rich.text import Text

from cli import show
from cli.api_client import Api, at
from cli.connection import connect_to_api
from cli.documents import remove_nulls
from cli.tasks import RunOption, TaskId, complete_id, tasks

subtasks = typer.Typer(no_args_is_help=True, help="Inspect the subtasks of a task.")

Number = Annotated[int, typer.Argument(min=1, metavar="NO", help="Number of the subtask.")]


@subtasks.command("get")
def subtasks_get(
    context: typer.Context, task: TaskId, number: Number, *, run: RunOption = None, as_json: show.JsonOption = False
) -> None:
    """Show one subtask in full: its parameters, attempts, outputs and result."""
    with connect_to_api(context) as api:
        found = fetch_subtask(api, complete_id(api, task), number, run)
    if as_json:
        show.print_json(found)
    else:
        print_subtask(found)


@tasks.command("logs")
def tasks_logs(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    task: TaskId,
    *,
    subtask: Annotated[
        int | None, typer.Option(min=1, metavar="NO", help="Number of a subtask: print only its log.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Print only the logs of failed subtasks.")] = False,
    run: RunOption = None,
    as_json: show.JsonOption = False,
) -> None:
    """Print the ffmpeg commands of a task's attempts, the end of their logs, and their errors."""
    with connect_to_api(context) as api:
        task_id = complete_id(api, task)
        found = fetch_subtasks(api, task_id, subtask, run, failed=failed)
    if as_json:
        fields = ("no", "name", "type", "status", "attempts")
        show.print_json({"taskId": task_id, "subtasks": [{name: one[name] for name in fields} for one in found]})
        return
    for one in found:
        print_log(one)
    if not any(one["attempts"] for one in found):
        show.say("no attempt has ended yet" if found else "no failed subtasks")


def fetch_subtask(api: Api, task_id: str, number: int, run: int | None) -> dict[str, Any]:
    """Return all details of a subtask."""
    found: dict[str, Any] = api.get(at("tasks", task_id, "subtasks", number), run=run)
    return found


def fetch_subtasks(
    api: Api, task_id: str, number: int | None, run: int | None, *, failed: bool
) -> list[dict[str, Any]]:
    """Return the details of one subtask, or of all, or of those that failed."""
    if number is not None:
        return [fetch_subtask(api, task_id, number, run)]
    listed = api.get(at("tasks", task_id), run=run)["subtasks"]
    chosen = [one["no"] for one in listed if not failed or one["status"] == "FAILED"]
    return [fetch_subtask(api, task_id, no, run) for no in chosen]


def print_log(subtask: Mapping[str, Any]) -> None:
    """Print what each attempt at a subtask ran and wrote."""
    for attempt in subtask["attempts"]:
        head = f"subtask {subtask['no']} {subtask['name']} {subtask['type']}, attempt {attempt['attempt']}"
        show.stdout().print(Text(f"{show.plain(head)}: {attempt_state(attempt)}", "bold"), soft_wrap=True)
        show.print_lines(f"$ {command}" for command in attempt["commands"])
        show.print_lines(attempt["logTail"].splitlines())
        show.print_lines(f"warning: {warning}" for warning in attempt["warnings"])
        show.print_lines([""])


def attempt_state(attempt: Mapping[str, Any]) -> str:
    """Return how an attempt ended, and how long it took."""
    error = attempt["error"]
    state = f"{error['code']}: {error['message']}" if error else "ended without an error"
    return show.plain(f"{state} ({show.elapsed(attempt)})")


def print_subtask(subtask: Mapping[str, Any]) -> None:
    """Print one subtask: its facts, parameters, attempts, outputs and result."""
    template = f", template {subtask['template']}" if subtask["template"] else ""
    facts: dict[str, str | Text] = {
        "Subtask": show.plain(f"{subtask['no']} {subtask['name']}"),
        "Type": show.plain(f"{subtask['type']}{template}"),
        "Status": show.color_status(show.subtask_state(subtask)),
        "Needs": ", ".join(map(str, subtask["needs"])),
        "When": show.plain(subtask["when"] or ""),
        "Took": show.elapsed(subtask),
        "Error": show.plain(show.failure_reason(subtask) or ""),
        "Waits": show.plain((subtask.get("waiting") or {}).get("message", "")),
    }
    show.print_facts(facts)
    print_block("Parameters", subtask["params"])
    print_block("Attempts", [f"{one['attempt']}: {attempt_state(one)}" for one in subtask["attempts"]])
    print_block("Warnings", subtask["warnings"])
    outputs = [f"s3://{one['bucket']}/{one['key']}  {show.file_size(one.get('size'))}" for one in subtask["outputs"]]
    print_block("Outputs", outputs)
    print_block("Result", subtask["result"])


def print_block(heading: str, content: Iterable[Any] | None) -> None:
    """Print a part of a subtask as YAML under a heading; nothing if it is empty."""
    if not content:
        return
    show.stdout().print(Text(f"\n{heading}", "bold"))
    lines = (
        content
        if isinstance(content, list)
        else yaml.safe_dump(remove_nulls(content), sort_keys=False, allow_unicode=True, width=110).splitlines()
    )
    show.print_lines(f"  {line}" for line in lines)
