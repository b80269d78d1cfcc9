"""What moves on the screen: a bar per subtask or per transfer, or plain lines where there is no terminal."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, Self

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Task as Bar
from rich.text import Text

from cli import show
from cli.api_client import Api, at
from cli.errors import INTERRUPTED

PAUSE = 0.4  # seconds between two looks at a task that has just begun
LONGEST_PAUSE = 3.0
PATIENCE = 25  # the pause grows to this part of the time waited: a long task is asked after less often
STALLED = 60  # seconds without a move, after which a person wonders
QUARTER = 25  # percent: without a terminal, a line for each


class Screen(Protocol):
    """Shows subtasks as they move on."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, *_: object) -> None:
        """Leave the last state standing."""

    def update(self, task: Mapping[str, Any]) -> None:
        """Show where the task's subtasks stand now."""

    def say(self, sentence: str) -> None:
        """Say something between."""


def watch(api: Api, tasks: Sequence[str], me: str) -> list[dict[str, Any]]:
    """Show the tasks' progress on stderr until each is completed; return them as they ended.

    A Ctrl-C ends the watching alone; `me` is how this command is typed.
    """
    try:
        return watched(api, tasks, me)
    except KeyboardInterrupt:
        one = len(tasks) == 1
        more = f"the task goes on; `{me} tasks watch {tasks[0]}`" if one else f"the tasks go on; `{me} tasks list`"
        show.say(more)
        raise typer.Exit(INTERRUPTED) from None


def watched(api: Api, tasks: Sequence[str], me: str) -> list[dict[str, Any]]:
    """Show the tasks until each is completed, and return them."""
    begun = moved = time.monotonic()
    seen: dict[str, dict[str, Any]] = {}
    with screen() as shown:
        while True:
            before = {task_id: standing(task) for task_id, task in seen.items()}
            for task_id in tasks:
                if seen.get(task_id, {}).get("status") != "COMPLETED":
                    seen[task_id] = api.get(at("tasks", task_id))
                    shown.update(seen[task_id])
            if all(task["status"] == "COMPLETED" for task in seen.values()):
                return [seen[task_id] for task_id in tasks]
            now = time.monotonic()
            if before != {task_id: standing(task) for task_id, task in seen.items()}:
                moved = now
            elif now - moved > STALLED:
                shown.say(f"  nothing has moved for {STALLED} s; {where_to_look(api, me)}")
                for line in (line for task in seen.values() for line in show.waits(task)):
                    shown.say(f"  {show.plain(line)}")
                moved = now
            time.sleep(min(LONGEST_PAUSE, max(PAUSE, (now - begun) / PATIENCE)))


def standing(task: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """Return all that moves while a task is worked on."""
    return [
        (s["status"], s.get("attempt"), s.get("progress"), s.get("phase"), s.get("waiting")) for s in task["subtasks"]
    ]


def where_to_look(api: Api, me: str) -> str:
    """Say where the reason may stand why a task doesn't move on."""
    return f"`{me} status` names the log" if api.local else "look into the subtask queue and the functions' logs"


def succeeded(tasks: Iterable[Mapping[str, Any]]) -> bool:
    """Whether all ended as they should: COMPLETED alone says nothing."""
    return all(task.get("outcome") == "SUCCEEDED" for task in tasks)


@contextmanager
def moving(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show one transfer while it lasts; the function given hears of each piece's bytes."""
    console = show.stderr()
    columns = (
        TextColumn("  {task.description}", markup=False),
        BarColumn(bar_width=28),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(show.plain(label), total=total)
        yield lambda count: progress.advance(bar, count)


def screen() -> Screen:
    """Return what suits stderr: bars for a person at a terminal, lines for a log."""
    console = show.stderr()
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)


class Field(ProgressColumn):
    """One fact of a bar, padded so that all bars begin in one column."""

    def __init__(self, name: str) -> None:
        """Show the bar's field of that name."""
        super().__init__()
        self._name = name

    def render(self, task: Bar) -> Text:
        """Return the fact in its colour."""
        text = task.fields[self._name]
        return text if isinstance(text, Text) else Text(text)


class Bars:
    """One bar per subtask, redrawn in place."""

    def __init__(self, console: Console) -> None:
        """Draw nothing yet."""
        columns = (Field("label"), BarColumn(bar_width=28), Field("percent"), Field("note"))
        self._progress = Progress(*columns, console=console, refresh_per_second=8)
        self._bars: dict[tuple[str, int], TaskID] = {}

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state standing."""
        self._progress.stop()

    def update(self, task: Mapping[str, Any]) -> None:
        """Draw where the task's subtasks stand now."""
        for subtask in task["subtasks"]:
            percent = subtask.get("progress", 0)
            fields: dict[str, Any] = {
                "label": label(subtask),
                "percent": f"{percent:>3} %",
                "note": note(subtask),
            }
            key = (task["taskId"], subtask["no"])
            if key not in self._bars:
                self._bars[key] = self._progress.add_task("", total=100, **fields)
            self._progress.update(self._bars[key], completed=percent, **fields)
        self._progress.refresh()

    def say(self, sentence: str) -> None:
        """Say something above the bars."""
        self._progress.console.print(sentence)


class Lines:
    """A line whenever a subtask begins, ends, waits for something else, or has another quarter behind it."""

    def __init__(self, console: Console) -> None:
        """Print nothing yet."""
        self._console = console
        self._last: dict[tuple[str, int], tuple[str, int, str | None]] = {}

    def __enter__(self) -> Self:
        """Print nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Print nothing more."""

    def update(self, task: Mapping[str, Any]) -> None:
        """Print a line for each subtask that has moved on."""
        for subtask in task["subtasks"]:
            key = (task["taskId"], subtask["no"])
            waiting = (subtask.get("waiting") or {}).get("reason")
            state = (subtask["status"], subtask.get("progress", 0) // QUARTER, waiting)
            if self._last.get(key) != state:
                self._last[key] = state
                percent = f"{subtask.get('progress', 0):>3} %"
                self._console.print(f"{label(subtask)}  {percent}  ", note(subtask), sep="", soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Say something between the lines."""
        self._console.print(sentence, soft_wrap=True)


def label(subtask: Mapping[str, Any]) -> str:
    """Return the subtask's number, name and type, in columns."""
    name = show.plain(subtask.get("name", ""))
    return f"  {subtask['no']:>2}  {name:<12.20}  {show.plain(subtask['type']):<18}"


def note(subtask: Mapping[str, Any]) -> Text:
    """Say in a few words how the subtask is doing."""
    status = subtask["status"]
    if subtask.get("skipped"):
        return Text(show.why_skipped(subtask), style="dim")
    if status == "SUCCESSFUL" and subtask.get("carriedFrom"):
        return Text(f"carried over from run {subtask['carriedFrom']}", style="green")
    if status == "SUCCESSFUL":
        return Text(f"done in {show.took(subtask)}", style="green")
    if status == "FAILED":
        return Text(show.plain((subtask.get("error") or {}).get("code", "failed")), style="red")
    if status == "IN_PROGRESS":
        again = f", attempt {subtask['attempt']}" if subtask.get("attempt", 1) > 1 else ""
        return Text(show.plain(subtask.get("phase") or "running") + again, style="cyan")
    return Text(why_it_waits(subtask.get("waiting") or {}), style="dim")


def why_it_waits(waiting: Mapping[str, Any]) -> str:
    """Say in a few words what a subtask waits for."""
    reason = waiting.get("reason")
    if reason == "PREDECESSOR":
        return f"waiting for {', '.join(map(str, waiting['needs']))}"
    if reason == "BUDGET":
        return f"the day's budget is spent; asks again at {show.clock(waiting['retryAt']).rpartition(' ')[2]}"
    if reason == "JOB":
        return show.plain(waiting["message"])
    if reason == "RETRY":
        return f"to be tried again at {show.clock(waiting['retryAt']).rpartition(' ')[2]}"
    if reason == "QUEUED":
        return f"queued, about {waiting['ahead']:,} ahead" if waiting.get("ahead") else "queued"
    return "waiting"


def say_failures(tasks: Iterable[Mapping[str, Any]]) -> None:
    """Say on stderr which subtasks failed, and why."""
    for line in (line for task in tasks for line in show.failures(task)):
        show.say(Text(show.plain(line), style="red"))


def finish(tasks: Sequence[Mapping[str, Any]]) -> None:
    """Say on stderr why subtasks failed; end the command with 1 unless every task succeeded."""
    say_failures(tasks)
    if not succeeded(tasks):
        raise typer.Exit(1)
