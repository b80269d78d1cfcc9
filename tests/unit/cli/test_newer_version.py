"""What the command says about what only a newer version of Reelmill can read."""

from typing import Any

import pytest

from tests.support.command import TASK_ID, RemoteService, Reply, Run, task

OTHER_ID = TASK_ID[:-1] + "Z"


LISTS: dict[tuple[str, ...], tuple[dict[str, Any], str]] = {
    ("tasks", "list"): ({"tasks": [task()], "newerVersion": [OTHER_ID]}, f"task {OTHER_ID} was"),
    ("tasks", "list", "--status", "WAITING"): ({"tasks": [], "newerVersion": [TASK_ID]}, f"task {TASK_ID} was"),
    ("orchestrations", "list"): ({"orchestrations": [], "newerVersion": ["films"]}, "orchestration films was"),
    ("templates", "list"): ({"templates": [], "newerVersion": ["early"]}, "template early was"),
    ("templates", "versions", "early"): ({"versions": [], "newerVersion": ["2"]}, "version 2 was"),
    ("verdicts",): ({"verdicts": [], "newerVersion": ["a/b.mp4"]}, "the verdict on a/b.mp4 was"),
}
PATHS = {"verdicts": "/api/uploads/verdicts", "versions": "/api/templates/early/versions"}


@pytest.mark.parametrize("arguments", LISTS)
def test_a_list_names_what_it_lacks(here: Run, service: RemoteService, arguments: tuple[str, ...]) -> None:
    answer, sentence = LISTS[arguments]
    kind, verb, *_ = (*arguments, "")
    service.answers("GET", PATHS.get(verb) or PATHS.get(kind) or f"/api/{kind}", {**answer, "nextToken": None})

    ended = here(*arguments)

    assert (ended.code, ended.err) == (
        0,
        f"{sentence} stored by a newer version of Reelmill; deploy that version again to see it\n",
    )
    assert here(*arguments, "--json").document == {**answer, "nextToken": None}


def test_what_several_pages_lack_is_named_once_up_to_a_readable_length(here: Run, service: RemoteService) -> None:
    first, second = [f"{TASK_ID[:-1]}{end}" for end in "ABCD"], [OTHER_ID, "\x1b[31m", "x"]
    page_one = {"tasks": [task()], "newerVersion": first, "nextToken": "two"}
    page_two = {"tasks": [], "newerVersion": second, "nextToken": None}
    service.answers("GET", "/api/tasks", page_one, page_two, page_one, page_two)

    ended = here("tasks", "list", "--all")

    assert ended.err == (
        f"tasks {', '.join([*first, OTHER_ID])} and 2 more were stored by a newer version of Reelmill; "
        "deploy that version again to see them\n"
    )
    assert here("tasks", "list", "--all", "--json").document["newerVersion"] == [*first, *second]


def test_the_first_characters_of_an_unreadable_task_lead_to_the_api_s_explanation(
    here: Run, service: RemoteService
) -> None:
    service.answers("GET", "/api/tasks", {"tasks": [], "newerVersion": [TASK_ID], "nextToken": None})
    refusal = {"code": "NewerVersion", "message": f"a newer version of Reelmill stored task {TASK_ID}"}
    service.answers("GET", f"/api/tasks/{TASK_ID}", Reply(refusal, 409))

    ended = here("tasks", "get", TASK_ID[:8])

    assert ended.code == 1
    assert f"a newer version of Reelmill stored task {TASK_ID}" in ended.err
    assert "docs/guides/upgrading.md" in ended.err
