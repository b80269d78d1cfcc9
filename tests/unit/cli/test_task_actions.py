"""`reelmill tasks restart|end|cancel`: one task, several, and all that match a filter."""

from typing import Any

import pytest

from tests.support.command import TASK_ID, RemoteService, Reply, Run, Terminal, task

SECOND_ID = TASK_ID[:-1] + "Z"
BULK = "/api/tasks/bulk"
ERROR = {"code": "InvalidTaskStatus", "message": "task … is WAITING; only a COMPLETED task can be restarted"}


def done(task_id: str = TASK_ID) -> dict[str, Any]:
    """Return the API's result for a task that was changed."""
    return {"taskId": task_id, "task": task(taskId=task_id), "error": None}


def refused(task_id: str = SECOND_ID) -> dict[str, Any]:
    """Return the API's result for a task that was not changed."""
    return {"taskId": task_id, "task": None, "error": ERROR}


def knows(service: RemoteService, *ids: str, run: int = 1) -> None:
    """Let the service have these tasks, which the command reads before it acts on them."""
    for one in ids:
        service.answers("GET", f"/api/tasks/{one}", task(taskId=one, run=run))


def page(*results: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    """Return a page of results."""
    return {"results": list(results), "nextToken": token}


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (("restart",), "restart", {"run": 3}),
        (("restart", "--only-failed"), "restart", {"only": "FAILED", "run": 3}),
        (("end",), "end", {"run": 3}),
        (("cancel",), "cancel", {"run": 3}),
    ],
)
def test_one_task_is_changed_in_its_newest_run_and_shown(
    here: Run, service: RemoteService, words: tuple[str, ...], path: str, body: dict[str, object]
) -> None:
    route = f"/api/tasks/{TASK_ID}/{path}"
    knows(service, TASK_ID, run=3)
    service.answers("POST", route, task())

    ended = here("tasks", *words, TASK_ID, "--json")

    assert ended.document == task()
    assert [heard.document for heard in service.asked("POST", route)] == [body]


@pytest.mark.parametrize("action", ["restart", "end", "cancel"])
def test_an_action_whose_answer_was_lost_is_sent_again_for_the_same_run(
    here: Run, service: RemoteService, action: str
) -> None:
    route = f"/api/tasks/{TASK_ID}/{action}"
    knows(service, TASK_ID, run=2)
    service.answers("POST", route, Reply(b"{", headers={"Content-Length": "100"}), task())

    ended = here("tasks", action, TASK_ID, "--json")

    assert (ended.code, ended.document) == (0, task())
    assert [heard.document for heard in service.asked("POST", route)] == [{"run": 2}] * 2


def test_the_run_that_is_named_is_sent_as_it_is(here: Run, service: RemoteService) -> None:
    service.answers("POST", f"/api/tasks/{TASK_ID}/restart", task())

    ended = here("tasks", "restart", TASK_ID, "--run", "7")

    assert ended.code == 0
    assert [heard.document for heard in service.heard] == [{"run": 7}]


def test_a_restarted_task_can_be_watched_and_a_canceled_one_not(here: Run, service: RemoteService) -> None:
    knows(service, TASK_ID)
    service.answers("POST", f"/api/tasks/{TASK_ID}/restart", task(status="WAITING", outcome=None))
    service.answers("POST", f"/api/tasks/{TASK_ID}/cancel", task(outcome="ENDED"))

    assert f"reelmill tasks watch {TASK_ID}" in here("tasks", "restart", TASK_ID).err
    assert here("tasks", "cancel", TASK_ID).err == ""


@pytest.mark.parametrize(
    ("words", "action", "verb"),
    [
        (("restart",), "RESTART", "restarted"),
        (("restart", "--only-failed"), "RESTART_FAILED", "restarted"),
        (("end",), "END", "ended"),
        (("cancel",), "CANCEL", "canceled"),
    ],
)
def test_several_tasks_are_sent_in_one_request_and_each_has_a_line(
    here: Run, service: RemoteService, words: tuple[str, ...], action: str, verb: str
) -> None:
    knows(service, TASK_ID, SECOND_ID)
    service.answers("POST", BULK, page(done(), done(SECOND_ID)))

    ended = here("tasks", *words, TASK_ID, SECOND_ID, TASK_ID)

    runs = {TASK_ID: 1, SECOND_ID: 1}
    assert [heard.document for heard in service.asked("POST", BULK)] == [
        {"action": action, "taskIds": list(runs), "runs": runs}
    ]
    assert ended.out.splitlines() == [
        f"{TASK_ID}  {verb:<9}  uploads/film.mp4",
        f"{SECOND_ID}  {verb:<9}  uploads/film.mp4",
    ]
    assert (ended.code, ended.err) == (0, f"{verb} 2 tasks\n")


def test_a_refused_task_says_why_and_the_exit_code_is_1(here: Run, service: RemoteService) -> None:
    knows(service, TASK_ID, SECOND_ID)
    service.answers("POST", BULK, page(done(), refused()))

    ended = here("tasks", "restart", TASK_ID, SECOND_ID)

    assert ended.code == 1
    assert ended.out.splitlines()[1] == f"{SECOND_ID}  refused    InvalidTaskStatus: {ERROR['message']}"
    assert ended.err == "restarted 1 task, 1 refused\n"


def test_json_of_several_tasks_is_one_document_in_the_api_s_format(here: Run, service: RemoteService) -> None:
    ids = [f"{number:026}" for number in range(51)]
    first, second = [done(one) for one in ids[:50]], [refused(ids[50])]
    knows(service, *ids)
    service.answers("POST", BULK, page(*first), page(*second))

    ended = here("tasks", "cancel", *ids, "--json")

    assert ended.document == {"results": first + second, "nextToken": None}
    assert [heard.document["taskIds"] for heard in service.asked("POST", BULK)] == [ids[:50], ids[50:]]
    assert ended.code == 1


def test_a_wrong_id_among_several_leaves_the_others_unchanged(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": []})

    ended = here("tasks", "cancel", TASK_ID, "zz")

    assert ended.code == 1
    assert "no task ID begins with ZZ" in ended.err
    assert service.asked("POST", BULK) == []


def test_all_includes_every_page_of_the_filter(here: Run, service: RemoteService) -> None:
    service.answers("POST", BULK, page(done(), token="two"), page(token="three"), page(refused()))

    ended = here(
        *("tasks", "restart", "--all", "--yes", "--outcome", "failed", "--orchestration", "web-video"),
        *("--source-key", "a b.mp4", "--created-after", "2026-01-30T12:00:00Z"),
        *("--created-before", "2026-01-31T12:00:00Z", "--task-id", "06f"),
    )

    wanted = {
        "status": "COMPLETED",
        "outcome": "FAILED",
        "taskId": "06F",
        "sourceKey": "a b.mp4",
        "orchestration": "web-video",
        "createdAfter": "2026-01-30T12:00:00.000Z",
        "createdBefore": "2026-01-31T12:00:00.000Z",
    }
    request = {"action": "RESTART", "filter": wanted, "maxResults": 50}
    assert [heard.document for heard in service.heard] == [
        request,
        {**request, "nextToken": "two"},
        {**request, "nextToken": "three"},
    ]
    assert ended.err == "restarted 1 task, 1 refused\n"
    assert ended.code == 1


@pytest.mark.parametrize(
    ("words", "filters"),
    [
        (("restart",), [{"status": "COMPLETED"}]),
        (
            ("restart", "--only-failed"),
            [{"status": "COMPLETED", "outcome": "PARTIALLY_FAILED"}, {"status": "COMPLETED", "outcome": "FAILED"}],
        ),
        (("end",), [{"status": "WAITING"}]),
        # In this order, a task that starts in between is found while it runs.
        (("cancel",), [{"status": "WAITING"}, {"status": "IN_PROGRESS"}]),
        (("cancel", "--status", "in_progress"), [{"status": "IN_PROGRESS"}]),
        (("restart", "--only-failed", "--outcome", "failed"), [{"status": "COMPLETED", "outcome": "FAILED"}]),
        (
            ("restart", "--only-failed", "--status", "completed"),
            [{"status": "COMPLETED", "outcome": "PARTIALLY_FAILED"}, {"status": "COMPLETED", "outcome": "FAILED"}],
        ),
        # An explicit filter is sent, even if the API refuses it.
        (("restart", "--only-failed", "--outcome", "ended"), [{"outcome": "ENDED"}]),
        (("end", "--status", "completed"), [{"status": "COMPLETED"}]),
    ],
)
def test_all_means_the_tasks_that_allow_the_action(
    here: Run, service: RemoteService, words: tuple[str, ...], filters: list[dict[str, str]]
) -> None:
    service.answers("POST", BULK, page())

    ended = here("tasks", *words, "--all", "-y", "--orchestration", "web-video")

    sent = [heard.document["filter"] for heard in service.heard]
    assert sent == [{**one, "orchestration": "web-video"} for one in filters]
    assert (ended.code, ended.out, ended.err) == (0, "", "no matching tasks\n")


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_at_a_terminal_all_asks_for_confirmation(
    here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    service.answers("GET", "/api/tasks", {"tasks": [task()] * 2, "nextToken": None}, {"tasks": [], "nextToken": "more"})
    service.answers("POST", BULK, page(done()), page())

    ended = here("tasks", "cancel", "--all")

    assert ended.err.startswith("cancel 2 tasks or more? [y/n] (n): ")
    assert ended.code == code
    assert bool(service.asked("POST", BULK)) is (code == 0)
    assert ended.out.startswith(TASK_ID if code == 0 else "")


def test_at_a_terminal_no_question_is_asked_without_tasks(
    here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    service.answers("GET", "/api/tasks", {"tasks": [], "nextToken": None})
    service.answers("POST", BULK, page())

    ended = here("tasks", "end", "--all")

    assert (ended.code, ended.err) == (0, "no matching tasks\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("cancel", "--all"), "add --yes"),
        (("cancel",), "give task IDs, or --all"),
        (("end", TASK_ID, "--all", "--yes"), "give task IDs, or --all"),
        (("restart", TASK_ID, "--outcome", "failed"), "together with --all"),
        (("end", "--only-failed", TASK_ID), "--only-failed"),
        (("cancel", ""), "a task ID must not be blank"),
        (("cancel", TASK_ID, SECOND_ID, "--run", "1"), "--run only works with one task ID"),
        (("cancel", "--all", "--yes", "--run", "1"), "--run only works with one task ID"),
        (("restart", TASK_ID[:9], " "), "a task ID must not be blank"),
        (("end", "--all", "--yes", "--task-id", ""), "a task ID must not be blank"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error_and_sends_nothing(
    here: Run, service: RemoteService, arguments: tuple[str, ...], says: str
) -> None:
    ended = here("tasks", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert says in " ".join(ended.err.replace("│", " ").split())
    assert service.heard == []


def test_an_interrupted_action_prints_its_progress_and_is_not_sent_twice(here: Run, service: RemoteService) -> None:
    lost = Reply(b"{", headers={"Content-Length": "100"})
    service.answers("POST", BULK, page(done(), refused(), token="two"), lost)

    ended = here("tasks", "cancel", "--all", "--yes", "--status", "waiting", "--json")

    assert ended.code == 3
    assert ended.document == page(done(), refused(), token="two")
    assert "stopped by an error; canceled 1 task, 1 refused before that" in ended.err
    assert len(service.heard) == 2
