"""The recovery after a kill: a sweep, and a task for every upload that was acknowledged."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from infra.local import recovery
from infra.local.pending_uploads import PendingUploads, version_ids
from infra.local.recovery import recover

SINCE = 1_893_456_060.0  # 2030-01-01T00:01:00Z


class Console:
    """A console whose API accepts offers page by page, after a given number of failures."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.failures = 0
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/api/uploads/backfill"
                told.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                told.failures -= 1
                status = 503 if told.failures >= 0 else 200
                token = None if "nextToken" in told.asked[-1] else "2"
                body = json.dumps({"verdicts": [], "nextToken": token}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def console() -> Iterator[Console]:
    console = Console()
    thread = threading.Thread(target=console.server.serve_forever, args=(0.01,))
    thread.start()
    yield console
    console.server.shutdown()
    thread.join()
    console.server.server_close()


@pytest.fixture
def uploads() -> PendingUploads:
    uploads = PendingUploads(owed=SINCE)
    uploads.bucket = "input"
    return uploads


def test_uploads_are_offered_again_page_by_page_from_a_minute_before(console: Console, uploads: PendingUploads) -> None:
    recover(uploads, console.url, lambda: None, 0, threading.Event())

    wanted = {"bucket": "input", "modifiedAfter": "2030-01-01T00:00:00.000+00:00"}
    assert console.asked == [wanted, wanted | {"nextToken": "2"}]
    assert uploads.since() is None


def test_uploads_are_owed_until_every_page_was_answered(
    console: Console, uploads: PendingUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "RETRY", 0.001)
    console.failures = 2
    stop = threading.Event()

    recover(uploads, console.url, lambda: None, 0, stop)

    assert len(console.asked) == 4
    assert uploads.owed is None

    stop.set()
    uploads.owed = SINCE
    recover(uploads, console.url, lambda: None, 0, stop)
    assert uploads.since() == SINCE


def test_the_sweeper_runs_at_once_and_again_when_the_leases_have_expired(
    console: Console, uploads: PendingUploads
) -> None:
    offers: list[int] = []

    recover(uploads, console.url, lambda: offers.append(len(console.asked)), 0.01, threading.Event())

    assert offers == [0, 2]


def test_a_failed_sweep_does_not_prevent_the_offers(console: Console, uploads: PendingUploads) -> None:
    def sweep() -> None:
        raise OSError

    recover(uploads, console.url, sweep, 0, threading.Event())

    assert len(console.asked) == 2


def test_only_notifications_of_s3_contain_versions() -> None:
    record = {"eventSource": "aws:s3", "s3": {"object": {"versionId": "v1"}}}

    assert version_ids({"Records": [record, record | {"s3": {"object": {"versionId": "v2"}}}]}) == ["v1", "v2"]
    assert version_ids({"Records": [{"eventSource": "aws:s3", "s3": {"object": {}}}]}) == []
    assert version_ids({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}) == []
    assert version_ids({"detail-type": "Object Created"}) == []
    assert version_ids(None) == []
