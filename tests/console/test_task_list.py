"""The list of tasks: finding tasks, and actions on one or several of them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.console.conftest import STILL, Make
from tests.support.stack import Api, paused  # noqa: F401 - a fixture

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y/%m/%d")


def rows(page: Page, text: str) -> Locator:
    """Return the rows of tasks that contain a text. The header row also has texts such as "Ended"."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader")).filter(has_text=text)


def select_page(page: Page) -> None:
    page.get_by_role("checkbox", name="Select all tasks on this page").press("Space")  # its header covers it


def run_on_all(page: Page, action: str, *, confirm: str) -> None:
    """Run an action on all tasks of the page, and confirm it with a button."""
    select_page(page)
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name=action).click()
    page.get_by_role("dialog").get_by_role("button", name=confirm).click()


def run_in_row(page: Page, identifier: str, action: str) -> None:
    """Run an action from the menu of a row."""
    page.get_by_role("button", name=f"Actions for task {identifier}").click()
    page.get_by_role("menuitem", name=action, exact=True).click()


@pytest.mark.usefixtures("paused")
def test_several_tasks_are_ended_restarted_and_canceled_at_once(page: Page, make: Make) -> None:
    for _ in range(3):
        make("many/three.mp4", b"content", STILL)
    page.goto("/tasks?sourceKey=many/three.mp4")
    expect(rows(page, "Waiting")).to_have_count(3)

    run_on_all(page, "End (3)", confirm="End tasks")
    expect(page.get_by_text("3 tasks ended.", exact=True)).to_be_visible()
    expect(rows(page, "Ended")).to_have_count(3)

    run_on_all(page, "Restart (3)", confirm="Restart tasks")
    expect(page.get_by_text("3 tasks restarted.", exact=True)).to_be_visible()
    expect(rows(page, "Waiting")).to_have_count(3)

    run_on_all(page, "Cancel (3)", confirm="Cancel tasks")
    expect(page.get_by_text("3 tasks canceled.", exact=True)).to_be_visible()
    expect(rows(page, "Ended")).to_have_count(3)


@pytest.mark.usefixtures("paused")
def test_tasks_that_an_action_did_not_change_are_listed_with_their_reasons(
    page: Page, stalled: list[Route], api: Api, make: Make
) -> None:
    eligible, ineligible = (make("many/late.mp4", b"content", STILL) for _ in range(2))
    page.goto("/tasks?sourceKey=many/late.mp4")
    expect(rows(page, "Waiting")).to_have_count(2)
    # From now on the list is stale.
    page.route("**/api/tasks?*", lambda route: stalled.append(route))  # noqa: PLW0108 - playwright marks its handlers
    api.call("POST", f"/tasks/{ineligible}/cancel")

    run_on_all(page, "End (2)", confirm="End tasks")

    rejected = page.get_by_role("dialog", name="1 task was not changed")
    expect(rejected.get_by_role("row", name=ineligible)).to_contain_text("only a WAITING task can be ended")
    rejected.get_by_role("button", name="Close").last.click()
    expect(rejected).to_be_hidden()
    expect(page.get_by_text(f"Task {eligible} ended.", exact=True)).to_be_visible()
    assert api.call("GET", f"/tasks/{eligible}")["outcome"] == "ENDED"


@pytest.mark.usefixtures("paused")
def test_a_waiting_task_is_ended_restarted_and_canceled_in_its_row(page: Page, make: Make) -> None:
    identifier = make("many/one.mp4", b"content", STILL)
    page.goto(f"/tasks?taskId={identifier}")

    run_in_row(page, identifier, "End")
    dialog = page.get_by_role("dialog", name=f"End task {identifier}?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(rows(page, identifier)).to_contain_text("Waiting")

    run_in_row(page, identifier, "End")
    dialog.get_by_role("button", name="End task").click()
    expect(page.get_by_text(f"Task {identifier} ended.", exact=True)).to_be_visible()
    expect(rows(page, identifier)).to_contain_text("Ended")

    run_in_row(page, identifier, "Restart")
    expect(rows(page, identifier)).to_contain_text("Waiting")

    run_in_row(page, identifier, "Cancel")
    page.get_by_role("button", name="Cancel task").click()
    expect(rows(page, identifier)).to_contain_text("Ended")


def test_a_disabled_action_says_why(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks?taskId={tasks['rich']}")
    page.get_by_role("button", name="Actions", exact=True).hover()
    expect(page.get_by_role("tooltip")).to_have_text("Select one or more tasks first.")

    page.get_by_role("button", name=f"Actions for task {tasks['rich']}").click()
    for name, reason in {
        "Restart failed subtasks": "This task has no failed subtasks.",
        "End": "Only waiting tasks can be ended. This task is completed.",
        "Cancel": "This task is already completed.",
    }.items():
        page.get_by_role("menuitem", name=name, exact=True).hover()
        expect(page.get_by_role("tooltip")).to_have_text(reason)


def test_tasks_are_found_by_the_start_of_their_id_and_by_time_even_after_a_reload(
    page: Page, tasks: dict[str, str]
) -> None:
    start = tasks["rich"][:16].lower()
    page.goto("/tasks")
    find = page.get_by_role("combobox", name="Find tasks")
    find.fill(start)
    find.press("Enter")
    page.wait_for_url(f"**/tasks?taskId={start}")
    expect(rows(page, tasks["rich"])).to_be_visible()
    expect(rows(page, tasks["failed"])).to_be_hidden()

    find.click()
    page.get_by_role("option", name="Created before").click()
    page.get_by_label("Date", exact=True).fill(TOMORROW)
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile(r"createdBefore="))
    expect(rows(page, tasks["rich"])).to_be_visible()

    find.click()
    page.get_by_role("option", name="Created after").click()
    page.get_by_label("Date", exact=True).fill(TOMORROW)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("No matching tasks")).to_be_visible()

    page.reload()
    expect(page.get_by_text("No matching tasks")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Remove.*Created after")).click()
    expect(rows(page, tasks["rich"])).to_be_visible()


@pytest.mark.usefixtures("paused")
def test_a_long_list_has_pages_and_one_action_changes_all_matching_tasks(page: Page, api: Api, make: Make) -> None:
    identifiers = [make("many/pages.mp4", b"content", STILL) for _ in range(11)]
    newest, oldest = identifiers[-1], identifiers[0]
    page.goto("/tasks?sourceKey=many/pages.mp4")
    page.get_by_role("button", name="Preferences").click()
    page.get_by_role("radio", name="10 rows").check()
    page.get_by_role("button", name="Confirm").click()
    expect(rows(page, oldest)).to_be_hidden()

    page.get_by_role("button", name="Next page").click()
    expect(rows(page, oldest)).to_be_visible()
    expect(rows(page, newest)).to_be_hidden()
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()

    page.get_by_role("link", name=oldest).click()
    page.wait_for_url(f"**/tasks/{oldest}")
    page.go_back()
    expect(rows(page, oldest)).to_be_visible()
    expect(rows(page, newest)).to_be_hidden()

    page.get_by_role("button", name="Previous page").click()
    expect(rows(page, newest)).to_be_visible()

    select_page(page)
    page.get_by_role("button", name="Select all tasks that match the filter").click()
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name="End (all)").click()
    dialog = page.get_by_role("dialog", name="End all matching tasks?")
    expect(dialog).to_contain_text("Source key (exact) = many/pages.mp4")
    dialog.get_by_role("button", name="End tasks").click()
    expect(page.get_by_text("11 tasks ended.", exact=True)).to_be_visible()
    expect(rows(page, "Ended")).to_have_count(10)
    assert {api.call("GET", f"/tasks/{one}")["outcome"] for one in identifiers} == {"ENDED"}


@pytest.mark.usefixtures("paused")
def test_an_action_on_all_matching_tasks_shows_its_progress_and_can_be_stopped(
    page: Page, stalled: list[Route], api: Api, make: Make
) -> None:
    identifiers = [make("many/stopped.mp4", b"content", STILL) for _ in range(3)]
    # As if the tasks needed several pages and several calls.
    page.route("**/api/tasks?*", lambda route: route.continue_(url=route.request.url.replace("=20", "=1")))
    page.goto("/tasks?sourceKey=many/stopped.mp4")
    expect(rows(page, identifiers[2])).to_be_visible()
    select_page(page)
    page.get_by_role("button", name="Select all tasks that match the filter").click()
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name="Cancel (all)").click()
    dialog = page.get_by_role("dialog", name="Cancel all matching tasks?")

    def change_one(route: Route) -> None:
        route.continue_(post_data={**(route.request.post_data_json or {}), "maxResults": 1})

    def change_one_and_stall(route: Route) -> None:
        page.unroute("**/api/tasks/bulk")
        page.route("**/api/tasks/bulk", lambda route: stalled.append(route))  # noqa: PLW0108 - playwright marks its handlers
        change_one(route)

    page.route("**/api/tasks/bulk", change_one_and_stall)
    with page.expect_request(lambda asked: '"nextToken":"' in (asked.post_data or "")):  # the second call
        dialog.get_by_role("button", name="Cancel tasks").click()
    expect(dialog.get_by_role("status")).to_have_text("1 task so far")
    dialog.get_by_role("button", name="Stop").click()
    change_one(stalled[0])

    expect(page.get_by_text("Stopped early", exact=True)).to_be_visible()
    expect(page.get_by_text("2 tasks canceled.", exact=True)).to_be_visible()
    outcomes = [api.call("GET", f"/tasks/{one}")["outcome"] for one in identifiers]
    assert outcomes == [None, "ENDED", "ENDED"]
    api.call("POST", "/tasks/bulk", {"action": "END", "taskIds": identifiers})


@pytest.mark.parametrize("words", ["film.mp4", "holiday", "2026"])
def test_free_text_that_is_not_an_id_searches_for_the_exact_key_and_the_empty_list_says_so(
    page: Page, words: str
) -> None:
    page.goto("/tasks")
    find = page.get_by_role("combobox", name="Find tasks")
    find.fill(words)
    find.press("Enter")

    page.wait_for_url(f"**/tasks?sourceKey={words}")
    expect(page.get_by_text(f"Source key (exact) = {words}")).to_be_visible()
    expect(page.get_by_text("Enter the complete source key, for example uploads/film.mp4")).to_be_visible()
