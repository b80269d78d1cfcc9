"""The command against the API itself: its requests match what the API expects."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from shared.operations import OPERATIONS
from tests.support.command import Run, run_command
from tests.support.deployment import put
from tests.support.functions import Api


class Gateway(BaseHTTPRequestHandler):
    """A connection that turns each request into an event of API Gateway."""

    protocol_version = "HTTP/1.1"
    api: Api

    def answer(self) -> None:
        asked = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(parse_qsl(asked.query))
        reply = self.api.ask(self.command, unquote(asked.path), json.loads(body) if body else None, query)
        content = reply.text.encode()
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def reelmill(api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Return the command for the API of an empty deployment, which handles one request at a time."""
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")  # they would be printed among what the command prints
    bound = type("BoundGateway", (Gateway,), {"api": api})
    with HTTPServer(("127.0.0.1", 0), bound) as server:
        monkeypatch.setenv("REELMILL_API_URL", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield partial(run_command, monkeypatch, capsys)
        server.shutdown()
        thread.join()


def test_a_backfill_creates_each_task_once_and_the_verdicts_show_it(reelmill: Run) -> None:
    for key in ("old/not taken.mp4", "uploads/a b+c.mp4", "uploads/é.mov", *(f"uploads/{n:02}.txt" for n in range(60))):
        put(key, b"x")

    dry = reelmill("backfill", "uploads/", "--dry-run", "--json")
    made = reelmill("backfill", "s3://input/uploads/", "--json")
    again = reelmill("backfill", "uploads/")
    verdicts = reelmill("verdicts", "--verdict", "matched", "--limit", "5", "--json")
    by_key = reelmill("verdicts", "--key", "uploads/a b+c.mp4")
    tasks = reelmill("tasks", "list", "--json")

    assert {run.code for run in (dry, made, again, verdicts, by_key, tasks)} == {0}
    sums = "62 objects seen: {}, 60 not matched (60 WRONG_FORMAT); last object: uploads/é.mov\n"
    assert dry.err == sums.format("2 tasks would be created, 0 duplicates")
    assert made.err == sums.format("2 tasks created, 0 duplicates")
    assert again.err == sums.format("0 tasks created, 2 duplicates")
    assert len(dry.document["verdicts"]) == len(made.document["verdicts"]) == 62
    matched = {v["key"]: v["taskId"] for v in made.document["verdicts"] if v["verdict"] == "MATCHED"}
    assert {task["source"]["key"]: task["taskId"] for task in tasks.document["tasks"]} == matched
    assert {task["queue"] for task in tasks.document["tasks"]} == {"BACKGROUND"}
    assert {v["key"]: v["taskId"] for v in verdicts.document["verdicts"]} == matched
    assert matched["uploads/a b+c.mp4"] in by_key.out


def test_a_stopped_backfill_resumes_where_it_stopped(reelmill: Run, api: Api) -> None:
    for number in range(60):
        put(f"uploads/{number:02} &+é.txt", b"x")
    first = api.post("/uploads/backfill", {"prefix": "uploads/", "priority": -1}).json

    rest = reelmill("backfill", "uploads/", "--resume", first["nextToken"], "--json")

    keys = [verdict["key"] for verdict in first["verdicts"] + rest.document["verdicts"]]
    assert keys == [f"uploads/{number:02} &+é.txt" for number in range(60)]
    assert rest.document["nextToken"] is None


def test_many_tasks_are_ended_restarted_and_canceled(reelmill: Run) -> None:
    for key in ("uploads/a.mp4", "uploads/b.mp4", "uploads/c.mp4"):
        put(key, b"x")
    made = reelmill("backfill", "uploads/", "--json").document["verdicts"]
    a, b, c = (verdict["taskId"] for verdict in made)

    ended = reelmill("tasks", "end", a, b)
    again = reelmill("tasks", "end", "--all", "--status", "completed", "--yes")
    rerun = reelmill(
        "tasks", "restart", "--all", "--only-failed", "--outcome", "ended", "--source-key", "uploads/a.mp4", "-y"
    )
    canceled = reelmill("tasks", "cancel", "--all", "--yes", "--orchestration", "web-video", "--json")
    one = reelmill("tasks", "restart", a, "--only-failed", "--json")
    repeated = reelmill("tasks", "end", b, "--json")
    refused = reelmill("tasks", "end", c)

    assert sorted(ended.out.splitlines()) == sorted(
        [f"{a}  ended      uploads/a.mp4", f"{b}  ended      uploads/b.mp4"]
    )
    assert (again.code, again.err) == (1, "ended 0 tasks, 2 refused\n")
    assert again.out.count("refused    InvalidTaskStatus: ") == 2
    assert (rerun.code, rerun.out) == (0, f"{a}  restarted  uploads/a.mp4\n")
    assert {result["taskId"] for result in canceled.document["results"]} == {a, c}
    assert {result["task"]["outcome"] for result in canceled.document["results"]} == {"ENDED"}
    assert one.document["run"] == 3
    assert (repeated.code, repeated.document["outcome"]) == (0, "ENDED")
    assert refused.code == 1
    assert "InvalidTaskStatus" in refused.err


def test_a_task_says_what_its_subtasks_wait_for(reelmill: Run, tmp_path: Path) -> None:
    put("uploads/a.mp4", b"x")
    rules = "[{name: hd, type: TRANSCODE, template: h264-720p}, {name: cover, type: SCREENSHOT, needs: [hd]}]"
    (tmp_path / "rules.yaml").write_text(rules)
    work = ("--subtasks", str(tmp_path / "rules.yaml"), "--priority", "2", "--session-context", "mine")

    made = reelmill("tasks", "create", "s3://input/uploads/a.mp4", *work, "--json").document
    shown = reelmill("tasks", "get", made["taskId"])

    assert shown.code == 0
    lines = shown.out.splitlines()
    assert "Queue    URGENT" in lines
    assert "Context  mine" in lines
    waits = [subtask["waiting"] for subtask in made["subtasks"]]
    assert [wait["reason"] for wait in waits] == ["QUEUED", "PREDECESSOR"]
    assert any(line.startswith("subtask 1 hd: queued ") for line in lines)
    assert f"subtask 2 cover: {waits[1]['message']}" in lines


def test_a_match_predicts_the_verdict_on_the_upload(reelmill: Run) -> None:
    taken = reelmill("orchestrations", "match", "uploads/a.mp4")
    empty = reelmill("orchestrations", "match", "uploads/a.mp4", "--size", "0", "--json")

    assert taken.out.splitlines()[0] == "MATCHED: 1 task would be created"
    assert empty.document["verdict"] == "EMPTY_OBJECT"


def test_operations_are_listed_and_described_with_their_groups(reelmill: Run) -> None:
    listed, one = reelmill("operations", "list"), reelmill("operations", "get", "transcode")
    schema, unknown = reelmill("operations", "get", "INSPECT", "--json"), reelmill("operations", "get", "paint")

    kinds = [line.split()[0] for line in listed.out.splitlines()[1:] if not line.startswith(" ")]
    assert kinds == [str(kind) for kind in OPERATIONS]
    assert one.code == 0
    assert {"watermarks[].text.content", "audio.bitrate"} <= {
        line.split()[0] for line in one.out.splitlines() if line.strip()
    }
    assert schema.document["type"] == "INSPECT"
    assert (unknown.code, "`reelmill operations list` lists the operations" in unknown.err) == (1, True)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_each_operation_can_be_described(reelmill: Run, kind: str) -> None:
    ended = reelmill("operations", "get", kind)

    assert ended.code == 0
    assert not [line for line in ended.out.splitlines() if "None" in line.split() or "any value" in line]
