"""`reelmill subtasks get`, `tasks logs` and `operations`: what a subtask did, and what operations accept."""

from typing import Any

import pytest

from tests.support.command import FAILED_SUBTASK, TASK_ID, RemoteService, Run, subtask, task

ATTEMPT = {
    "attempt": 1,
    "startedAt": "2026-01-02T03:04:05.000Z",
    "endedAt": "2026-01-02T03:04:08.500Z",
    "error": None,
    "warnings": ["the file has no sound"],
    "commands": ["ffmpeg -i 'a b.mp4' out.mp4"],
    "logTail": "frame=1\n\x1b[31mspeed=2x",
    "seconds": {"operation": 3.0},
}
OUTPUT = {"bucket": "out", "key": "x/a.mp4", "size": 1500}


def detail(no: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A subtask in full, as the API shows it."""
    extra = {"params": {"width": 640, "crop": None}, "attempts": [ATTEMPT], "outputs": [OUTPUT]}
    base = {**subtask(no), "template": "small", "when": None, "needs": [], "result": {"score": 93}, "warnings": []}
    return {**base, **extra, **changes}


@pytest.fixture
def two(service: RemoteService) -> list[dict[str, Any]]:
    """Let the service have a task whose first subtask succeeded, and whose second failed."""
    error = {"code": "SourceFileError.NotMedia", "message": "the file is a text"}
    found = [detail(), detail(2, status="FAILED", error=error, attempts=[{**ATTEMPT, "error": error}], outputs=[])]
    service.answers("GET", f"/api/tasks/{TASK_ID}", task(subtasks=[subtask(), FAILED_SUBTASK]))
    for one in found:
        service.answers("GET", f"/api/tasks/{TASK_ID}/subtasks/{one['no']}", one)
    return found


def test_a_subtask_is_shown_in_full(here: Run, two: list[dict[str, Any]]) -> None:
    first, second = here("subtasks", "get", TASK_ID, "1"), here("subtasks", "get", TASK_ID, "2", "--json")

    assert (first.code, second.document) == (0, two[1])
    for fact in ("template small", "width: 640", "s3://out/x/a.mp4  1.5 kB", "score: 93", "1: ended without an error"):
        assert fact in first.out
    assert "crop" not in first.out


def test_an_earlier_run_can_be_named(here: Run, service: RemoteService, two: list[dict[str, Any]]) -> None:
    here("subtasks", "get", TASK_ID, "1", "--run", "3")
    here("tasks", "logs", TASK_ID, "--run", "3")

    assert {heard.query["run"] for heard in service.heard} == {"3"}
    assert len(service.heard) == 2 + len(two)


def test_logs_are_the_commands_and_the_end_of_the_log_of_each_attempt(here: Run, two: list[dict[str, Any]]) -> None:
    ended = here("tasks", "logs", TASK_ID)

    assert ended.out.splitlines() == [
        f"subtask 1 {two[0]['name']} {two[0]['type']}, attempt 1: ended without an error (3.5 s)",
        "$ ffmpeg -i 'a b.mp4' out.mp4",
        "frame=1",
        "�[31mspeed=2x",
        "warning: the file has no sound",
        "",
        f"subtask 2 {two[1]['name']} {two[1]['type']}, attempt 1: SourceFileError.NotMedia: the file is a text (3.5 s)",
        "$ ffmpeg -i 'a b.mp4' out.mp4",
        "frame=1",
        "�[31mspeed=2x",
        "warning: the file has no sound",
        "",
    ]


@pytest.mark.parametrize(
    ("words", "numbers"), [((), [1, 2]), (("--failed",), [2]), (("--subtask", "1"), [1]), (("--subtask", "2"), [2])]
)
def test_logs_of_some_subtasks_only(
    here: Run, two: list[dict[str, Any]], words: tuple[str, ...], numbers: list[int]
) -> None:
    ended = here("tasks", "logs", TASK_ID, *words, "--json")

    assert ended.document["taskId"] == TASK_ID
    assert [one["no"] for one in ended.document["subtasks"]] == numbers
    assert [one["attempts"] for one in ended.document["subtasks"]] == [two[no - 1]["attempts"] for no in numbers]


def test_logs_of_a_task_without_ended_attempts_say_so(here: Run, service: RemoteService) -> None:
    service.answers("GET", f"/api/tasks/{TASK_ID}", task(subtasks=[subtask()]))
    service.answers("GET", f"/api/tasks/{TASK_ID}/subtasks/1", detail(attempts=[]))

    none, no_failures = here("tasks", "logs", TASK_ID), here("tasks", "logs", TASK_ID, "--failed")

    assert (none.code, none.out, none.err) == (0, "", "no attempt has ended yet\n")
    assert (no_failures.code, no_failures.err) == (0, "no failed subtasks\n")
