"""Lists show a warning for what only a newer version of Reelmill can read, and its pages say the same."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.pages import settled

LISTS = {
    "/tasks": ("tasks", "Task films-1 was"),
    "/uploads": ("verdicts", "The result of films-1 was"),
    "/orchestrations": ("orchestrations", "Orchestration films-1 was"),
    "/templates": ("templates", "Template films-1 was"),
    "/templates/h264-720p?view=versions": ("versions", "Version films-1 was"),
}
STORED = "stored by a newer version of Reelmill. Deploy that version again to see"


def answer_newer(page: Page, field: str, *, names: list[str], keep: bool) -> None:
    """Let the list with that field lack these names, and contain its items only if `keep`."""

    def answer(route: Route) -> None:
        response = route.fetch()
        content: dict[str, Any] = response.json() if response.ok else {}
        if field in content:
            content |= {"newerVersion": names, **({} if keep else {field: [], "nextToken": None})}
            route.fulfill(response=response, json=content)
        else:
            route.fulfill(response=response)

    page.route("**/api/**", answer)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_names_what_it_lacks(page: Page, tasks: dict[str, str], path: str) -> None:
    assert tasks
    field, sentence = LISTS[path]
    answer_newer(page, field, names=["films-1"], keep=True)

    page.goto(path)

    main = settled(page)
    expect(main.get_by_text(f"{sentence} {STORED} it.")).to_be_visible()
    expect(main.get_by_role("row").nth(1)).to_be_visible()


def test_a_list_of_nothing_else_does_not_say_that_it_is_empty(page: Page) -> None:
    names = [f"films-{number}" for number in range(1, 8)]
    answer_newer(page, "tasks", names=names, keep=False)

    page.goto("/tasks")

    main = settled(page)
    expect(main.get_by_text(f"Tasks {', '.join(names[:5])} and 2 more were {STORED} them.")).to_have_count(1)
    expect(main.get_by_text("No tasks yet")).to_have_count(0)


def test_the_page_of_a_task_says_that_only_a_newer_version_can_read_it(
    page: Page, complaints: list[str], tasks: dict[str, str]
) -> None:
    message = (
        "a newer version of Reelmill stored the task, and this version can't read it; deploy the newer version again"
    )
    refusal = {"code": "NewerVersion", "message": message}
    page.route("**/api/tasks/**", lambda route: route.fulfill(status=409, json=refusal))

    page.goto(f"/tasks/{tasks['rich']}")

    expect(page.get_by_role("heading", level=1)).to_have_text("Stored by a newer version of Reelmill")
    expect(page.get_by_role("main")).to_contain_text(message[1:])
    complaints.clear()
