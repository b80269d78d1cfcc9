"""Without a response from the API, no page says that it is empty. Earlier content stays, with its time."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.pages import PAGES, settled

API = "**/api/**"
# How the console says that something is empty: in sentences, as a count, and as the value of a field.
EMPTY = re.compile(r"\b(No|Nothing|None)\b|\(0\)|^\u2013$", re.MULTILINE)
AS_OF = re.compile(r"Showing data as of \d\d:\d\d\.")
GATEWAY: dict[str, Any] = {"status": 500, "json": {"message": "Internal Server Error"}}  # as API Gateway responds
NO_SCOPE = {"code": "NotAllowed", "message": "the token lacks the scope"}
FORBIDDEN: dict[str, Any] = {"status": 403, "json": NO_SCOPE}
MISSING: dict[str, Any] = {"status": 404, "json": {"message": "there is no such thing"}}
# How the API can fail, and the sentence that every page then shows.
FAILURES: dict[str, tuple[Callable[[Route], None], str]] = {
    "unreachable": (lambda route: route.abort("connectionrefused"), "The API isn't responding."),
    "broken": (lambda route: route.fulfill(**GATEWAY), "Internal Server Error."),
    "gateway": (lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"), "(HTTP 502)"),
    "elsewhere": (lambda route: route.fulfill(body="<h1>Sign in to the hotel</h1>"), "The API isn't responding."),
    "forbidden": (lambda route: route.fulfill(**FORBIDDEN), "The token lacks the scope."),
    "missing": (lambda route: route.fulfill(**MISSING), "There is no such thing."),
}
# Paths, and the accessible names of what to press there to load more data.
OPENED: list[tuple[str, ...]] = [
    ("/tasks/create", "S3 object", "Browse"),
    ("/tasks/create", "Custom subtasks"),
    ("/tasks/{rich}", "Details of subtask 4"),
    ("/tasks/{rich}", "Play source video"),
    ("/tasks/{failed}", "Show log and ffmpeg command"),
    ("/templates/h264-720p", "Versions"),
    ("/orchestrations/web-video", "Versions"),
]


def press(page: Page, name: str) -> None:
    """Press the button, radio or tab with a name."""
    kinds = [page.get_by_role(kind, name=name, exact=True) for kind in ("button", "radio", "tab")]
    kinds[0].or_(kinds[1]).or_(kinds[2]).first.click()


@pytest.mark.parametrize("failure", FAILURES)
def test_no_page_that_fails_to_load_says_that_it_is_empty(
    page: Page, complaints: list[str], tasks: dict[str, str], failure: str
) -> None:
    fail, sentence = FAILURES[failure]
    page.route(API, fail)
    sentences = {}
    for path in PAGES:
        page.goto(path.format(**tasks))
        expect(page.get_by_role("main")).to_contain_text(sentence)
        sentences[path] = EMPTY.findall(settled(page).inner_text())

    assert sentences == {path: [] for path in PAGES}
    complaints.clear()


@pytest.mark.parametrize("opened", OPENED, ids=" ".join)
def test_nothing_that_loads_later_says_that_it_is_empty_when_it_fails(
    page: Page, complaints: list[str], tasks: dict[str, str], opened: tuple[str, ...]
) -> None:
    path, *pressed = opened
    page.goto(path.format(**tasks))
    settled(page)
    if pressed == ["Custom subtasks"]:
        page.route(API, FAILURES["unreachable"][0])
        page.reload()
    page.route(API, FAILURES["unreachable"][0])
    for name in pressed:
        press(page, name)

    place = page.get_by_role("dialog").or_(page.get_by_role("main")).last
    expect(page.get_by_text("The API isn't responding.").last).to_be_visible()
    assert re.findall(r"\b(?:No|Nothing) [a-z]+", place.inner_text()) == []
    complaints.clear()


def test_the_users_of_a_template_are_not_called_empty_while_unknown(page: Page, complaints: list[str]) -> None:
    page.route("**/api/orchestrations", FAILURES["broken"][0])
    page.goto("/templates/h264-720p")

    users = settled(page).get_by_role("definition").filter(has_text="Internal Server Error.")
    expect(users).to_be_visible()
    assert not EMPTY.search(users.inner_text())
    complaints.clear()


def test_the_task_filter_says_that_the_orchestrations_failed_to_load(page: Page, complaints: list[str]) -> None:
    page.route("**/api/orchestrations", FAILURES["broken"][0], times=1)
    page.goto("/tasks")
    find = page.get_by_role("combobox", name="Find tasks")
    find.click()
    page.get_by_role("option", name="Orchestration", exact=True).click()
    expect(page.get_by_text("Couldn't load the orchestrations.")).to_be_visible()

    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("option", name="web-video", exact=False)).to_be_visible()
    complaints.clear()


def test_a_loading_list_shows_placeholder_rows_and_does_not_say_that_it_is_empty(
    page: Page, stalled: list[Route]
) -> None:
    page.route(API, lambda route: stalled.append(route))  # noqa: PLW0108 - playwright marks its handlers
    for path in ("/tasks", "/orchestrations", "/templates", "/uploads"):
        page.goto(path)
        table = page.get_by_role("main").locator("table").last

        expect(table.get_by_text("Loading…")).to_be_attached()
        assert table.locator("tbody tr[aria-hidden=true]").count() >= 3
        assert not EMPTY.search(page.get_by_role("main").inner_text())


@pytest.mark.parametrize("path", PAGES)
def test_the_content_of_a_page_stays_when_a_reload_fails(
    page: Page, complaints: list[str], tasks: dict[str, str], path: str
) -> None:
    page.goto(path.format(**tasks))
    shown = settled(page).inner_text()
    page.route(API, FAILURES["unreachable"][0])
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")  # as if the user returned to the tab

    main = page.get_by_role("main")
    expect(main).to_contain_text(AS_OF)
    expect(main).to_contain_text("The API isn't responding.")
    assert set(shown.splitlines()) - set(main.inner_text().splitlines()) == set()

    page.unroute(API)
    page.get_by_role("button", name="Try again").first.click()
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(main).not_to_contain_text(AS_OF)
    complaints.clear()


def test_the_time_of_stale_data_is_that_of_the_last_good_response(
    own_page: Page, complaints: list[str], tasks: dict[str, str]
) -> None:
    morning = datetime.now().astimezone().replace(hour=7, minute=20, second=0)
    own_page.clock.install(time=morning)
    own_page.goto(f"/tasks?taskId={tasks['rich']}")
    row = own_page.get_by_role("link", name=tasks["rich"])
    expect(row).to_be_visible()

    own_page.route(API, FAILURES["unreachable"][0])
    own_page.clock.fast_forward("10:00")

    expect(own_page.get_by_text("Showing data as of 07:20.")).to_be_visible()
    expect(row).to_be_visible()
    complaints.clear()


@pytest.mark.parametrize("path", ["/nowhere", "/tasks/{rich}/nowhere", "/uploads/one/two"])
def test_an_unknown_address_says_so_and_links_to_the_tasks(page: Page, tasks: dict[str, str], path: str) -> None:
    page.goto(path.format(**tasks))
    expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")
    expect(page).to_have_title(re.compile("^Page not found"))
    assert page.url.endswith(path.format(**tasks))

    page.get_by_role("main").get_by_role("link", name="Go to Tasks").click()
    page.wait_for_url("**/tasks")


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/tasks/01M87HD8DCJQ8SW8YDZE97CANA", "Tasks"),
        ("/tasks/{failed}?run=7", "Tasks"),
        ("/templates/nowhere", "Templates"),
        ("/templates/nowhere/edit", "Templates"),
        ("/orchestrations/nowhere", "Orchestrations"),
        ("/orchestrations/create?from=nowhere", "Orchestrations"),
    ],
)
def test_a_missing_item_has_a_page_that_links_to_its_list(
    page: Page, complaints: list[str], tasks: dict[str, str], path: str, where: str
) -> None:
    page.goto(path.format(**tasks))

    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    main = settled(page)
    expect(main.get_by_role("button").or_(main.get_by_role("link"))).to_have_count(1)
    main.get_by_role("link", name=f"Go to {where}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(where)
    complaints.clear()


@pytest.mark.parametrize(
    "path", [path for path in PAGES if path != "/tasks/create"]
)  # uploading works without any list
def test_a_page_without_access_offers_one_next_step(
    page: Page, complaints: list[str], tasks: dict[str, str], path: str
) -> None:
    page.route(API, FAILURES["forbidden"][0])
    page.goto(path.format(**tasks))

    expect(page.get_by_role("heading", level=1).first).to_have_text("You don't have access")
    main = settled(page)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(main.get_by_role("button").or_(main.get_by_role("link"))).to_have_count(1)
    page.unroute(API)
    main.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("You don't have access")
    complaints.clear()
