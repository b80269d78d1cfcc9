"""`reelmill upload`: upload files, and show the tasks that they start."""

import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import show, transfer
from cli.api_client import Api
from cli.connection import command_line, connect_to_api
from cli.errors import CommandFailed, Unreachable
from cli.watch import all_succeeded, say_failures, transfer_bar, watch

PATIENCE = 20.0  # seconds for a task to appear: an upload starts it at once, unless a function starts cold


def upload_files(
    context: typer.Context,
    *,
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE…")],
    key: Annotated[str | None, typer.Option(help="Object key; a key ending in / is treated as a folder.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Watch the started tasks until they are completed.")] = False,
    as_json: show.JsonOption = False,
) -> None:
    """Upload files to the input bucket, and show the tasks that they start.

    A file that is refused does not stop the others. Exits with 1 if a file was refused, or starts no task.
    """
    if key and not key.endswith("/") and len(files) > 1:
        raise typer.BadParameter(
            "several files cannot share one key; end it with / to use it as a folder", param_hint="--key"
        )
    me = command_line(context)
    with connect_to_api(context) as api:
        reports, refused = upload_each(api, files, key, me)
        tasks = [task for report in reports for task in report["tasks"]]
        if wait and tasks:
            tasks = watch(api, [task["taskId"] for task in tasks], me)
            completed = {task["taskId"]: task for task in tasks}
            for report in reports:
                report["tasks"] = [completed[task["taskId"]] for task in report["tasks"]]
        if as_json:
            show.print_json({"uploads": reports, **({"refused": refused} if refused else {})})
        else:
            print_reports(reports, tasks)
    if wait:
        say_failures(tasks)
    if refused or not all(report["tasks"] for report in reports) or (wait and not all_succeeded(tasks)):
        raise typer.Exit(1)


def upload_each(
    api: Api, files: Sequence[Path], key: str | None, me: str
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Upload the files; return the reports of those that were accepted, and why the others were refused.

    Raise the error if there is only one file, or if no other one can arrive either.
    """
    reports: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    for path in files:
        try:
            reports.append(upload_one(api, path, transfer.key_for(path, key), me))
        except Unreachable:
            raise
        except (CommandFailed, OSError) as error:
            if len(files) == 1:
                raise
            failure = error if isinstance(error, CommandFailed) else describe_file_error(path, error)
            show.print_error(failure)
            refused.append({"file": str(path), "code": failure.code, "message": failure.message})
    if refused:
        show.say(f"uploaded {show.count_of(len(reports), 'file')}, {len(refused):,} refused")
    return reports, refused


def describe_file_error(path: Path, error: OSError) -> CommandFailed:
    """Return a message for a file that cannot be read."""
    return CommandFailed(f"{show.plain(path)}: {error.strerror or error}")


def print_reports(reports: Sequence[Mapping[str, Any]], tasks: Sequence[Mapping[str, Any]]) -> None:
    """Print the started tasks, and a line for each upload without one."""
    if tasks:
        show.print_tasks(tasks)
    show.print_lines(f"no task  s3://{one['bucket']}/{one['key']}" for one in reports if not one["tasks"])


def upload_one(api: Api, path: Path, key: str, me: str) -> dict[str, Any]:
    """Upload one file and say so; return its place and the tasks it started; `me` is how this command is typed."""
    begun = time.monotonic()
    uploaded = upload_with_bar(api, path, key)
    how_long = show.duration(time.monotonic() - begun)
    place = show.plain(f"s3://{uploaded.bucket}/{uploaded.key}")
    show.say(f"uploaded {show.plain(path.name)} to {place} ({show.file_size(path.stat().st_size)} in {how_long})")
    tasks = find_started_tasks(api, uploaded, me)
    return {
        "bucket": uploaded.bucket,
        "key": uploaded.key,
        "versionId": uploaded.version_id,
        "eTag": uploaded.e_tag,
        "tasks": tasks,
    }


def upload_with_bar(api: Api, path: Path, key: str) -> transfer.Uploaded:
    """Upload one file with a progress bar; raise CommandFailed if it is empty."""
    total = path.stat().st_size
    if not total:
        raise CommandFailed(f"{show.plain(path)} is empty", remedy="upload a file that has content")
    with transfer_bar(path.name, total) as advance:
        return transfer.upload_object(api, path, key, advance)


def find_started_tasks(api: Api, uploaded: transfer.Uploaded, me: str) -> list[dict[str, Any]]:
    """Return the tasks that an upload started; say on stderr why if there are none."""
    matches = api.send("POST", "/orchestrations/match", {"bucket": uploaded.bucket, "key": uploaded.key})["matches"]
    expected = sum(match["verdict"] == "MATCHED" for match in matches)
    if not expected:
        show.complain("the upload starts no task, because no orchestration matches it:")
        for match in matches:
            show.complain(show.plain(f"  {match['orchestration']}: {match['reason']}"))
        return []
    tasks = transfer.wait_for_tasks(api, uploaded, expected, PATIENCE)
    if not tasks:
        look = f"`{me} verdicts --key {shlex.quote(uploaded.key)}`"
        said = f"no task has appeared within {PATIENCE:.0f} s; {look} shows the verdict on the upload"
        show.complain(show.plain(said))
    return tasks
