"""`reelmill upload`: files in, tasks out."""

import shlex
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import show, transfer
from cli.api_client import Api
from cli.connection import command_line, connected
from cli.errors import CommandFailed
from cli.watch import finish, moving, watch

PATIENCE = 20.0  # seconds for a task to appear: a put starts it at once, unless a function starts cold


def upload(
    context: typer.Context,
    *,
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE…")],
    key: Annotated[str | None, typer.Option(help="Where to put it; a folder when it ends with /.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Watch the tasks it starts until they are completed.")] = False,
    as_json: show.JsonOption = False,
) -> None:
    """Upload files to the input bucket, and show the tasks that they start."""
    if key and not key.endswith("/") and len(files) > 1:
        raise typer.BadParameter(
            "several files can't have one key; end it with / to make it a folder", param_hint="--key"
        )
    me = command_line(context)
    with connected(context) as api:
        reports = [upload_one(api, path, transfer.key_for(path, key), me) for path in files]
        tasks = [task for report in reports for task in report["tasks"]]
        if wait and tasks:
            tasks = watch(api, [task["taskId"] for task in tasks], me)
            ended = {task["taskId"]: task for task in tasks}
            for report in reports:
                report["tasks"] = [ended[task["taskId"]] for task in report["tasks"]]
        if as_json:
            show.print_json({"uploads": reports})
        elif tasks:
            show.print_tasks(tasks)
    if wait:
        if not all(report["tasks"] for report in reports):
            raise typer.Exit(1)
        finish(tasks)


def upload_one(api: Api, path: Path, key: str, me: str) -> dict[str, Any]:
    """Upload one file and say so; return where it lies and the tasks it started; `me` is how this command is typed."""
    begun = time.monotonic()
    uploaded = send(api, path, key)
    how_long = show.span(time.monotonic() - begun)
    place = show.plain(f"s3://{uploaded.bucket}/{uploaded.key}")
    show.say(f"uploaded {show.plain(path.name)} to {place} ({show.size(path.stat().st_size)} in {how_long})")
    tasks = tasks_of(api, uploaded, me)
    return {
        "bucket": uploaded.bucket,
        "key": uploaded.key,
        "versionId": uploaded.version_id,
        "eTag": uploaded.e_tag,
        "tasks": tasks,
    }


def send(api: Api, path: Path, key: str) -> transfer.Uploaded:
    """Send one file with a bar; raise CommandFailed when there is nothing in it."""
    total = path.stat().st_size
    if not total:
        raise CommandFailed(f"{show.plain(path)} is empty", remedy="upload it once something is in it")
    with moving(path.name, total) as advance:
        return transfer.upload(api, path, key, advance)


def tasks_of(api: Api, uploaded: transfer.Uploaded, me: str) -> list[dict[str, Any]]:
    """Return the tasks that an upload started; say on stderr why when there are none."""
    matches = api.send("POST", "/orchestrations/match", {"bucket": uploaded.bucket, "key": uploaded.key})["matches"]
    expected = sum(match["verdict"] == "MATCHED" for match in matches)
    if not expected:
        show.say("no task starts, for no orchestration takes it:")
        for match in matches:
            show.say(show.plain(f"  {match['orchestration']}: {match['reason']}"))
        return []
    tasks = transfer.started_tasks(api, uploaded, expected, PATIENCE)
    if not tasks:
        look = f"`{me} verdicts --key {shlex.quote(uploaded.key)}`"
        show.say(show.plain(f"no task has appeared within {PATIENCE:.0f} s; {look} says what became of it"))
    return tasks
