"""`reelmill backfill`: create tasks for objects that are already in a bucket."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cli import show
from cli.api_client import Api
from cli.connection import command_line, connect_to_api
from cli.errors import INTERRUPTED, ApiRefused
from cli.list_options import time_option
from cli.query import QUERY
from cli.report import ProgressLine, Report
from cli.tasks import S3_SCHEME
from shared.errors import ReelmillError

PAGE = 50  # objects per request: each costs the API some calls, and the answer must arrive within 30 s
PAUSES = (1.0, 3.0, 10.0)  # seconds before each retry: an object that is offered twice still has one task


def backfill_bucket(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    place: Annotated[
        str,
        typer.Argument(
            metavar="s3://BUCKET/PREFIX", help="Objects to process; PREFIX alone refers to the input bucket."
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the verdict on each object without creating tasks.")
    ] = False,
    modified_after: Annotated[str | None, time_option("Only objects modified after this time")] = None,
    priority: Annotated[
        int,
        typer.Option(
            min=-10, max=10, help="Priority of the tasks; below 0 they wait behind new uploads, in a separate queue."
        ),
    ] = -1,
    resume: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="Continue an interrupted backfill with the token that it printed."),
    ] = None,
    as_json: show.JsonOption = False,
) -> None:
    """Create tasks for objects that are already in a bucket. Objects that already have tasks keep them."""
    request = BackfillRequest(place, dry_run, modified_after, priority)
    seen = Tally(dry_run=dry_run)
    report = Report("verdicts", verdict_line, as_json=as_json)
    report.next_token = resume

    def say_how_to_continue() -> None:
        command = command_line(context)
        rest = request.as_typed(report.next_token, as_json=as_json)
        show.say(show.plain(f"stopped after {seen}"))
        show.say(f"to continue:\n  {show.plain(f'{command} {rest}')}")

    with connect_to_api(context) as api, report:
        try:
            for page in offer_pages(api, request, resume, seen):
                seen.add(page["verdicts"])
                report.add(page["verdicts"], page.get("nextToken"))
        except KeyboardInterrupt:
            say_how_to_continue()
            raise typer.Exit(INTERRUPTED) from None
        except (ReelmillError, OSError) as error:
            if isinstance(error, ApiRefused) and error.code == "InvalidNextToken":
                error.remedy = (
                    "pass the complete token that the same backfill printed last, or start again without --resume"
                )
            elif report.next_token:
                say_how_to_continue()
            raise
    show.say(show.plain(seen))
    if seen.verdicts["INVALID_ORCHESTRATION"]:
        raise typer.Exit(1)


@dataclass(frozen=True)
class BackfillRequest:
    """The objects to process, and the tasks to create. The time is already in the API's format, not an age."""

    place: str
    dry_run: bool
    modified_after: str | None
    priority: int

    def body(self, token: str | None) -> dict[str, Any]:
        """Return the request for a page, the first one without a token."""
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

    def as_typed(self, token: str | None, *, as_json: bool) -> str:
        """Return the command line that continues from that token."""
        words = ["backfill", "--priority", str(self.priority)]
        words += ["--dry-run"] if self.dry_run else []
        words += ["--modified-after", self.modified_after] if self.modified_after else []
        words += ["--json"] if as_json else []
        words += ["--query", query] if (query := QUERY.get()) else []
        words += ["--resume", token] if token else []
        words += ["--"] if self.place.startswith("-") else []
        return shlex.join([*words, self.place])


class Tally:
    """The totals of a backfill so far."""

    def __init__(self, *, dry_run: bool) -> None:
        """Start at zero."""
        self.verdicts: Counter[str] = Counter()
        self._objects = 0
        self._last_key = ""
        self._created = "would be created" if dry_run else "created"

    def add(self, verdicts: Sequence[Mapping[str, Any]]) -> None:
        """Count the verdicts of one page: an object has one for each orchestration that matches it."""
        self.verdicts.update(verdict["verdict"] for verdict in verdicts)
        self._objects += len({(verdict["key"], verdict.get("versionId")) for verdict in verdicts})
        self._last_key = verdicts[-1]["key"] if verdicts else self._last_key

    def __str__(self) -> str:
        """Return the totals as a sentence."""
        refused = {name: count for name, count in self.verdicts.items() if name not in {"MATCHED", "DUPLICATE"}}
        why = ", ".join(f"{count:,} {name}" for name, count in sorted(refused.items()))
        parts = (
            f"{show.count_of(self.verdicts['MATCHED'], 'task')} {self._created}",
            show.count_of(self.verdicts["DUPLICATE"], "duplicate"),
            f"{sum(refused.values()):,} not matched" + (f" ({why})" if why else ""),
        )
        last = f"; last object: {self._last_key}" if self._last_key else ""
        return f"{show.count_of(self._objects, 'object')} seen: {', '.join(parts)}{last}"


def bucket_and_prefix(place: str) -> tuple[str | None, str]:
    """Return the bucket and the prefix of `s3://BUCKET/PREFIX`; a prefix alone has no bucket."""
    if not place.startswith(S3_SCHEME):
        return None, place
    bucket, _, prefix = place.removeprefix(S3_SCHEME).partition("/")
    if not bucket:
        raise typer.BadParameter(f"{place!r} does not name a bucket", param_hint="s3://BUCKET/PREFIX")
    return bucket, prefix


def offer_pages(api: Api, request: BackfillRequest, token: str | None, seen: Tally) -> Iterator[dict[str, Any]]:
    """Offer one page of objects after the other and yield the answers; show the progress meanwhile."""
    progress = ProgressLine()
    while True:
        with progress.during(str(seen)):
            page: dict[str, Any] = api.send("POST", "/uploads/backfill", request.body(token), pauses=PAUSES)
        yield page
        token = page.get("nextToken")
        if not token:
            return


def verdict_line(verdict: Mapping[str, Any]) -> str:
    """Return the verdict on one object as a line: the verdict, the task, the key, the orchestration or the reason."""
    orchestration = verdict["verdict"] in {"MATCHED", "DUPLICATE"} and verdict.get("orchestration")
    return (
        f"{verdict['verdict']:<12}  {verdict.get('taskId') or '-':<26}  {verdict['key']}  "
        f"({orchestration or verdict['reason']})"
    )
