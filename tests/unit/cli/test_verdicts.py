"""`reelmill verdicts`: its requests and its output."""

import re

from shared.domain.upload import Verdict
from tests.support.command import TASK_ID, RemoteService, Run, verdict

VERDICTS = "/api/uploads/verdicts"
REFUSED = verdict(verdict="WRONG_FORMAT", reason="web-video takes mp4, mov", orchestration=None, taskId=None)


def test_the_filters_reach_the_api(here: Run, service: RemoteService) -> None:
    service.answers("GET", VERDICTS, {"verdicts": [], "nextToken": None})

    ended = here(
        *("verdicts", "--key", "uploads/a b+c.mp4", "--verdict", "no_match", "--limit", "7"),
        *("--after", "2026-01-30T12:00:00Z", "--before", "2026-01-31T12:00:00Z"),
    )

    assert service.heard[0].query == {
        "key": "uploads/a b+c.mp4",
        "verdict": "NO_MATCH",
        "uploadedAfter": "2026-01-30T12:00:00.000Z",
        "uploadedBefore": "2026-01-31T12:00:00.000Z",
        "maxResults": "7",
    }
    assert (ended.code, ended.out, ended.err) == (0, "", "no matching uploads\n")


def test_a_verdict_filter_is_a_stored_verdict(here: Run, service: RemoteService) -> None:
    service.answers("GET", VERDICTS, {"verdicts": [], "nextToken": None})

    ended = {name: here("verdicts", "--verdict", name) for name in (*Verdict, "MATCHD")}

    assert {name for name, run in ended.items() if run.code == 2} == {Verdict.DUPLICATE, "MATCHD"}
    assert [heard.query["verdict"] for heard in service.heard] == [
        name for name in Verdict if name is not Verdict.DUPLICATE
    ]


def test_an_upload_shows_its_task_or_why_it_has_none(here: Run, service: RemoteService) -> None:
    service.answers("GET", VERDICTS, {"verdicts": [verdict(), REFUSED], "nextToken": None})

    headings, made, refused = here("verdicts").out.splitlines()

    assert re.split(r"  +", headings.strip()) == ["UPLOADED", "VERDICT", "KEY", "ORCHESTRATION", "TASK OR REASON"]
    assert re.split(r"  +", made.strip())[1:] == ["MATCHED", "uploads/film.mp4", "web-video", TASK_ID]
    assert re.split(r"  +", refused.strip())[1:] == ["WRONG_FORMAT", "uploads/film.mp4", "web-video takes mp4, mov"]


def test_a_short_page_is_not_the_end(here: Run, service: RemoteService) -> None:
    service.answers(
        "GET",
        VERDICTS,
        {"verdicts": [], "nextToken": "two"},
        {"verdicts": [REFUSED], "nextToken": "three"},
        {"verdicts": [verdict()], "nextToken": "four"},
    )

    ended = here("verdicts", "--limit", "2", "--json")

    assert ended.document == {"verdicts": [REFUSED, verdict()], "nextToken": "four"}
    assert [heard.query.get("nextToken") for heard in service.heard] == [None, "two", "three"]


def test_more_results_than_the_limit_are_reported(here: Run, service: RemoteService) -> None:
    service.answers("GET", VERDICTS, {"verdicts": [verdict()], "nextToken": "more"})

    ended = here("verdicts", "--limit", "1")

    assert "showing the newest 1" in ended.err


def test_all_means_all(here: Run, service: RemoteService) -> None:
    service.answers(
        "GET", VERDICTS, {"verdicts": [verdict()], "nextToken": "two"}, {"verdicts": [REFUSED], "nextToken": None}
    )

    assert here("verdicts", "--all", "--json").document["verdicts"] == [verdict(), REFUSED]


def test_a_key_cannot_control_the_terminal(here: Run, service: RemoteService) -> None:
    evil = verdict(key="uploads/\x1b[31mevil\nMATCHED.mp4", reason="\x07", taskId=None)
    service.answers("GET", VERDICTS, {"verdicts": [evil], "nextToken": None})
    service.answers("POST", "/api/uploads/backfill", {"verdicts": [evil], "nextToken": None})

    for ended in (here("verdicts"), here("backfill", "uploads/")):
        assert "evil" in ended.out
        assert not {"\x1b", "\x07"} & set(ended.out + ended.err)
        assert not any(line.startswith("MATCHED.mp4") for line in ended.out.splitlines())
