"""Output on the screen: data on stdout, everything else on stderr, names as plain text."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.errors import CommandFailed
from cli.query import QUERY, select
from shared.errors import ReelmillError

WIDE = 400  # columns for a pipe or a file, where nothing is cut off
ROOMY = 110  # from this number of columns, a list of tasks shows all of its columns
MAX_NAMES = 5  # in one sentence
COLORS = {
    "SUCCEEDED": "green",
    "SUCCESSFUL": "green",
    "PARTIALLY_FAILED": "yellow",
    "FAILED": "red",
    "ENDED": "magenta",
    "IN_PROGRESS": "cyan",
    "WAITING": "dim",
    "SKIPPED": "dim",
    # verdicts on uploads
    "MATCHED": "green",
    "DUPLICATE": "dim",
    "INVALID_ORCHESTRATION": "red",
}

VERDICTS = {  # of checks
    "ok": Text("ok     ", "green"),
    "warning": Text("warning", "yellow"),
    "failed": Text("failed ", "bold red"),
    "unknown": Text("unknown", "cyan"),
}

QUIET: ContextVar[bool] = ContextVar("quiet", default=False)  # whether messages and progress are left out
PADDING = re.compile(r" +(?=(?:\x1b\[[0-9;]*m)*$)", re.MULTILINE)  # blanks that end a line, before codes of colors


class OutputFormat(StrEnum):
    """The formats of results."""

    TEXT = "text"
    JSON = "json"


def is_json_wanted(context: typer.Context, given: bool) -> bool:  # noqa: FBT001 - as Typer calls it
    """Whether results are printed as JSON: by `--json`, `--output json` or `--query`."""
    return given or context.obj.output is OutputFormat.JSON or QUERY.get() is not None


JsonOption = Annotated[
    bool,
    typer.Option("--json", callback=is_json_wanted, help="Print one JSON document on stdout, for programs."),
]


def stdout() -> Console:
    """Return the console for data."""
    return console(stderr=False)


def stderr() -> Console:
    """Return the console for progress and messages, which `--quiet` leaves out."""
    return console(stderr=True, quiet=QUIET.get())


def console(*, stderr: bool, quiet: bool = False) -> Console:
    """Return a console that prints names unchanged: without markup, emoji codes or automatic highlights."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, width=width, quiet=quiet)


def say(*parts: str | Text) -> None:
    """Print a message on stderr."""
    stderr().print(*parts, soft_wrap=True)


def complain(*parts: str | Text) -> None:
    """Print an error or the reason for a failure on stderr, which `--quiet` does not leave out."""
    console(stderr=True).print(*parts, soft_wrap=True)


def plain(value: object) -> str:
    """Return the value as one printable line: a key may contain escape codes that control the terminal."""
    return "".join(c if c.isprintable() else "�" for c in str(value))


def color_status(status: object) -> Text:
    """Return a status in its color."""
    return Text(plain(status), style=COLORS.get(str(status), ""))


def print_json(document: object) -> None:
    """Print a document on stdout, for programs: the part that the query selects."""
    sys.stdout.write(json.dumps(select(document), ensure_ascii=False, indent=2) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout."""
    sys.stdout.writelines(f"{plain(line)}\n" for line in lines)


def print_table(columns: Mapping[str, Mapping[str, Any]], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print rows under headings on stdout; each column has options of Rich."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading, options in columns.items():
        table.add_column(heading, **{"no_wrap": True, "overflow": "ellipsis", **options})
    for row in rows:
        table.add_row(*row)
    screen = stdout()
    with screen.capture() as printed:
        screen.print(table)
    sys.stdout.write(PADDING.sub("", printed.get()))


def print_check(verdict: str, subject: str, found: str, remedy: str | None) -> None:
    """Print the result of a check on stdout, with what to do."""
    advice = Text(f"\n        try      {plain(remedy)}", "dim") if remedy else Text()
    stdout().print(Text.assemble(VERDICTS[verdict], f" {subject}: {plain(found)}", advice), soft_wrap=True)


def print_error(error: ReelmillError) -> None:
    """Print an error on stderr: the message, the code, the request ID, and what to do."""
    lines = Text.assemble(("error", "bold red"), ": ", plain(error.message))
    facts = [] if error.code in {"CommandFailed", "Unreachable"} else [("code", error.code)]
    facts += [("request", request_id)] if (request_id := getattr(error, "request_id", None)) else []
    facts += [
        (str(name), format_detail(value))
        for name, value in (error.details or {}).items()
        if adds_facts(value, error.message)
    ]
    for name, value in facts:
        lines.append(f"\n  {plain(name):<8} ", style="dim").append(plain(value))
    if isinstance(error, CommandFailed) and error.remedy:
        lines.append("\n  try      ", style="dim").append(plain(error.remedy))
    complain(lines)


def say_if_more(page: Mapping[str, Any], field: str) -> None:
    """Say on stderr how to see more of a list, if there is more."""
    if page.get("nextToken"):
        say(f"showing the newest {len(page[field])}; use --limit N or --all for more")


def say_if_newer(page: Mapping[str, Any], noun: str, plural: str | None = None) -> None:
    """Say on stderr what a list lacks, because only a newer version of Reelmill can read it."""
    names = [plain(name) for name in page.get("newerVersion") or ()]
    if len(names) == 1:
        say(f"{noun} {names[0]} was stored by a newer version of Reelmill; deploy that version again to see it")
    elif names:
        shown = ", ".join(names[:MAX_NAMES]) + (
            f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
        )
        several = plural or f"{noun}s"
        say(f"{several} {shown} were stored by a newer version of Reelmill; deploy that version again to see them")


def adds_facts(value: object, message: str) -> bool:
    """Whether a detail of an error says something that its message does not say."""
    if isinstance(value, Mapping):
        return any(adds_facts(part, message) for part in value.values())
    if isinstance(value, list | tuple):
        return any(adds_facts(part, message) for part in value)
    return str(value) not in message


def format_detail(value: object) -> str:
    """Return a detail of an error as text: lists and objects become one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {format_detail(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(format_detail(part) for part in value)
    return str(value)


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun, such as `2 tasks`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def file_size(count: float | None) -> str:
    """Return a number of bytes as text, such as `1.5 MB`."""
    if count is None:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004 - decimal units, as disks and S3 prices use them
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"  # noqa: PLR2004
        count /= 1000
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """Return a duration as text, such as `2:05 min`."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def parse_time(text: str | None) -> datetime | None:
    """Return a time of the API, None if there is none."""
    return datetime.fromisoformat(text) if text else None


def local_time(text: str | None) -> str:
    """Return a time of the API in the local time zone."""
    at = parse_time(text)
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else ""


def age(text: str) -> str:
    """Return the age of a time of the API in its largest unit."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def elapsed(thing: Mapping[str, Any]) -> str:
    """Return how long a task or a subtask has run, an empty text before its start."""
    begun = parse_time(thing.get("startedAt"))
    if begun is None:
        return ""
    ended = parse_time(thing.get("endedAt")) or datetime.now(UTC)
    return duration(max(0.0, (ended - begun).total_seconds()))


def failure_lines(task: Mapping[str, Any]) -> list[str]:
    """Return a line for each reason why subtasks failed: the subtasks, the code, the message."""
    return group_by_reason(task, failure_reason)


def wait_lines(task: Mapping[str, Any]) -> list[str]:
    """Return a line for each reason why subtasks wait."""
    return group_by_reason(task, lambda subtask: (subtask.get("waiting") or {}).get("message"))


def carried_over_lines(task: Mapping[str, Any]) -> list[str]:
    """Return a line for each earlier run whose results were carried over."""
    return group_by_reason(
        task,
        lambda subtask: f"carried over from run {subtask['carriedFrom']}" if subtask.get("carriedFrom") else None,
    )


def skip_lines(task: Mapping[str, Any]) -> list[str]:
    """Return a line for each reason why subtasks were skipped."""
    return group_by_reason(task, lambda subtask: skip_reason(subtask) if subtask.get("skipped") else None)


def skip_reason(subtask: Mapping[str, Any]) -> str:
    """Return why a subtask was skipped: its condition was not met, or a subtask that it needs was skipped."""
    condition = subtask.get("when")
    if condition:
        return f"skipped, because its condition was not met: {condition}"
    return "skipped, because a subtask that it needs was skipped"


def skipped_note(task: Mapping[str, Any]) -> Text:
    """Return how many subtasks were skipped, to be appended to an outcome; empty for none."""
    count = task.get("skippedCount", 0)
    return Text(f", {count} skipped" if count else "", style="dim")


def subtask_state(subtask: Mapping[str, Any]) -> str:
    """Return a subtask's status in a word: a skipped subtask has not simply succeeded."""
    return "SKIPPED" if subtask.get("skipped") else str(subtask["status"])


def failure_reason(subtask: Mapping[str, Any]) -> str | None:
    """Return why a subtask failed, None if it did not fail."""
    if subtask["status"] != "FAILED":
        return None
    error = subtask.get("error") or {"code": "unknown", "message": "no reason given"}
    return f"{error['code']}: {error['message']}"


def group_by_reason(task: Mapping[str, Any], reason_of: Callable[[Mapping[str, Any]], str | None]) -> list[str]:
    """Return a line for each reason, with the subtasks that have it; subtasks without a reason are omitted."""
    reasons: dict[str, list[str]] = {}
    for subtask in task.get("subtasks", []):
        if reason := reason_of(subtask):
            reasons.setdefault(reason, []).append(f"{subtask['no']} {subtask['name']}")
    return [f"subtask{'s' if len(which) > 1 else ''} {', '.join(which)}: {reason}" for reason, which in reasons.items()]


def print_tasks(tasks: Sequence[Mapping[str, Any]]) -> None:
    """Print a list of tasks; completed ones with their outcome, and fewer columns on a narrow screen."""
    roomy = stdout().width >= ROOMY
    columns: dict[str, dict[str, Any]] = {
        "TASK": {},
        **({"STATUS": {}, "OUTCOME": {}} if roomy else {"STATE": {}}),
        "CREATED": {},
        "SOURCE": {"overflow": "fold", "no_wrap": False},
        **({"ORCHESTRATION": {}} if roomy else {}),
    }
    print_table(columns, (task_row(task, roomy=roomy) for task in tasks))


def task_row(task: Mapping[str, Any], *, roomy: bool) -> tuple[str | Text, ...]:
    """Return a task as a row of the list; without an outcome yet, the row shows the progress."""
    outcome = color_status(task["outcome"]) + skipped_note(task) if task.get("outcome") else None
    status, progress = color_status(task["status"]), f"{task.get('progress', 0)} %"
    made_by = plain((task.get("orchestration") or {}).get("name", ""))
    return (
        plain(task["taskId"]),
        *((status, outcome or progress) if roomy else (outcome or status + Text(f" {progress}"),)),
        local_time(task["createdAt"]) if roomy else f"{age(task['createdAt'])} ago",
        plain(task["source"]["key"]),
        *((made_by,) if roomy else ()),
    )


def print_facts(facts: Mapping[str, str | Text]) -> None:
    """Print facts with their names in a column; one without a value is left out."""
    for name, value in facts.items():
        if str(value):
            stdout().print(Text.assemble((f"{name:<9}", "dim"), value), soft_wrap=True)


def print_task(task: Mapping[str, Any]) -> None:
    """Print one task: its facts, its subtasks, and why some are waiting or have failed."""
    source, made_by = task["source"], task.get("orchestration")
    status = Text.assemble(
        color_status(task["status"]), "  ", color_status(task.get("outcome") or ""), skipped_note(task)
    )
    facts: dict[str, str | Text] = {
        "Task": plain(task["taskId"]),
        "Status": status,
        "Source": plain(f"s3://{source['bucket']}/{source['key']}  {file_size(source.get('size'))}"),
        "Made by": f"{plain(made_by['name'])} version {made_by['version']}" if made_by else "the API",
        "Created": local_time(task["createdAt"]),
        "Took": elapsed(task),
        "Run": f"{task['run']}, priority {task.get('priority', 0)}",
        "Queue": plain(task.get("queue") or ""),
        "Context": plain(task.get("sessionContext") or ""),
    }
    print_facts(facts)
    out = stdout()
    out.print()
    columns: dict[str, dict[str, Any]] = {
        "NO": {"justify": "right"},
        "NAME": {},
        "TYPE": {},
        "STATUS": {},
        "DONE": {"justify": "right"},
        "TOOK": {"justify": "right"},
        "OUTPUT": {"overflow": "fold", "no_wrap": False},
    }
    print_table(columns, (subtask_row(subtask) for subtask in task["subtasks"]))
    remarks = (
        (carried_over_lines(task), "dim"),
        (skip_lines(task), "dim"),
        (wait_lines(task), ""),
        (failure_lines(task), "red"),
    )
    for lines, style in remarks:
        if lines:
            out.print()
        for line in lines:
            out.print(Text(plain(line), style), soft_wrap=True)


def subtask_row(subtask: Mapping[str, Any]) -> tuple[str | Text, ...]:
    """Return a subtask as a row of its task."""
    return (
        str(subtask["no"]),
        plain(subtask.get("name", "")),
        plain(subtask["type"]),
        color_status(subtask_state(subtask)),
        f"{subtask.get('progress', 0)} %",
        elapsed(subtask),
        plain(subtask.get("output") or ""),
    )
