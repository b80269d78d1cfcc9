"""`reelmill tasks`: list, explain, make, watch, and bring home what they made."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import show
from cli.api_client import Api, at
from cli.connection import as_typed, command_line, connected, input_bucket
from cli.documents import read_document, refused_by_name
from cli.download import Saved, save_outputs
from cli.errors import CommandFailed
from cli.list_options import (
    CreatedAfter,
    CreatedBefore,
    Everything,
    HowItEnded,
    IdBeginning,
    Limit,
    MadeBy,
    NextToken,
    SourceKey,
    Status,
    listed,
    task_filter,
    task_id_beginning,
)
from cli.watch import finish, moving, watch
from shared.domain.ids import ID_LENGTH

tasks = typer.Typer(no_args_is_help=True, help="What became of each file, and what may still be done about it.")

CANDIDATES = 5
S3_SCHEME = "s3://"

TaskId = Annotated[
    str,
    typer.Argument(
        parser=task_id_beginning, metavar="ID", help="A task's ID, or as much of its beginning as is unique."
    ),
]


@tasks.command("list")
def list_tasks(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    status: Status = None,
    outcome: HowItEnded = None,
    task_id: IdBeginning = None,
    source_key: SourceKey = None,
    orchestration: MadeBy = None,
    created_after: CreatedAfter = None,
    created_before: CreatedBefore = None,
    limit: Limit = 20,
    everything: Everything = False,
    next_token: NextToken = None,
    as_json: show.JsonOption = False,
) -> None:
    """List tasks, newest first."""
    filters = task_filter(status, outcome, task_id, source_key, orchestration, created_after, created_before)
    with connected(context) as api:
        found = listed(api, "/tasks", "tasks", filters, None if everything else limit, next_token)
    if as_json:
        show.print_json(found)
        return
    if found["tasks"]:
        show.print_tasks(found["tasks"])
    if found.get("nextToken"):
        show.say(f"these are the newest {len(found['tasks'])}; --limit or --all shows more")
    if not found["tasks"]:
        none = "no task is like that" if any(filters.values()) else "no tasks yet: `reelmill upload FILE`"
        show.say(as_typed(none, context))


@tasks.command("get")
def get_task(
    context: typer.Context,
    task: TaskId,
    *,
    run: Annotated[int | None, typer.Option(min=1, help="An earlier run of it; by default the last.")] = None,
    as_json: show.JsonOption = False,
) -> None:
    """Show one task: its subtasks, what they made, and why some wait or failed."""
    with connected(context) as api:
        print_one(api.get(at("tasks", whole_id(api, task)), run=run), as_json=as_json)


@tasks.command("create")
def create_task(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    source: Annotated[str | None, typer.Argument(help="s3://BUCKET/KEY; or say --key, and --bucket.")] = None,
    bucket: Annotated[str | None, typer.Option(help="The file's bucket; by default the input bucket.")] = None,
    key: Annotated[str | None, typer.Option(help="The file's key.")] = None,
    version_id: Annotated[str | None, typer.Option(help="A version of the file; by default the last.")] = None,
    orchestration: Annotated[str | None, typer.Option(help="Do what this orchestration says.")] = None,
    subtasks: Annotated[
        Path | None,
        typer.Option(help="Do what a YAML or JSON list of subtasks says; - for stdin.", allow_dash=True),
    ] = None,
    priority: Annotated[
        int | None, typer.Option(min=-10, max=10, help="Above 0 it is urgent, below 0 it waits behind all others.")
    ] = None,
    client_token: Annotated[
        str | None, typer.Option(help="Your own key for this call: said again, it finds the first task.")
    ] = None,
    session_context: Annotated[str | None, typer.Option(help="Words of your own that the task carries.")] = None,
    as_json: show.JsonOption = False,
) -> None:
    """Make a task for a file that is already in a bucket."""
    if (orchestration is None) == (subtasks is None):
        raise typer.BadParameter("say what to do: one of --orchestration and --subtasks")
    work = {"orchestration": orchestration} if subtasks is None else subtasks_in(subtasks)
    where = source_at(context, source, bucket, key)
    body = {
        "source": {**where, **({"versionId": version_id} if version_id else {})},
        **work,
        "priority": priority,
        "clientToken": client_token,
        "sessionContext": session_context,
    }
    with connected(context) as api:
        with refused_by_name(api, subtasks):
            task = api.send("POST", "/tasks", {name: value for name, value in body.items() if value is not None})
        print_one(task, as_json=as_json)
        if not as_json:
            say_how_to_watch(context, task)


def source_at(context: typer.Context, source: str | None, bucket: str | None, key: str | None) -> dict[str, str]:
    """Return the bucket and the key that the command line names in one of its two ways."""
    if source is None and key:
        return {"bucket": bucket or input_bucket(context), "key": key}
    if source is None or bucket or key:
        raise typer.BadParameter("name the file once: s3://BUCKET/KEY, or --key and --bucket")
    if not source.startswith(S3_SCHEME) or not all(source.removeprefix(S3_SCHEME).partition("/")[::2]):
        raise typer.BadParameter(f"{source!r} is not of the form s3://BUCKET/KEY", param_hint="SOURCE")
    named, _, path = source.removeprefix(S3_SCHEME).partition("/")
    return {"bucket": named, "key": path}


def subtasks_in(path: Path) -> dict[str, Any]:
    """Return the part of a request that a file of subtasks gives: a list, maybe with `output` beside it."""
    document = read_document(path, "--subtasks")
    if isinstance(document, list):
        return {"subtasks": document}
    if isinstance(document, dict) and isinstance(document.get("subtasks"), list):
        return {name: document[name] for name in ("subtasks", "output") if name in document}
    raise typer.BadParameter(f"{path} holds no list of subtasks", param_hint="--subtasks")


@tasks.command("watch")
def watch_task(context: typer.Context, task: TaskId, *, as_json: show.JsonOption = False) -> None:
    """Show a bar for each subtask until the task is completed; exit with 1 unless it SUCCEEDED."""
    with connected(context) as api:
        ended = watch(api, [whole_id(api, task)], command_line(context))
    if as_json:
        show.print_json(ended[0])
    else:
        show.print_lines([f"{ended[0]['outcome']} in {show.took(ended[0]) or '0.0 s'}"])
    finish(ended)


@tasks.command("download")
def download_task(
    context: typer.Context,
    task: TaskId,
    *,
    subtask: Annotated[int | None, typer.Option(min=1, metavar="N", help="This subtask's outputs alone.")] = None,
    to: Annotated[
        Path | None,
        typer.Option(file_okay=False, metavar="DIR", help="By default a folder named as the task."),
    ] = None,
    as_json: show.JsonOption = False,
) -> None:
    """Download a task's outputs, and print the paths."""
    with connected(context) as api:
        task_id = whole_id(api, task)
        outputs = outputs_of(api, api.get(at("tasks", task_id)), subtask)
    if not outputs:
        message = f"subtask {subtask} has no outputs" if subtask else f"task {task_id} has no outputs"
        raise CommandFailed(message, remedy=f"`reelmill tasks get {task_id}` shows how it stands")
    saved = fetch(outputs, to or Path(task_id))
    if as_json:
        show.print_json({"files": [{"path": str(file.path), **file.output} for file in saved]})
    else:
        show.print_lines(str(file.path) for file in saved)


def outputs_of(api: Api, task: dict[str, Any], subtask: int | None = None) -> list[dict[str, Any]]:
    """Return the outputs of one subtask, or of all that succeeded."""
    done = [s["no"] for s in task["subtasks"] if s["status"] == "SUCCESSFUL"]
    numbers = done if subtask is None else [subtask]
    return [
        output
        for number in numbers
        for output in api.get(at("tasks", task["taskId"], "subtasks", number, "outputs"))["outputs"]
    ]


def fetch(outputs: list[dict[str, Any]], folder: Path) -> tuple[Saved, ...]:
    """Download outputs into a folder with a bar."""
    with moving("download", sum(output.get("size") or 0 for output in outputs)) as advance:
        return save_outputs(outputs, folder, advance)


def print_one(task: dict[str, Any], *, as_json: bool) -> None:
    """Print a task on stdout."""
    if as_json:
        show.print_json(task)
    else:
        show.print_task(task)


def say_how_to_watch(context: typer.Context, task: dict[str, Any]) -> None:
    """Say on stderr what a person may want to type next."""
    show.say(as_typed(f"\nto watch it: `reelmill tasks watch {show.plain(task['taskId'])}`", context))


def whole_id(api: Api, beginning: str) -> str:
    """Return the task ID that begins so; raise CommandFailed when none does, or more than one."""
    if len(beginning) >= ID_LENGTH:
        return beginning
    found = api.get("/tasks", taskId=beginning, maxResults=CANDIDATES)["tasks"]
    if not found:
        raise CommandFailed(
            f"no task's ID begins with {beginning}", remedy="`reelmill tasks list` shows those there are"
        )
    if len(found) > 1:
        several = ", ".join(task["taskId"] for task in found)
        raise CommandFailed(f"more than one task's ID begins with {beginning}: {several}", remedy="give more of it")
    return str(found[0]["taskId"])
