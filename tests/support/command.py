"""A server that answers like the API and S3, and the command that talks to it."""

import io
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from cli.main import main

TASK_ID = "06FJ2Q8ZK0QW8E5M3T9XV7R1AB"
BUCKET = "reelmill-input"


class Terminal(io.StringIO):
    """A terminal at which a person types this."""

    @staticmethod
    def isatty() -> bool:
        """Return that it is a terminal."""
        return True


@dataclass(frozen=True)
class Heard:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, still quoted."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True, strict_parsing=True))

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON
        """The JSON of the body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer; `body` is JSON unless it is bytes, and `meanwhile` runs before it is sent."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None


class RemoteService:
    """The API under /api and the store beside it; each route answers as the test says."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/api"
        self.store = f"http://127.0.0.1:{port}/store"
        self.heard: list[Heard] = []
        self._routes: dict[tuple[str, str], list[Reply]] = {}

    def answers(self, method: str, path: str, *replies: object) -> None:
        """Set the answers, in order; the last one repeats."""
        made = [reply if isinstance(reply, Reply) else Reply(reply) for reply in replies]
        self._routes[method, path] = made

    def asked(self, method: str, path: str) -> list[Heard]:
        """The requests that came for a route."""
        return [heard for heard in self.heard if (heard.method, heard.path) == (method, path)]

    def reply_to(self, heard: Heard) -> Reply:
        """Record the request and return the route's next answer."""
        self.heard.append(heard)
        replies = self._routes.get((heard.method, heard.path))
        if replies is None:
            return Reply({"code": "NotFound", "message": f"no such route: {heard.path}", "requestId": "r-404"}, 404)
        return replies.pop(0) if len(replies) > 1 else replies[0]


class Handler(BaseHTTPRequestHandler):
    """One connection to the service."""

    protocol_version = "HTTP/1.1"
    service: RemoteService

    def answer(self) -> None:
        """Read the request, answer as the service says."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.service.reply_to(Heard(self.command, self.path, dict(self.headers), body))
        reply.meanwhile()
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
            self.send_header(name, value)
        with suppress(BrokenPipeError, ConnectionResetError):  # a command that was interrupted hears no more
            self.end_headers()
            self.wfile.write(content)
        if reply.headers.get("Content-Length", str(len(content))) != str(len(content)):
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Print nothing: the service records all requests."""


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON
        """The one JSON document on stdout."""
        return json.loads(self.out)


Run = Callable[..., Ended]


def run_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> Ended:
    """Run the command itself, in this process."""
    monkeypatch.setattr("sys.argv", ["reelmill", *map(str, arguments)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    return Ended(int(ended.value.code or 0), captured.out, captured.err)


def subtask(no: int = 1, status: str = "SUCCESSFUL", **changes: object) -> dict[str, Any]:
    """A subtask as the API shows it."""
    return {
        "no": no,
        "name": f"part-{no}",
        "type": "TRANSCODE",
        "status": status,
        "startedAt": "2026-01-02T03:04:05.000Z",
        "endedAt": "2026-01-02T03:04:08.500Z",
        "progress": 100,
        "attempt": 1,
        "output": "s3://reelmill-output/uploads/film/x/film-part.mp4",
        "error": None,
        **changes,
    }


def task(**changes: object) -> dict[str, Any]:
    """A task as the API shows it: completed, with one subtask that succeeded."""
    return {
        "taskId": TASK_ID,
        "status": "COMPLETED",
        "outcome": "SUCCEEDED",
        "run": 1,
        "priority": 0,
        "source": {"bucket": BUCKET, "key": "uploads/film.mp4", "versionId": "v1", "eTag": "e1", "size": 9},
        "orchestration": {"name": "web-video", "version": 3},
        "createdAt": "2026-01-02T03:04:04.000Z",
        "startedAt": "2026-01-02T03:04:05.000Z",
        "endedAt": "2026-01-02T03:04:09.000Z",
        "progress": 100,
        "subtasks": [subtask()],
        **changes,
    }


def verdict(**changes: object) -> dict[str, Any]:
    """A verdict as the API shows it: on an upload that made a task."""
    return {
        "id": TASK_ID,
        "bucket": BUCKET,
        "key": "uploads/film.mp4",
        "versionId": "v1",
        "eTag": "e1",
        "size": 9,
        "uploadedAt": "2026-01-02T03:04:04.000Z",
        "verdict": "MATCHED",
        "reason": "task created",
        "orchestration": "web-video",
        "taskId": TASK_ID,
        **changes,
    }


FAILED_SUBTASK = subtask(
    2,
    "FAILED",
    output=None,
    error={"code": "SourceFileError.NotMedia", "message": "the file is a text, not a video"},
)
