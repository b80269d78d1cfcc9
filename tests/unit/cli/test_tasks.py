"""`reelmill tasks`: its requests, its output and its exit codes."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.command import FAILED_SUBTASK, TASK_ID, RemoteService, Reply, Run, subtask, task

SECOND_ID = TASK_ID[:-1] + "Z"
WAITING = {"reason": "QUEUED", "message": "…", "needs": None, "retryAt": None, "ahead": None, "queue": "STANDARD"}


def test_json_output_is_the_api_s_document_and_nothing_else(here: Run, service: RemoteService) -> None:
    page = {"tasks": [task(somethingNew={"deep": [1, None, "é"]})], "nextToken": "more"}
    service.answers("GET", "/api/tasks", page)

    ended = here("tasks", "list", "--limit", "1", "--json")

    assert ended.document == page
    assert ended.code == 0


def test_a_list_shows_the_outcome_of_completed_tasks(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": [task(outcome="PARTIALLY_FAILED")]})

    ended = here("tasks", "list")

    line = next(line for line in ended.out.splitlines() if TASK_ID in line)
    assert "COMPLETED" in line
    assert "PARTIALLY_FAILED" in line
    assert "uploads/film.mp4" in line


def test_filters_reach_the_api_as_they_were_typed(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": []})
    key = "uploads/100% süß + 東京 🎬.mp4"

    ended = here("tasks", "list", "--source-key", key, "--status", "completed", "--outcome", "FAILED")

    assert service.heard[0].query == {
        "status": "COMPLETED",
        "outcome": "FAILED",
        "sourceKey": key,
        "maxResults": "20",
    }
    assert "+" not in service.heard[0].target
    assert (ended.code, ended.out) == (0, "")


def test_a_limit_above_a_page_requests_as_many_pages_as_needed(here: Run, service: RemoteService) -> None:
    first, second = [task()] * 100, [task(taskId=SECOND_ID)] * 20
    service.answers("GET", "/api/tasks", {"tasks": first, "nextToken": "two"}, {"tasks": second, "nextToken": "three"})

    ended = here("tasks", "list", "--limit", "120", "--json")

    assert ended.document == {"tasks": first + second, "nextToken": "three"}
    assert [heard.query for heard in service.heard] == [
        {"maxResults": "100"},
        {"maxResults": "20", "nextToken": "two"},
    ]


def test_all_means_all(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": [task()], "nextToken": "two"}, {"tasks": [task()]})

    ended = here("tasks", "list", "--all", "--json")

    assert ended.document == {"tasks": [task(), task()]}


def test_a_task_id_may_be_shortened_to_a_unique_prefix(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": [task()]})
    service.answers("GET", f"/api/tasks/{TASK_ID}", task())
    service.answers("POST", f"/api/tasks/{TASK_ID}/restart", task(run=2, status="WAITING", outcome=None))

    ended = here("tasks", "restart", TASK_ID[:9].lower(), "--json")

    assert service.heard[0].query["taskId"] == TASK_ID[:9]
    assert ended.document["run"] == 2


def test_an_ambiguous_prefix_changes_nothing_and_names_the_candidates(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": [task(), task(taskId=SECOND_ID)]})

    ended = here("tasks", "end", "06F")

    assert ended.code == 1
    assert TASK_ID in ended.err
    assert SECOND_ID in ended.err
    assert len(service.heard) == 1


def test_a_prefix_that_no_task_has_is_reported(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": []})

    ended = here("tasks", "get", "zz")

    assert ended.code == 1
    assert "no task ID begins with ZZ" in ended.err


@pytest.mark.parametrize("command", ["get", "watch", "download"])
@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_id_is_not_a_prefix_of_the_only_task(
    here: Run, service: RemoteService, command: str, blank: str
) -> None:
    service.answers("GET", "/api/tasks", {"tasks": [task()]})

    ended = here("tasks", command, blank)

    assert (ended.code, ended.out) == (2, "")
    assert "a task ID must not be blank" in ended.err
    assert service.heard == []


def test_a_complete_id_is_not_looked_up_first(here: Run, service: RemoteService) -> None:
    service.answers("GET", f"/api/tasks/{TASK_ID}", task())

    ended = here("tasks", "get", TASK_ID, "--run", "2", "--json")

    assert ended.document == task()
    assert [heard.target for heard in service.heard] == [f"/api/tasks/{TASK_ID}?run=2"]


def test_a_refusal_is_shown_with_its_code_its_request_and_what_to_do(here: Run, service: RemoteService) -> None:
    said = {
        "code": "InvalidTaskStatus",
        "message": f"task {TASK_ID} is WAITING; only a COMPLETED task can be restarted",
        "requestId": "req-1",
        "details": {"status": "WAITING"},
    }
    service.answers("GET", f"/api/tasks/{TASK_ID}", task())
    service.answers("POST", f"/api/tasks/{TASK_ID}/restart", Reply(said, 409))

    ended = here("tasks", "restart", TASK_ID, "--json")

    assert (ended.code, ended.out) == (1, "")
    for fact in (said["message"], "InvalidTaskStatus", "req-1", f"`reelmill tasks get {TASK_ID}`"):
        assert str(fact) in ended.err


def test_get_shows_why_a_subtask_failed(here: Run, service: RemoteService) -> None:
    service.answers("GET", f"/api/tasks/{TASK_ID}", task(outcome="FAILED", subtasks=[FAILED_SUBTASK]))

    ended = here("tasks", "get", TASK_ID)

    assert "SourceFileError.NotMedia: the file is a text, not a video" in ended.out


def test_get_shows_why_subtasks_wait_what_was_carried_over_and_the_queue(here: Run, service: RemoteService) -> None:
    message = "its last attempt was interrupted; the next begins at 2026-01-02T03:06:00.000Z"
    needing = {**WAITING, "reason": "PREDECESSOR", "needs": [2], "message": "it waits for subtask 2 (sd)"}
    subtasks = [
        subtask(1, name="hd", carriedFrom=1),
        subtask(2, "WAITING", name="sd", waiting={**WAITING, "reason": "RETRY", "message": message}),
        subtask(3, "WAITING", waiting=needing),
        subtask(4, "WAITING", waiting=needing),
    ]
    changes = {"run": 2, "queue": "BACKGROUND", "priority": -3, "sessionContext": "import of the archive"}
    service.answers("GET", f"/api/tasks/{TASK_ID}", task(status="IN_PROGRESS", subtasks=subtasks, **changes))

    lines = here("tasks", "get", TASK_ID).out.splitlines()

    assert "Run      2, priority -3" in lines
    assert "Queue    BACKGROUND" in lines
    assert "Context  import of the archive" in lines
    assert [line for line in lines if line.startswith("subtask")] == [
        "subtask 1 hd: carried over from run 1",
        f"subtask 2 sd: {message}",
        "subtasks 3 part-3, 4 part-4: it waits for subtask 2 (sd)",
    ]


def test_a_reason_that_several_subtasks_share_is_printed_once(here: Run, service: RemoteService) -> None:
    both = [{**FAILED_SUBTASK, "no": 1, "name": "hd"}, {**FAILED_SUBTASK, "no": 2, "name": "sd"}]
    service.answers("GET", f"/api/tasks/{TASK_ID}", task(outcome="FAILED", subtasks=both))

    ended = here("tasks", "watch", TASK_ID)

    assert ended.err.splitlines()[-1].startswith("subtasks 1 hd, 2 sd: SourceFileError.NotMedia: ")


def test_escape_codes_in_a_key_never_reach_the_terminal(here: Run, service: RemoteService) -> None:
    source = {**task()["source"], "key": "uploads/\x1b[31m\x07evil\nTASK.mp4"}
    service.answers("GET", "/api/tasks", {"tasks": [task(source=source)]})
    service.answers("GET", f"/api/tasks/{TASK_ID}", task(source=source))

    ended = [here("tasks", "list"), here("tasks", "get", TASK_ID)]

    for run in ended:
        assert "evil" in run.out
        assert not {"\x1b", "\x07"} & set(run.out)
        assert not any(line.startswith("TASK.mp4") for line in run.out.splitlines())


def test_names_are_never_treated_as_markup(here: Run, service: RemoteService) -> None:
    source = {**task()["source"], "key": "uploads/[bold]x[/bold] :smile: [/].mp4"}
    service.answers("GET", "/api/tasks", {"tasks": [task(source=source)]})

    ended = here("tasks", "list")

    assert "uploads/[bold]x[/bold] :smile: [/].mp4" in ended.out


@pytest.mark.parametrize(("outcome", "code"), [("SUCCEEDED", 0), ("PARTIALLY_FAILED", 1), ("FAILED", 1), ("ENDED", 1)])
def test_watch_ends_with_zero_only_if_the_task_succeeded(
    here: Run, service: RemoteService, outcome: str, code: int
) -> None:
    waiting = task(status="WAITING", outcome=None, subtasks=[subtask(status="WAITING", progress=0)])
    service.answers("GET", f"/api/tasks/{TASK_ID}", waiting, task(outcome=outcome))

    ended = here("tasks", "watch", TASK_ID)

    assert ended.code == code
    assert ended.out == f"{outcome} in 4.0 s\n"


def test_watch_without_a_terminal_writes_a_line_for_each_step_and_no_more(here: Run, service: RemoteService) -> None:
    running = subtask(status="IN_PROGRESS", progress=10, endedAt=None)
    service.answers(
        "GET",
        f"/api/tasks/{TASK_ID}",
        task(status="WAITING", outcome=None, subtasks=[subtask(status="WAITING", progress=0)]),
        task(status="IN_PROGRESS", outcome=None, subtasks=[running]),
        task(status="IN_PROGRESS", outcome=None, subtasks=[{**running, "progress": 15}]),
        task(status="IN_PROGRESS", outcome=None, subtasks=[{**running, "progress": 60, "attempt": 2}]),
        task(),
    )

    ended = here("tasks", "watch", TASK_ID, "--json")

    lines = [" ".join(line.split()) for line in ended.err.splitlines()]
    assert lines == [
        "1 part-1 TRANSCODE 0 % waiting",
        "1 part-1 TRANSCODE 10 % running",
        "1 part-1 TRANSCODE 60 % running, attempt 2",
        "1 part-1 TRANSCODE 100 % done in 3.5 s",
    ]
    assert ended.document == task()


def test_watch_shows_briefly_what_each_subtask_waits_for(here: Run, service: RemoteService) -> None:
    retry_at = datetime(2026, 1, 2, 3, 6, 7).astimezone()
    waits = [
        {**WAITING, "reason": "UNSENT"},
        {**WAITING, "ahead": 1200},
        {**WAITING, "ahead": 1100},  # no line: the reason is unchanged
        {**WAITING, "ahead": None},  # the same
        {**WAITING, "reason": "RETRY", "retryAt": retry_at.isoformat()},
        {**WAITING, "reason": "BUDGET", "retryAt": retry_at.isoformat()},
        {**WAITING, "reason": "JOB", "message": "waiting for Rekognition", "retryAt": retry_at.isoformat()},
        {**WAITING, "reason": "PREDECESSOR", "needs": [2, 3]},
    ]
    standings = [
        task(status="WAITING", outcome=None, subtasks=[subtask(status="WAITING", progress=0, waiting=one)])
        for one in waits
    ]
    service.answers("GET", f"/api/tasks/{TASK_ID}", *standings, task(subtasks=[subtask(carriedFrom=1)]))

    ended = here("tasks", "watch", TASK_ID)

    assert [line.partition(" % ")[2].strip() for line in ended.err.splitlines()] == [
        "waiting",
        "queued, about 1,200 ahead",
        "next attempt at 03:06:07",
        "daily budget exhausted; next check at 03:06:07",
        "waiting for Rekognition",
        "waiting for 2, 3",
        "carried over from run 1",
    ]


def test_watch_repeats_why_it_waits_without_progress(
    here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.watch.STALLED", 0)
    behind = {**WAITING, "message": "about 1,200 others are before it in the STANDARD queue"}
    waiting = task(
        status="WAITING", outcome=None, subtasks=[subtask(name="hd", status="WAITING", progress=0, waiting=behind)]
    )
    service.answers("GET", f"/api/tasks/{TASK_ID}", waiting, waiting, task())

    ended = here("tasks", "watch", TASK_ID)

    assert "  subtask 1 hd: about 1,200 others are before it in the STANDARD queue" in ended.err.splitlines()


def test_ctrl_c_ends_the_watching_and_says_that_the_task_continues(
    here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.watch.time.sleep", interrupted)
    service.answers("GET", f"/api/tasks/{TASK_ID}", task(status="IN_PROGRESS", outcome=None))

    ended = here("tasks", "watch", TASK_ID, "--json")

    assert (ended.code, ended.out) == (130, "")
    assert ended.err.splitlines()[-1] == f"the task continues: `reelmill tasks watch {TASK_ID}`"


def test_watch_says_where_to_look_without_progress(
    here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.watch.STALLED", 0)
    waiting = task(status="WAITING", outcome=None, subtasks=[subtask(status="WAITING", progress=0)])
    service.answers("GET", f"/api/tasks/{TASK_ID}", waiting, waiting, waiting, task())

    ended = here("tasks", "watch", TASK_ID)

    assert ended.err.count("no progress") == 2
    assert "reelmill status" in ended.err


def test_watch_survives_a_transient_error_of_the_gateway(here: Run, service: RemoteService) -> None:
    service.answers("GET", f"/api/tasks/{TASK_ID}", Reply({"message": "Service Unavailable"}, 503), task())

    ended = here("tasks", "watch", TASK_ID)

    assert ended.code == 0


def test_create_sends_what_the_command_line_and_the_file_say(here: Run, service: RemoteService, tmp_path: Path) -> None:
    rules = [{"name": "cover", "type": "SCREENSHOT", "params": {"at": ["10%"]}}]
    (tmp_path / "work.yaml").write_text("- {name: cover, type: SCREENSHOT, params: {at: ['10%']}}\n")
    service.answers("POST", "/api/tasks", Reply(task(), 201))

    ended = here(
        *("tasks", "create", "s3://films/a b/c.mp4", "--subtasks", "work.yaml", "--priority", "-3"),
        *("--client-token", "once", "--session-context", "a word of mine", "--json"),
    )

    assert ended.document == task()
    assert service.heard[0].document == {
        "source": {"bucket": "films", "key": "a b/c.mp4"},
        "subtasks": rules,
        "priority": -3,
        "clientToken": "once",
        "sessionContext": "a word of mine",
    }


def test_a_create_whose_answer_was_lost_is_sent_again_with_the_same_token(here: Run, service: RemoteService) -> None:
    service.answers("POST", "/api/tasks", Reply(b"{", headers={"Content-Length": "100"}), Reply(task(), 200))

    ended = here("tasks", "create", "s3://films/c.mp4", "--orchestration", "web-video", "--json")

    first, second = (heard.document for heard in service.heard)
    assert (ended.code, ended.document) == (0, task())
    assert first == second
    assert len(first["clientToken"]) >= 16


@pytest.mark.parametrize(
    "arguments",
    [
        ("s3://films/c.mp4",),
        ("s3://films/c.mp4", "--orchestration", "a", "--subtasks", "work.yaml"),
        ("s3://films", "--orchestration", "a"),
        ("s3://films/c.mp4", "--key", "d.mp4", "--orchestration", "a"),
        ("--bucket", "films", "--orchestration", "a"),
        ("s3://films/c.mp4", "--subtasks", "absent.yaml"),
        ("s3://films/c.mp4", "--subtasks", "broken.yaml"),
        ("s3://films/c.mp4", "--orchestration", "a", "--priority", "11"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error_and_sends_nothing(
    here: Run,
    service: RemoteService,
    tmp_path: Path,
    arguments: tuple[str, ...],
) -> None:
    (tmp_path / "work.yaml").write_text("[]")
    (tmp_path / "broken.yaml").write_text("a: [1,\n b: }")

    ended = here("tasks", "create", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert service.heard == []
    assert "Traceback" not in ended.err


def test_download_writes_complete_files_to_a_folder_named_after_the_task(
    here: Run,
    service: RemoteService,
    tmp_path: Path,
) -> None:
    outputs = [
        {
            "key": "a/film.mp4",
            "fileName": "../../film.mp4",
            "downloadUrl": f"{service.store}/film",
            "size": 4,
        },
        {"key": "a/film.mp4", "fileName": "film.mp4", "downloadUrl": f"{service.store}/other", "size": 5},
    ]
    service.answers("GET", f"/api/tasks/{TASK_ID}", task())
    service.answers("GET", f"/api/tasks/{TASK_ID}/subtasks/1/outputs", {"outputs": outputs})
    service.answers("GET", "/store/film", Reply(b"film"))
    service.answers("GET", "/store/other", Reply(b"other"))

    ended = here("tasks", "download", TASK_ID)

    assert ended.out.splitlines() == [f"{TASK_ID}/film.mp4", f"{TASK_ID}/film (2).mp4"]
    assert (tmp_path / TASK_ID / "film.mp4").read_bytes() == b"film"
    assert (tmp_path / TASK_ID / "film (2).mp4").read_bytes() == b"other"
    assert sorted(path.name for path in tmp_path.iterdir()) == [TASK_ID]


def test_a_task_without_outputs_has_nothing_to_download(here: Run, service: RemoteService) -> None:
    service.answers("GET", f"/api/tasks/{TASK_ID}", task(outcome="FAILED", subtasks=[FAILED_SUBTASK]))

    ended = here("tasks", "download", TASK_ID)

    assert ended.code == 1
    assert "has no outputs" in ended.err


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_is_a_positive_number(here: Run, limit: str) -> None:
    assert here("tasks", "list", "--limit", limit).code == 2


def test_every_data_command_offers_json(here: Run) -> None:
    for command in ("list", "get", "create", "restart", "end", "cancel", "watch", "download"):
        assert "--json" in here("tasks", command, "--help").out, command


def test_json_keeps_characters_readable(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": [task(sessionContext="東京 é")]})

    ended = here("tasks", "list", "--json")

    assert "東京 é" in ended.out
    assert json.loads(ended.out)["tasks"][0]["sessionContext"] == "東京 é"
