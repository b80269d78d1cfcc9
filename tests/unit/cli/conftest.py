"""The command, run against a remote service on a loopback port."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.command import Handler, RemoteService, Run, run_command


@pytest.fixture
def service() -> Iterator[RemoteService]:
    """A service on a separate loopback port."""
    handler = type("BoundHandler", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.service = RemoteService(server.server_port)  # type: ignore[attr-defined]  # declared on Handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield handler.service  # type: ignore[attr-defined]  # the same
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def reelmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command, in an empty folder and without the settings of this machine."""
    for name in ("REELMILL_API_URL", "REELMILL_DATA_DIR", "REELMILL_DEBUG", "AWS_PROFILE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cli.watch.PAUSE", 0.01)  # the service of a test has nothing to process
    return partial(run_command, monkeypatch, capsys)


@pytest.fixture
def here(service: RemoteService, reelmill: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, configured for the service."""
    monkeypatch.setenv("REELMILL_API_URL", service.url)
    return reelmill
