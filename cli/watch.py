"""Progress on the screen: a bar for each subtask or transfer, or plain lines without a terminal."""

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

PAUSE = 0.4  # seconds between two requests for a task that has just started
LONGEST_PAUSE = 3.0
PATIENCE = 25  # the pause grows to this fraction of the time waited: a long task is requested less often
STALLED = 60  # seconds without progress after which the reasons are printed
QUARTER = 25  # percent: without a terminal, each quarter gets a line


class Screen(Protocol):
    """A display of the progress of subtasks."""

    def __enter__(self) -> Self:
        """Start the display."""

    def __exit__(self, *_: object) -> None:
        """Keep the last state on the screen."""

    def update(self, task: Mapping[str, Any]) -> None:
        """Show the current progress of the task's subtasks."""

    def say(self, sentence: str) -> None:
        """Print a message."""


def watch(api: Api, tasks: Sequence[str], me: str) -> list[dict[str, Any]]:
    """Show the tasks' progress on stderr until each is completed; return the completed tasks.

    Ctrl-C only ends the watching; `me` is how this command is typed.
    """
    try:
        return poll_until_completed(api, tasks, me)
    except KeyboardInterrupt:
        one = len(tasks) == 1
        more = f"the task continues: `{me} tasks watch {tasks[0]}`" if one else f"the tasks continue: `{me} tasks list`"
        show.say(more)
        raise typer.Exit(INTERRUPTED) from None


def poll_until_completed(api: Api, tasks: Sequence[str], me: str) -> list[dict[str, Any]]:
    """Show the tasks until each is completed, and return them."""
    begun = moved = time.monotonic()
    seen: dict[str, dict[str, Any]] = {}
    with open_screen() as screen:
        while True:
            before = {task_id: progress_of(task) for task_id, task in seen.items()}
            for task_id in tasks:
                if seen.get(task_id, {}).get("status") != "COMPLETED":
                    seen[task_id] = api.get(at("tasks", task_id))
                    screen.update(seen[task_id])
            if all(task["status"] == "COMPLETED" for task in seen.values()):
                return [seen[task_id] for task_id in tasks]
            now = time.monotonic()
            if before != {task_id: progress_of(task) for task_id, task in seen.items()}:
                moved = now
            elif now - moved > STALLED:
                screen.say(f"  no progress for {STALLED} s; {where_to_look(api, me)}")
                for line in (line for task in seen.values() for line in show.wait_lines(task)):
                    screen.say(f"  {show.plain(line)}")
                moved = now
            time.sleep(min(LONGEST_PAUSE, max(PAUSE, (now - begun) / PATIENCE)))


def progress_of(task: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """Return everything that changes while a task is processed."""
    return [
        (s["status"], s.get("attempt"), s.get("progress"), s.get("phase"), s.get("waiting")) for s in task["subtasks"]
    ]


def where_to_look(api: Api, me: str) -> str:
    """Return where the reason for a lack of progress may be found."""
    return f"`{me} status` names the log" if api.local else "check the subtask queue and the functions' logs"


def all_succeeded(tasks: Iterable[Mapping[str, Any]]) -> bool:
    """Whether all tasks succeeded: COMPLETED alone does not mean that."""
    return all(task.get("outcome") == "SUCCEEDED" for task in tasks)


@contextmanager
def transfer_bar(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show the progress of one transfer; call the lent function with each piece's bytes."""
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


def open_screen() -> Screen:
    """Return the display that suits stderr: bars for a terminal, lines for a log."""
    console = show.stderr()
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)


class BarField(ProgressColumn):
    """One fact of a bar, padded so that all bars start in the same column."""

    def __init__(self, name: str) -> None:
        """Show the bar's field of that name."""
        super().__init__()
        self._name = name

    def render(self, task: Bar) -> Text:
        """Return the fact in its color."""
        text = task.fields[self._name]
        return text if isinstance(text, Text) else Text(text)


class Bars:
    """One bar for each subtask, redrawn in place."""

    def __init__(self, console: Console) -> None:
        """Draw nothing yet."""
        columns = (BarField("label"), BarColumn(bar_width=28), BarField("percent"), BarField("note"))
        self._progress = Progress(*columns, console=console, refresh_per_second=8)
        self._bars: dict[tuple[str, int], TaskID] = {}

    def __enter__(self) -> Self:
        """Start to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Keep the last state on the screen."""
        self._progress.stop()

    def update(self, task: Mapping[str, Any]) -> None:
        """Draw the current progress of the task's subtasks."""
        for subtask in task["subtasks"]:
            percent = subtask.get("progress", 0)
            fields: dict[str, Any] = {
                "label": subtask_label(subtask),
                "percent": f"{percent:>3} %",
                "note": subtask_note(subtask),
            }
            key = (task["taskId"], subtask["no"])
            if key not in self._bars:
                self._bars[key] = self._progress.add_task("", total=100, **fields)
            self._progress.update(self._bars[key], completed=percent, **fields)
        self._progress.refresh()

    def say(self, sentence: str) -> None:
        """Print a message above the bars."""
        self._progress.console.print(sentence)


class Lines:
    """A line when a subtask starts, ends, waits for another reason, or completes another quarter."""

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
        """Print a line for each subtask that has progressed."""
        for subtask in task["subtasks"]:
            key = (task["taskId"], subtask["no"])
            waiting = (subtask.get("waiting") or {}).get("reason")
            state = (subtask["status"], subtask.get("progress", 0) // QUARTER, waiting)
            if self._last.get(key) != state:
                self._last[key] = state
                percent = f"{subtask.get('progress', 0):>3} %"
                self._console.print(
                    f"{subtask_label(subtask)}  {percent}  ", subtask_note(subtask), sep="", soft_wrap=True
                )

    def say(self, sentence: str) -> None:
        """Print a message between the lines."""
        self._console.print(sentence, soft_wrap=True)


def subtask_label(subtask: Mapping[str, Any]) -> str:
    """Return the subtask's number, name and type, in columns."""
    name = show.plain(subtask.get("name", ""))
    return f"  {subtask['no']:>2}  {name:<12.20}  {show.plain(subtask['type']):<18}"


def subtask_note(subtask: Mapping[str, Any]) -> Text:
    """Return the state of a subtask in a few words."""
    status = subtask["status"]
    if subtask.get("skipped"):
        return Text(show.skip_reason(subtask), style="dim")
    if status == "SUCCESSFUL" and subtask.get("carriedFrom"):
        return Text(f"carried over from run {subtask['carriedFrom']}", style="green")
    if status == "SUCCESSFUL":
        return Text(f"done in {show.elapsed(subtask)}", style="green")
    if status == "FAILED":
        return Text(show.plain((subtask.get("error") or {}).get("code", "failed")), style="red")
    if status == "IN_PROGRESS":
        again = f", attempt {subtask['attempt']}" if subtask.get("attempt", 1) > 1 else ""
        return Text(show.plain(subtask.get("phase") or "running") + again, style="cyan")
    return Text(wait_reason(subtask.get("waiting") or {}), style="dim")


def wait_reason(waiting: Mapping[str, Any]) -> str:
    """Return in a few words what a subtask is waiting for."""
    reason = waiting.get("reason")
    if reason == "PREDECESSOR":
        return f"waiting for {', '.join(map(str, waiting['needs']))}"
    if reason == "BUDGET":
        return f"daily budget exhausted; next check at {time_of_day(waiting['retryAt'])}"
    if reason == "JOB":
        return show.plain(waiting["message"])
    if reason == "RETRY":
        return f"next attempt at {time_of_day(waiting['retryAt'])}"
    if reason == "QUEUED":
        return f"queued, about {waiting['ahead']:,} ahead" if waiting.get("ahead") else "queued"
    return "waiting"


def time_of_day(text: str) -> str:
    """Return the local time of day of a time of the API."""
    return show.local_time(text).rpartition(" ")[2]


def say_failures(tasks: Iterable[Mapping[str, Any]]) -> None:
    """Print on stderr which subtasks failed, and why."""
    for line in (line for task in tasks for line in show.failure_lines(task)):
        show.complain(Text(show.plain(line), style="red"))


def exit_unless_succeeded(tasks: Sequence[Mapping[str, Any]]) -> None:
    """Print on stderr why subtasks failed; exit with 1 unless every task succeeded."""
    say_failures(tasks)
    if not all_succeeded(tasks):
        raise typer.Exit(1)
