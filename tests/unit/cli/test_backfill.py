"""`reelmill backfill`: each page is requested once, results are printed, and an interruption says how to continue."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import TASK_ID, RemoteService, Reply, Run, verdict

HERE = Path(__file__).parents[3]
BACKFILL = "/api/uploads/backfill"
# Tests that were started in the background of a shell ignore Ctrl-C, and so do the processes that they start.
INTERRUPTIBLE = """
import signal
from cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
NO_TASK = {"orchestration": None, "taskId": None}
FIRST = [verdict(), verdict(key="uploads/b c.mp4", verdict="DUPLICATE", reason="its task already exists")]
SECOND = [
    verdict(key="uploads/empty.mp4", verdict="EMPTY_OBJECT", reason="the object is empty or a folder", **NO_TASK),
    verdict(key="uploads/z.txt", verdict="WRONG_FORMAT", reason="it takes no txt", **NO_TASK),
]


def two_pages(service: RemoteService) -> None:
    """Let the service have two pages of objects."""
    service.answers("POST", BACKFILL, {"verdicts": FIRST, "nextToken": "two"}, {"verdicts": SECOND, "nextToken": None})


def test_every_page_is_requested_with_the_same_options_and_the_last_token(here: Run, service: RemoteService) -> None:
    two_pages(service)

    ended = here("backfill", "s3://films/archive/1998 & more/", "--modified-after", "2026-01-31T12:00:00Z")

    wish = {
        "bucket": "films",
        "prefix": "archive/1998 & more/",
        "modifiedAfter": "2026-01-31T12:00:00.000Z",
        "priority": -1,
        "dryRun": False,
        "maxResults": 50,
    }
    assert [heard.document for heard in service.heard] == [wish, {**wish, "nextToken": "two"}]
    assert ended.code == 0


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("uploads/", {"prefix": "uploads/"}),
        ("", {"prefix": ""}),
        ("s3://films", {"bucket": "films", "prefix": ""}),
        ("s3://films/", {"bucket": "films", "prefix": ""}),
        ("s3://films/a//b", {"bucket": "films", "prefix": "a//b"}),
    ],
)
def test_the_argument_is_a_bucket_and_a_prefix_or_a_prefix_of_the_input_bucket(
    here: Run, service: RemoteService, place: str, named: dict[str, str]
) -> None:
    service.answers("POST", BACKFILL, {"verdicts": [], "nextToken": None})

    here("backfill", place)

    sent = service.heard[0].document
    assert {name: sent[name] for name in ("bucket", "prefix") if name in sent} == named


def test_each_object_has_a_line_with_its_task_or_the_reason_for_none(here: Run, service: RemoteService) -> None:
    two_pages(service)

    ended = here("backfill", "uploads/")

    assert ended.out.splitlines() == [
        f"MATCHED       {TASK_ID}  uploads/film.mp4  (web-video)",
        f"DUPLICATE     {TASK_ID}  uploads/b c.mp4  (web-video)",
        f"EMPTY_OBJECT  {'-':<26}  uploads/empty.mp4  (the object is empty or a folder)",
        f"WRONG_FORMAT  {'-':<26}  uploads/z.txt  (it takes no txt)",
    ]
    assert ended.err == (
        "4 objects seen: 1 task created, 1 duplicate, 2 not matched (1 EMPTY_OBJECT, 1 WRONG_FORMAT);"
        " last object: uploads/z.txt\n"
    )


def test_an_object_that_two_orchestrations_match_is_one_object_and_two_tasks(here: Run, service: RemoteService) -> None:
    both = [verdict(), verdict(orchestration="covers"), verdict(versionId="v2")]
    service.answers("POST", BACKFILL, {"verdicts": both, "nextToken": None})

    ended = here("backfill", "uploads/")

    assert "2 objects seen: 3 tasks created" in ended.err


def test_a_dry_run_says_what_would_be_created(here: Run, service: RemoteService) -> None:
    service.answers("POST", BACKFILL, {"verdicts": [verdict(taskId=None)], "nextToken": None})

    ended = here("backfill", "uploads/", "--dry-run", "--priority", "3")

    assert service.heard[0].document["dryRun"] is True
    assert service.heard[0].document["priority"] == 3
    assert "1 task would be created" in ended.err
    assert TASK_ID not in ended.out


def test_json_is_one_document_of_all_pages(here: Run, service: RemoteService) -> None:
    two_pages(service)

    ended = here("backfill", "uploads/", "--json")

    assert ended.document == {"verdicts": FIRST + SECOND, "nextToken": None}


def test_json_of_no_objects_is_an_empty_list(here: Run, service: RemoteService) -> None:
    service.answers("POST", BACKFILL, {"verdicts": [], "nextToken": None})

    ended = here("backfill", "nothing/", "--json")

    assert ended.document == {"verdicts": [], "nextToken": None}
    assert ended.err == "0 objects seen: 0 tasks created, 0 duplicates, 0 not matched\n"


def test_an_object_with_an_invalid_orchestration_is_a_failure(here: Run, service: RemoteService) -> None:
    broken = verdict(verdict="INVALID_ORCHESTRATION", reason="template gone does not exist", taskId=None)
    service.answers("POST", BACKFILL, {"verdicts": [broken], "nextToken": None})

    ended = here("backfill", "uploads/")

    assert ended.code == 1
    assert "1 INVALID_ORCHESTRATION" in ended.err
    assert "template gone does not exist" in ended.out


def test_a_log_shows_the_progress(here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.report.QUIET", 0)
    two_pages(service)

    ended = here("backfill", "uploads/")

    assert ended.err.splitlines()[1] == (
        "2 objects seen: 1 task created, 1 duplicate, 0 not matched; last object: uploads/b c.mp4"
    )


def test_a_page_whose_answer_was_lost_is_requested_again(
    here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.backfill.PAUSES", (0.0, 0.0))
    lost = Reply(b"{", headers={"Content-Length": "100"})
    service.answers("POST", BACKFILL, lost, Reply(b"", 503), {"verdicts": FIRST, "nextToken": None})

    ended = here("backfill", "uploads/", "--json")

    assert ended.code == 0
    assert ended.document["verdicts"] == FIRST
    assert len(service.heard) == 3


def test_a_lost_connection_ends_it_with_the_command_that_continues(
    reelmill: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.backfill.PAUSES", (0.0,))
    lost = Reply(b"{", headers={"Content-Length": "100"})
    service.answers("POST", BACKFILL, {"verdicts": FIRST, "nextToken": "t'wo"}, lost)

    wanted = ("--modified-after", "7d", "--priority", "-2", "--dry-run", "--json")
    ended = reelmill("--api-url", service.url, "backfill", "s3://films/a b/", *wanted)

    assert ended.code == 3
    assert ended.document == {"verdicts": FIRST, "nextToken": "t'wo"}  # complete JSON, although it was interrupted
    command = shlex.split(next(line for line in ended.err.splitlines() if "--resume" in line))
    since = service.heard[0].document["modifiedAfter"]  # seven days before the start, not before the continuation
    assert command == [
        *("reelmill", "--api-url", service.url, "backfill", "--priority", "-2", "--dry-run"),
        *("--modified-after", since, "--json", "--resume", "t'wo", "s3://films/a b/"),
    ]
    assert "stopped after 2 objects seen" in ended.err


def test_the_command_that_continues_requests_only_the_rest(
    here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.backfill.PAUSES", ())
    refused = Reply({"code": "ServiceBusy", "message": "not now", "requestId": "r"}, 503)
    service.answers(
        "POST", BACKFILL, {"verdicts": FIRST, "nextToken": "two"}, refused, {"verdicts": SECOND, "nextToken": None}
    )
    stopped = here("backfill", "--json", "--", "-odd/")

    typed = shlex.split(next(line for line in stopped.err.splitlines() if "--resume" in line))
    ended = here(*typed[1:])

    assert stopped.code == 1
    assert ended.document["verdicts"] == SECOND
    assert service.heard[2].document == {**service.heard[0].document, "nextToken": "two"}


def test_a_continuation_that_fails_at_once_keeps_its_token(here: Run, service: RemoteService) -> None:
    service.answers("POST", BACKFILL, Reply({"code": "InternalError", "message": "oh", "requestId": "r"}, 500))

    ended = here("backfill", "uploads/", "--resume", "two")

    assert ended.code == 1
    assert "--resume two uploads/" in ended.err


def test_an_immediate_failure_offers_no_continuation(here: Run, service: RemoteService) -> None:
    said = {"code": "BucketNotFound", "message": "bucket flims does not exist", "requestId": "r"}
    service.answers("POST", BACKFILL, Reply(said, 404))

    ended = here("backfill", "s3://flims/", "--json")

    assert (ended.code, ended.out) == (1, "")
    assert "bucket flims does not exist" in ended.err
    assert "to go on" not in ended.err


def test_an_invalid_token_is_not_offered_again(here: Run, service: RemoteService) -> None:
    said = {"code": "InvalidNextToken", "message": "the nextToken is none", "requestId": "r"}
    service.answers("POST", BACKFILL, Reply(said, 400))

    ended = here("backfill", "uploads/", "--resume", "foo")

    assert ended.code == 1
    assert "try      pass the complete token" in ended.err
    assert "to go on" not in ended.err


def test_ctrl_c_ends_it_with_the_command_that_continues(service: RemoteService) -> None:
    command = [sys.executable, "-c", INTERRUPTIBLE, "backfill", "uploads/", "--json"]
    environment = {**os.environ, "REELMILL_API_URL": service.url}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=HERE, env=environment, stdout=pipe, stderr=pipe, text=True) as process:

        def interrupt() -> None:
            process.send_signal(signal.SIGINT)
            process.wait(30)

        never = Reply(b"", meanwhile=interrupt)
        service.answers("POST", BACKFILL, {"verdicts": FIRST, "nextToken": "two"}, never)
        out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in err
    assert "--resume two uploads/" in err
    assert out.count('"key"') == len(FIRST)
    assert out.endswith('"nextToken": "two"\n}\n')


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("s3:///a",),
        ("uploads/", "--priority", "11"),
        ("uploads/", "--modified-after", "yesterday"),
        ("uploads/", "videos/"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error_and_sends_nothing(
    here: Run, service: RemoteService, arguments: tuple[str, ...]
) -> None:
    ended = here("backfill", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert service.heard == []
