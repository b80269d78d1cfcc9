"""The command, run against a remote service on a loopback port."""

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from cli.main import main
from tests.unit.cli.remote import Ended, Handler, RemoteService, Run


@pytest.fixture
def service() -> Iterator[RemoteService]:
    """A service on a loopback port of its own."""
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
    """The command itself, in an empty folder, with no settings of the machine it runs on."""
    for name in ("REELMILL_API_URL", "REELMILL_DATA_DIR", "REELMILL_DEBUG", "AWS_PROFILE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cli.watch.PAUSE", 0.01)  # a test's service has no work to do

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr("sys.argv", ["reelmill", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def here(service: RemoteService, reelmill: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, pointed at the service."""
    monkeypatch.setenv("REELMILL_API_URL", service.url)
    return reelmill
