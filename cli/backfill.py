"""`reelmill backfill`: tasks for objects that were in a bucket before anybody listened."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cli import show
from cli.api_client import Api
from cli.connection import command_line, connected
from cli.errors import INTERRUPTED, ApiRefused
from cli.list_options import Time
from cli.report import Progress, Report
from cli.tasks import S3_SCHEME
from shared.errors import ReelmillError

PAGE = 50  # objects a request: each takes the API some calls of its own, and an answer must come within 30 s
PAUSES = (1.0, 3.0, 10.0)  # seconds before each further try: an object offered twice still has one task


def backfill(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    place: Annotated[str, typer.Argument(metavar="s3://BUCKET/PREFIX", help="PREFIX alone means the input bucket.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each, and make nothing.")
    ] = False,
    modified_after: Annotated[str | None, Time] = None,
    priority: Annotated[
        int, typer.Option(min=-10, max=10, help="Below 0 they wait behind today's uploads, in a queue of their own.")
    ] = -1,
    resume: Annotated[str | None, typer.Option(metavar="TOKEN", help="Go on where an earlier one stopped.")] = None,
    as_json: show.JsonOption = False,
) -> None:
    """Make tasks for objects that are in a bucket already; those that have theirs keep it."""
    wanted = Wanted(place, dry_run, modified_after, priority)
    seen = Tally(dry_run=dry_run)
    report = Report("verdicts", verdict_line, as_json=as_json)
    report.next_token = resume

    def say_how_to_go_on() -> None:
        command = command_line(context)
        rest = wanted.typed(report.next_token, as_json=as_json)
        show.say(show.plain(f"stopped after {seen}"))
        show.say(f"to go on:\n  {show.plain(f'{command} {rest}')}")

    with connected(context) as api, report:
        try:
            for page in pages(api, wanted, resume, seen):
                seen.add(page["verdicts"])
                report.add(page["verdicts"], page.get("nextToken"))
        except KeyboardInterrupt:
            say_how_to_go_on()
            raise typer.Exit(INTERRUPTED) from None
        except (ReelmillError, OSError) as error:
            if isinstance(error, ApiRefused) and error.code == "InvalidNextToken":
                error.remedy = (
                    "--resume takes the token that the same backfill ended with, whole; it may also begin anew"
                )
            elif report.next_token:
                say_how_to_go_on()
            raise
    show.say(show.plain(seen))
    if seen.verdicts["INVALID_ORCHESTRATION"]:
        raise typer.Exit(1)


@dataclass(frozen=True)
class Wanted:
    """Which objects are to have tasks, and which tasks; a time is already the API's, not how long ago it was."""

    place: str
    dry_run: bool
    modified_after: str | None
    priority: int

    def body(self, token: str | None) -> dict[str, Any]:
        """Return the request for the page that the token stands for, the first without one."""
        bucket, prefix = bucket_and_prefix(self.place)
        asked = {
            "bucket": bucket,
            "prefix": prefix,
            "modifiedAfter": self.modified_after,
            "priority": self.priority,
            "dryRun": self.dry_run,
            "maxResults": PAGE,
            "nextToken": token,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def typed(self, token: str | None, *, as_json: bool) -> str:
        """Return how it is typed, to go on from that token."""
        words = ["backfill", "--priority", str(self.priority)]
        words += ["--dry-run"] if self.dry_run else []
        words += ["--modified-after", self.modified_after] if self.modified_after else []
        words += ["--json"] if as_json else []
        words += ["--resume", token] if token else []
        words += ["--"] if self.place.startswith("-") else []
        return shlex.join([*words, self.place])


class Tally:
    """What a backfill has come by so far."""

    def __init__(self, *, dry_run: bool) -> None:
        """Begin with nothing."""
        self.verdicts: Counter[str] = Counter()
        self._objects = 0
        self._last_key = ""
        self._made = "would be made" if dry_run else "made"

    def add(self, verdicts: Sequence[Mapping[str, Any]]) -> None:
        """Count the verdicts of one page: an object has one of each orchestration that takes it."""
        self.verdicts.update(verdict["verdict"] for verdict in verdicts)
        self._objects += len({(verdict["key"], verdict.get("versionId")) for verdict in verdicts})
        self._last_key = verdicts[-1]["key"] if verdicts else self._last_key

    def __str__(self) -> str:
        """Return the sum as a sentence."""
        refused = {name: count for name, count in self.verdicts.items() if name not in {"MATCHED", "DUPLICATE"}}
        why = ", ".join(f"{count:,} {name}" for name, count in sorted(refused.items()))
        parts = (
            f"{show.counted(self.verdicts['MATCHED'], 'task')} {self._made}",
            show.counted(self.verdicts["DUPLICATE"], "duplicate"),
            f"{sum(refused.values()):,} not matched" + (f" ({why})" if why else ""),
        )
        last = f"; the last: {self._last_key}" if self._last_key else ""
        return f"{show.counted(self._objects, 'object')} seen: {', '.join(parts)}{last}"


def bucket_and_prefix(place: str) -> tuple[str | None, str]:
    """Return what `s3://BUCKET/PREFIX` names; a prefix alone has no bucket."""
    if not place.startswith(S3_SCHEME):
        return None, place
    bucket, _, prefix = place.removeprefix(S3_SCHEME).partition("/")
    if not bucket:
        raise typer.BadParameter(f"{place!r} names no bucket", param_hint="s3://BUCKET/PREFIX")
    return bucket, prefix


def pages(api: Api, wanted: Wanted, token: str | None, seen: Tally) -> Iterator[dict[str, Any]]:
    """Yield what became of each page of objects, and say meanwhile how far it is."""
    progress = Progress()
    while True:
        with progress.during(str(seen)):
            page: dict[str, Any] = api.send("POST", "/uploads/backfill", wanted.body(token), pauses=PAUSES)
        yield page
        token = page.get("nextToken")
        if not token:
            return


def verdict_line(verdict: Mapping[str, Any]) -> str:
    """Return the verdict on one object as a line: what became of it, its task, its key, whose word that is."""
    told = verdict["verdict"] in {"MATCHED", "DUPLICATE"} and verdict.get("orchestration")
    return (
        f"{verdict['verdict']:<12}  {verdict.get('taskId') or '-':<26}  {verdict['key']}  ({told or verdict['reason']})"
    )
