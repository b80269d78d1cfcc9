"""The command as a whole: global options, usage errors, unexpected errors, and typed times."""

import json
import re
import socket
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
import typer

from cli.times import point_in_time
from shared import __version__
from tests.support.command import RemoteService, Reply, Run


def test_help_names_every_command(reelmill: Run) -> None:
    ended = reelmill("--help")

    assert ended.code == 0
    for command in (
        "up",
        "down",
        "status",
        "env",
        "doctor",
        "demo",
        "upload",
        "verdicts",
        "backfill",
        "tasks",
        "orchestrations",
        "templates",
        "preflight",
    ):
        assert re.search(rf"\b{command}\b", ended.out), command


def test_the_version_is_that_of_the_package_and_of_the_api(reelmill: Run) -> None:
    ended = reelmill("--version")

    assert (ended.code, ended.out, ended.err) == (0, f"reelmill {version('reelmill')}\n", "")
    assert version("reelmill") == __version__


@pytest.mark.parametrize("arguments", [("nonsense",), ("tasks", "nonsense"), ("tasks", "list", "--nonsense")])
def test_an_unknown_command_is_a_usage_error(reelmill: Run, arguments: tuple[str, ...]) -> None:
    ended = reelmill(*arguments)

    assert (ended.code, ended.out) == (2, "")
    assert "nonsense" in ended.err


def test_global_options_may_follow_the_command(reelmill: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": []})

    ended = [
        reelmill("--api-url", service.url, "tasks", "list", "--json"),
        reelmill("tasks", "--api-url", service.url, "list", "--json"),
        reelmill("tasks", "list", "--json", f"--api-url={service.url}"),
    ]

    assert [run.document for run in ended] == [{"tasks": []}] * 3


def test_after_two_dashes_nothing_is_an_option(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/templates/--region", {"name": "--region"})

    ended = here("templates", "get", "--json", "--", "--region")

    assert ended.document == {"name": "--region"}


def test_without_a_stack_a_command_says_how_to_start_one(reelmill: Run) -> None:
    ended = reelmill("tasks", "list", "--json")

    assert (ended.code, ended.out) == (3, "")
    assert "no stack is running in .reelmill" in ended.err
    assert "reelmill up" in ended.err


def test_a_failure_of_this_machine_is_a_message(here: Run, service: RemoteService, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").touch()
    task = {"taskId": "x", "subtasks": [{"no": 1, "status": "SUCCESSFUL"}]}
    service.answers("GET", f"/api/tasks/{'A' * 26}", task)
    service.answers("GET", "/api/tasks/x/subtasks/1/outputs", {"outputs": [{"key": "k"}]})

    ended = here("tasks", "download", "A" * 26, "--to", "in-the-way/folder")

    assert ended.code == 1
    assert "error: in-the-way" in ended.err
    assert "Traceback" not in ended.err


def test_an_unexpected_answer_is_a_message_too(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"unheard": "of"})

    ended = here("tasks", "list")

    assert ended.code == 1
    assert "KeyError" in ended.err
    assert "REELMILL_DEBUG=1" in ended.err
    assert "Traceback" not in ended.err


def test_ctrl_c_while_the_command_loads_ends_it_silently(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Loading:
        def __getattr__(self, _: str) -> object:
            raise KeyboardInterrupt

    (reelmill,) = entry_points(group="console_scripts", name="reelmill")
    start = reelmill.load()
    monkeypatch.setitem(sys.modules, "cli.main", Loading())

    with pytest.raises(SystemExit) as ended:
        start()

    assert ended.value.code == 130
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (404, "OrchestrationNotFound", "`{me} orchestrations list` lists"),
        (404, "TaskNotFound", "`{me} tasks list` lists"),
        (400, "UnknownTemplate", "`{me} templates list` lists"),
        (409, "InvalidTaskStatus", "`{me} tasks get "),
    ],
)
def test_a_remedy_fits_the_error_and_is_typed_as_the_command_was(
    reelmill: Run, service: RemoteService, status: int, code: str, advice: str
) -> None:
    service.answers("POST", "/api/tasks", Reply({"code": code, "message": "no", "requestId": "r"}, status))

    ended = reelmill("--api-url", service.url, "tasks", "create", "s3://b/k", "--orchestration", "gone")

    assert f"try      {advice.format(me=f'reelmill --api-url {service.url}')}" in ended.err


@pytest.mark.parametrize(("typed", "ago"), [("30s", 30), ("90m", 5400), ("12h", 43200), ("7d", 604800), ("1w", 604800)])
def test_a_time_may_be_typed_as_an_age(typed: str, ago: int) -> None:
    at = datetime.fromisoformat(point_in_time(typed))

    assert abs(datetime.now(UTC) - timedelta(seconds=ago) - at) < timedelta(seconds=5)


def test_a_time_with_a_zone_becomes_utc_with_milliseconds() -> None:
    assert point_in_time("2026-01-31T12:00:00.1234+02:00") == "2026-01-31T10:00:00.123Z"


def test_a_time_without_a_zone_is_local() -> None:
    at = datetime.fromisoformat(point_in_time("2026-01-31"))

    assert at == datetime(2026, 1, 31).astimezone()


@pytest.mark.parametrize("typed", ["", "yesterday", "12", "99999999999w", "2026-13-01", "0001-01-01T00:00+23:00"])
def test_an_invalid_time_is_reported(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a valid time"):
        point_in_time(typed)


@pytest.mark.parametrize(("variable", "option"), [("REELMILL_PORT", "--port"), ("REELMILL_AWS_PORT", "--aws-port")])
def test_the_environment_chooses_the_ports_of_the_stack(
    here: Run, monkeypatch: pytest.MonkeyPatch, variable: str, option: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv(variable, str(port))

        ended = here("doctor", "--json")

    found = json.dumps(ended.document)
    assert ended.code == 1
    assert str(port) in found
    assert option in found
