"""`reelmill verdicts`: the verdicts on uploads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import show
from cli.connection import as_typed, connect_to_api
from cli.list_options import Filter, PagingOptions, expand_option_groups, fetch_list, time_option


class KeptVerdict(StrEnum):
    """A verdict that is stored. DUPLICATE is not: only a backfill reports it."""

    MATCHED = "MATCHED"
    NO_MATCH = "NO_MATCH"
    WRONG_FORMAT = "WRONG_FORMAT"
    EMPTY_OBJECT = "EMPTY_OBJECT"
    OWN_OUTPUT = "OWN_OUTPUT"
    SUPERSEDED = "SUPERSEDED"
    INVALID_ORCHESTRATION = "INVALID_ORCHESTRATION"


@dataclass(frozen=True)
class VerdictFilterOptions:
    """Which verdicts the command lists."""

    key: Annotated[str | None, typer.Option(help="Complete key of the upload.")] = None
    verdict: Annotated[
        KeptVerdict | None,
        typer.Option(
            case_sensitive=False,
            help=(
                "Verdict on the upload: matched, no_match, wrong_format, empty_object, own_output, superseded or "
                "invalid_orchestration."
            ),
        ),
    ] = None
    after: Annotated[str | None, time_option("Uploaded after this time")] = None
    before: Annotated[str | None, time_option("Uploaded before this time")] = None

    def as_query(self) -> Filter:
        """Return the options as the API names them."""
        return {
            "key": self.key,
            "verdict": self.verdict,
            "uploadedAfter": self.after,
            "uploadedBefore": self.before,
        }


@expand_option_groups
def verdicts_list(
    context: typer.Context, *, filters: VerdictFilterOptions, paging: PagingOptions, as_json: show.JsonOption = False
) -> None:
    """List the verdicts on uploads, newest first: the task that each created, or why it created none."""
    query = filters.as_query()
    with connect_to_api(context) as api:
        found = fetch_list(api, "/uploads/verdicts", "verdicts", query, paging)
    if as_json:
        show.print_json(found)
        return
    if found["verdicts"]:
        print_verdicts(found["verdicts"])
    show.say_if_more(found, "verdicts")
    show.say_if_newer(found, "the verdict on", "the verdicts on")
    if not found["verdicts"] and not found.get("newerVersion"):
        none = (
            "no matching uploads" if any(query.values()) else "no uploads yet; upload one with `reelmill upload FILE`"
        )
        show.say(as_typed(none, context))


def print_verdicts(found: list[dict[str, Any]]) -> None:
    """Print verdicts as a table, with fewer columns on a narrow screen."""
    roomy = show.stdout().width >= show.ROOMY
    columns: dict[str, dict[str, Any]] = {
        "UPLOADED": {},
        "VERDICT": {},
        "KEY": {"overflow": "fold", "no_wrap": False},
        **({"ORCHESTRATION": {}} if roomy else {}),
        "TASK OR REASON": {"overflow": "fold", "no_wrap": False},
    }
    show.print_table(columns, (verdict_row(verdict, roomy=roomy) for verdict in found))


def verdict_row(verdict: Mapping[str, Any], *, roomy: bool) -> tuple[str | Text, ...]:
    """Return a verdict as a row of the list."""
    uploaded = verdict["uploadedAt"]
    return (
        show.local_time(uploaded) if roomy else f"{show.age(uploaded)} ago",
        show.color_status(verdict["verdict"]),
        show.plain(verdict["key"]),
        *((show.plain(verdict.get("orchestration") or ""),) if roomy else ()),
        show.plain(verdict.get("taskId") or verdict["reason"]),
    )
