"""`reelmill verdicts`: what became of each upload."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import show
from cli.connection import as_typed, connected
from cli.list_options import Everything, Limit, NextToken, Time, listed


class KeptVerdict(StrEnum):
    """What may have become of an upload; that it came before is told by a backfill, and kept nowhere."""

    MATCHED = "MATCHED"
    NO_MATCH = "NO_MATCH"
    WRONG_FORMAT = "WRONG_FORMAT"
    EMPTY_OBJECT = "EMPTY_OBJECT"
    OWN_OUTPUT = "OWN_OUTPUT"
    SUPERSEDED = "SUPERSEDED"
    INVALID_ORCHESTRATION = "INVALID_ORCHESTRATION"


def verdicts(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    key: Annotated[str | None, typer.Option(help="The key that was uploaded, whole.")] = None,
    verdict: Annotated[KeptVerdict | None, typer.Option(case_sensitive=False)] = None,
    after: Annotated[str | None, Time] = None,
    before: Annotated[str | None, Time] = None,
    limit: Limit = 20,
    everything: Everything = False,
    next_token: NextToken = None,
    as_json: show.JsonOption = False,
) -> None:
    """List what became of uploads, newest first: the task each made, or why it made none."""
    filters = {
        "key": key,
        "verdict": verdict,
        "uploadedAfter": after,
        "uploadedBefore": before,
    }
    with connected(context) as api:
        found = listed(api, "/uploads/verdicts", "verdicts", filters, None if everything else limit, next_token)
    if as_json:
        show.print_json(found)
        return
    if found["verdicts"]:
        print_verdicts(found["verdicts"])
    if found.get("nextToken"):
        show.say(f"these are the newest {len(found['verdicts'])}; --limit or --all shows more")
    if not found["verdicts"]:
        none = "no upload is like that" if any(filters.values()) else "no uploads yet: `reelmill upload FILE`"
        show.say(as_typed(none, context))


def print_verdicts(found: list[dict[str, Any]]) -> None:
    """Print verdicts as a table; a narrow screen shows less of it."""
    roomy = show.stdout().width >= show.ROOMY
    columns: dict[str, dict[str, Any]] = {
        "UPLOADED": {},
        "VERDICT": {},
        "KEY": {"overflow": "fold", "no_wrap": False},
        **({"ORCHESTRATION": {}} if roomy else {}),
        "TASK OR WHY NONE": {"overflow": "fold", "no_wrap": False},
    }
    show.print_table(columns, (verdict_row(verdict, roomy=roomy) for verdict in found))


def verdict_row(verdict: Mapping[str, Any], *, roomy: bool) -> tuple[str | Text, ...]:
    """Return a verdict as a row of the list."""
    uploaded = verdict["uploadedAt"]
    return (
        show.clock(uploaded) if roomy else f"{show.age(uploaded)} ago",
        show.coloured(verdict["verdict"]),
        show.plain(verdict["key"]),
        *((show.plain(verdict.get("orchestration") or ""),) if roomy else ()),
        show.plain(verdict.get("taskId") or verdict["reason"]),
    )
