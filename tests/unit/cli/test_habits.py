"""What the command has in common with other commands: confirmations, output formats, quiet, and its help."""

import pytest

from tests.support.command import BUCKET, TASK_ID, RemoteService, Reply, Run, Terminal, task, verdict

CONFIRMED = [
    (("orchestrations", "delete", "mine"), "DELETE", "/api/orchestrations/mine", "delete orchestration mine? "),
    (("templates", "delete", "mine"), "DELETE", "/api/templates/mine", "delete template mine? "),
    (("orchestrations", "disable", "mine"), "POST", "/api/orchestrations/mine/disable", "disable orchestration mine? "),
]


@pytest.mark.parametrize(("arguments", "method", "route", "question"), CONFIRMED)
@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_what_stops_the_processing_of_files_is_confirmed(  # noqa: PLR0913, PLR0917 - the columns of the table
    here: Run,
    service: RemoteService,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    method: str,
    route: str,
    question: str,
    answer: str,
    code: int,
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    service.answers(method, route, {})

    ended = here(*arguments, "--quiet")

    assert ended.err.startswith(question), "the question is shown even if messages are not"
    assert (ended.code, ended.out) == (code, "")
    assert bool(service.asked(method, route)) is (code == 0)


@pytest.mark.parametrize(("arguments", "method", "route", "question"), CONFIRMED)
def test_without_a_terminal_a_change_that_must_be_confirmed_needs_yes(  # noqa: PLR0913, PLR0917 - the same
    here: Run, service: RemoteService, arguments: tuple[str, ...], method: str, route: str, question: str
) -> None:
    service.answers(method, route, {})

    refused, done = here(*arguments), here(*arguments, "--yes")

    assert (refused.code, "add --yes" in refused.err) == (2, True)
    assert (done.code, question in done.err) == (0, False)
    assert len(service.heard) == 1


@pytest.mark.parametrize("words", [("-o", "json"), ("--output", "json"), ("--output=JSON",), ("--json",)])
@pytest.mark.parametrize("first", [True, False])
def test_the_output_format_may_be_named_in_each_usual_way(
    here: Run, service: RemoteService, words: tuple[str, ...], *, first: bool
) -> None:
    service.answers("GET", f"/api/tasks/{TASK_ID}", task())
    command = ("tasks", "get", TASK_ID)

    ended = here(*words, *command) if first and "--json" not in words else here(*command, *words)

    assert ended.document == task()


def test_an_unknown_output_format_is_a_usage_error(here: Run) -> None:
    ended = here("tasks", "list", "-o", "xml")

    assert ended.code == 2
    assert "'xml' is not one of 'text', 'json'" in ended.err


@pytest.mark.parametrize("words", [("-q",), ("--quiet",)])
def test_quiet_leaves_out_messages_but_neither_results_nor_errors(
    here: Run, service: RemoteService, words: tuple[str, ...]
) -> None:
    page = {"tasks": [task()], "nextToken": "more"}
    service.answers("GET", "/api/tasks", page, {"tasks": []}, Reply({}, 403), page)

    listed, none, failed, loud = (here("tasks", "list", "--limit", "1", *one) for one in (words, words, words, ()))

    assert (TASK_ID in listed.out, listed.err) == (True, "")
    assert (none.out, none.err) == ("", "")
    assert failed.err.startswith("error: ")
    assert loud.err != ""


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--status", "done", "'done' is not one of 'waiting', 'in_progress', 'completed'."),
        ("--limit", "many", "'many' must be an integer"),
        ("--limit", "0", "'0' must be at least 1"),
    ],
)
def test_a_wrong_value_is_explained_without_words_of_pydantic(here: Run, option: str, value: str, says: str) -> None:
    ended = here("tasks", "list", option, value)

    said = " ".join(ended.err.replace("│", " ").split())
    assert ended.code == 2
    assert f"Invalid value for '{option}': {says}" in said


@pytest.mark.parametrize("command", ["", "upload", "tasks list", "tasks restart", "verdicts", "up", "templates put"])
def test_help_names_values_and_no_types_of_python(here: Run, command: str) -> None:
    text = here(*command.split(), "--help").out

    assert not [word for word in ("<str>", "<bool>", "<int", "<list", "<Path>", "<path>", "<dir>") if word in text]


@pytest.mark.parametrize("columns", ["80", "200"])
def test_lists_end_without_blanks_and_leave_room_for_the_key(
    here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    key = "uploads/a film of July.mp4"
    short = task(taskId="0" * 26, source={**task()["source"], "key": "a"})
    service.answers("GET", "/api/tasks", {"tasks": [task(source={"bucket": BUCKET, "key": key}), short]})

    lines = here("tasks", "list").out.splitlines()

    assert lines == [line.rstrip() for line in lines]
    assert len(lines) == 3
    assert key in lines[1]


@pytest.mark.parametrize("words", [("--query", "tasks[].source.key"), ("--query=tasks[].source.key", "--json")])
@pytest.mark.parametrize("first", [True, False])
def test_a_query_selects_from_a_result_and_implies_json(
    here: Run, service: RemoteService, words: tuple[str, ...], *, first: bool
) -> None:
    service.answers("GET", "/api/tasks", {"tasks": [task()], "nextToken": None})
    command = ("tasks", "list")

    ended = here(*command, *words) if "--json" in words or not first else here(*words, *command)

    assert (ended.code, ended.document) == (0, [task()["source"]["key"]])


def test_a_query_selects_from_all_pages_of_a_long_result(here: Run, service: RemoteService) -> None:
    pages = [{"verdicts": [verdict(key=key)], "nextToken": token} for key, token in (("a", "two"), ("b", None))]
    service.answers("POST", "/api/uploads/backfill", *pages)

    ended = here("backfill", "uploads/", "--query", "[verdicts[].key, nextToken]")

    assert ended.document == [["a", "b"], None]


def test_an_interrupted_command_is_continued_with_its_query(here: Run, service: RemoteService) -> None:
    service.answers("POST", "/api/uploads/backfill", {"verdicts": [verdict()], "nextToken": "two"}, Reply({}, 400))

    ended = here("backfill", "uploads/", "--query", "verdicts[].key")

    assert ended.document == [verdict()["key"]]
    assert "backfill --priority -1 --json --query 'verdicts[].key' --resume two uploads/" in ended.err


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("", "'' is not a JMESPath expression: it is empty"),
        ("tasks[", "'tasks[' is not a JMESPath expression: it is incomplete"),
        ("a b", "'a b' is not a JMESPath expression: error at character 3"),
        ("tasks.#", "'tasks.#' is not a JMESPath expression: error at character 7"),
        ("tasks[?size(@)].x", "'tasks[?size(@)].x' calls size, which is not a function of JMESPath: abs, avg, "),
        ("length(nextToken)", "'length(nextToken)' does not fit the result: length() takes string or array or object"),
        (
            "length(@, @)",
            "'length(@, @)' does not fit the result: the number of arguments of length() must be 1, not 2",
        ),
    ],
)
def test_a_query_that_cannot_be_answered_is_a_usage_error(
    here: Run, service: RemoteService, expression: str, says: str
) -> None:
    service.answers("GET", "/api/tasks", {"tasks": [], "nextToken": None})

    ended = here("tasks", "list", "--query", expression)

    assert (ended.code, ended.out) == (2, "")
    assert f"Invalid value for '--query': {says}" in " ".join(ended.err.replace("│", " ").split())
    assert bool(service.heard) is ("does not fit" in says)
