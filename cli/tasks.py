"""`reelmill tasks`: list, show, create and watch tasks, and download their outputs."""

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import show
from cli.api_client import PAUSES, Api, at
from cli.connection import as_typed, command_line, connect_to_api, input_bucket
from cli.documents import naming_file, read_document
from cli.download import Saved, save_outputs
from cli.errors import CommandFailed
from cli.list_options import PagingOptions, TaskFilterOptions, expand_option_groups, fetch_list, task_id_prefix
from cli.watch import exit_unless_succeeded, transfer_bar, watch
from shared.domain.ids import ID_LENGTH

tasks = typer.Typer(no_args_is_help=True, help="List, inspect, watch and control tasks.")

CANDIDATES = 5
S3_SCHEME = "s3://"

TaskId = Annotated[
    str,
    typer.Argument(parser=task_id_prefix, metavar="ID", help="A task ID, or its first characters if they are unique."),
]


RunOption = Annotated[int | None, typer.Option(min=1, help="Run of the task (default: the last one).")]


@tasks.command("list")
@expand_option_groups
def tasks_list(
    context: typer.Context, *, filters: TaskFilterOptions, paging: PagingOptions, as_json: show.JsonOption = False
) -> None:
    """List tasks, newest first."""
    query = filters.as_query()
    with connect_to_api(context) as api:
        found = fetch_list(api, "/tasks", "tasks", query, paging)
    if as_json:
        show.print_json(found)
        return
    if found["tasks"]:
        show.print_tasks(found["tasks"])
    show.say_if_more(found, "tasks")
    show.say_if_newer(found, "task")
    if not found["tasks"] and not found.get("newerVersion"):
        none = "no matching tasks" if any(query.values()) else "no tasks yet; create one with `reelmill upload FILE`"
        show.say(as_typed(none, context))


@tasks.command("get")
def tasks_get(
    context: typer.Context,
    task: TaskId,
    *,
    run: RunOption = None,
    as_json: show.JsonOption = False,
) -> None:
    """Show one task with its subtasks and their outputs, and why some are waiting or have failed."""
    with connect_to_api(context) as api:
        print_one(api.get(at("tasks", complete_id(api, task)), run=run), as_json=as_json)


@tasks.command("create")
def tasks_create(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    source: Annotated[
        str | None, typer.Argument(help="Source file: s3://BUCKET/KEY, or use --key and --bucket.")
    ] = None,
    bucket: Annotated[str | None, typer.Option(help="Bucket of the file (default: the input bucket).")] = None,
    key: Annotated[str | None, typer.Option(help="Key of the file.")] = None,
    version_id: Annotated[str | None, typer.Option(help="Version of the file (default: the latest).")] = None,
    orchestration: Annotated[str | None, typer.Option(help="Orchestration to run.")] = None,
    subtasks: Annotated[
        Path | None,
        typer.Option(help="YAML or JSON list of subtasks to run; - for stdin.", allow_dash=True),
    ] = None,
    priority: Annotated[
        int | None,
        typer.Option(min=-10, max=10, help="Priority: above 0 is urgent, below 0 waits behind all other tasks."),
    ] = None,
    client_token: Annotated[
        str | None,
        typer.Option(help="Idempotency token (default: random): repeating the call with it returns the first task."),
    ] = None,
    session_context: Annotated[str | None, typer.Option(help="Free text stored with the task.")] = None,
    as_json: show.JsonOption = False,
) -> None:
    """Create a task for a file that is already in a bucket."""
    if (orchestration is None) == (subtasks is None):
        raise typer.BadParameter("pass exactly one of --orchestration and --subtasks")
    work = {"orchestration": orchestration} if subtasks is None else read_subtasks(subtasks)
    where = parse_source(context, source, bucket, key)
    body = {
        "source": {**where, **({"versionId": version_id} if version_id else {})},
        **work,
        "priority": priority,
        "clientToken": client_token or secrets.token_hex(16),
        "sessionContext": session_context,
    }
    with connect_to_api(context) as api:
        with naming_file(api, subtasks):
            given = {name: value for name, value in body.items() if value is not None}
            task = api.send("POST", "/tasks", given, pauses=PAUSES)
        print_one(task, as_json=as_json)
        if not as_json:
            say_how_to_watch(context, task)


def parse_source(context: typer.Context, source: str | None, bucket: str | None, key: str | None) -> dict[str, str]:
    """Return the bucket and the key from the command line, which names them in one of two ways."""
    if source is None and key:
        return {"bucket": bucket or input_bucket(context), "key": key}
    if source is None or bucket or key:
        raise typer.BadParameter("name the file once: s3://BUCKET/KEY, or --key and --bucket")
    if not source.startswith(S3_SCHEME) or not all(source.removeprefix(S3_SCHEME).partition("/")[::2]):
        raise typer.BadParameter(f"{source!r} does not have the form s3://BUCKET/KEY", param_hint="SOURCE")
    named, _, path = source.removeprefix(S3_SCHEME).partition("/")
    return {"bucket": named, "key": path}


def read_subtasks(path: Path) -> dict[str, Any]:
    """Return the part of a request that a file of subtasks contains: a list, optionally with `output` beside it."""
    document = read_document(path, "--subtasks")
    if isinstance(document, list):
        return {"subtasks": document}
    if isinstance(document, dict) and isinstance(document.get("subtasks"), list):
        return {name: document[name] for name in ("subtasks", "output") if name in document}
    raise typer.BadParameter(f"{path} does not contain a list of subtasks", param_hint="--subtasks")


@tasks.command("watch")
def tasks_watch(context: typer.Context, task: TaskId, *, as_json: show.JsonOption = False) -> None:
    """Show a progress bar for each subtask until the task is completed. Exits with 1 unless it SUCCEEDED."""
    with connect_to_api(context) as api:
        completed = watch(api, [complete_id(api, task)], command_line(context))
    if as_json:
        show.print_json(completed[0])
    else:
        show.print_lines([f"{completed[0]['outcome']} in {show.elapsed(completed[0]) or '0.0 s'}"])
    exit_unless_succeeded(completed)


@tasks.command("download")
def tasks_download(
    context: typer.Context,
    task: TaskId,
    *,
    subtask: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of a subtask: download only its outputs.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(file_okay=False, metavar="DIR", help="Target folder (default: a folder named after the task)."),
    ] = None,
    as_json: show.JsonOption = False,
) -> None:
    """Download a task's outputs, and print their paths."""
    with connect_to_api(context) as api:
        task_id = complete_id(api, task)
        outputs = fetch_outputs(api, api.get(at("tasks", task_id)), subtask)
    if not outputs:
        raise CommandFailed(
            f"subtask {subtask} has no outputs" if subtask else f"task {task_id} has no outputs",
            remedy=f"`reelmill tasks get {task_id}` shows its state",
        )
    saved = download(outputs, to or Path(task_id))
    if as_json:
        show.print_json({"files": [{"path": str(file.path), **file.output} for file in saved]})
    else:
        show.print_lines(str(file.path) for file in saved)


def fetch_outputs(api: Api, task: dict[str, Any], subtask: int | None = None) -> list[dict[str, Any]]:
    """Return the outputs of one subtask, or of all that succeeded."""
    done = [s["no"] for s in task["subtasks"] if s["status"] == "SUCCESSFUL"]
    numbers = done if subtask is None else [subtask]
    return [
        output
        for number in numbers
        for output in api.get(at("tasks", task["taskId"], "subtasks", number, "outputs"))["outputs"]
    ]


def download(outputs: list[dict[str, Any]], folder: Path) -> tuple[Saved, ...]:
    """Download outputs into a folder with a progress bar."""
    with transfer_bar("download", sum(output.get("size") or 0 for output in outputs)) as advance:
        return save_outputs(outputs, folder, advance)


def print_one(task: dict[str, Any], *, as_json: bool) -> None:
    """Print a task on stdout."""
    if as_json:
        show.print_json(task)
    else:
        show.print_task(task)


def say_how_to_watch(context: typer.Context, task: dict[str, Any]) -> None:
    """Print on stderr the command that watches the task."""
    show.say(as_typed(f"\nto watch it: `reelmill tasks watch {show.plain(task['taskId'])}`", context))


def complete_id(api: Api, prefix: str) -> str:
    """Return the only task ID with this prefix; raise CommandFailed if there is none or more than one."""
    if len(prefix) >= ID_LENGTH:
        return prefix
    page = api.get("/tasks", taskId=prefix, maxResults=CANDIDATES)
    found = [*(task["taskId"] for task in page["tasks"]), *page.get("newerVersion", ())]
    if not found:
        raise CommandFailed(f"no task ID begins with {prefix}", remedy="`reelmill tasks list` lists the tasks")
    if len(found) > 1:
        raise CommandFailed(f"{prefix} is ambiguous: {', '.join(found)}", remedy="type more characters")
    return str(found[0])
