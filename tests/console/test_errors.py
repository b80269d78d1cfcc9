"""Errors on pages: a sentence and a next step, never an empty page."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

BROKEN = "This page couldn't be displayed"
GATEWAY: dict[str, Any] = {"status": 500, "json": {"message": "Internal Server Error"}}  # as API Gateway responds


def respond_forbidden(route: Route) -> None:
    route.fulfill(status=403)  # as CloudFront responds for missing files


def test_a_page_that_fails_to_render_shows_an_error_and_the_others_work(
    page: Page, complaints: list[str], tasks: dict[str, str]
) -> None:
    # A response of another version:
    page.route("**/api/tasks/*", lambda route: route.fulfill(json={"taskId": "T"}), times=1)
    page.goto(f"/tasks/{tasks['failed']}")
    expect(page.get_by_text(BROKEN)).to_be_visible()

    page.get_by_role("button", name="Reload").click()
    expect(page.get_by_text("Subtask 1 (still) failed")).to_be_visible()

    page.route("**/api/tasks/*", lambda route: route.fulfill(json={"taskId": "T"}), times=1)
    page.reload()
    expect(page.get_by_text(BROKEN)).to_be_visible()
    page.get_by_role("link", name="Templates", exact=True).click()
    expect(page.get_by_role("link", name="h264-720p", exact=True)).to_be_visible()
    complaints.clear()


def test_a_chunk_that_a_new_deployment_removed_causes_one_reload_only(page: Page, complaints: list[str]) -> None:
    documents: list[str] = []

    def fail_first(route: Route) -> None:
        if len(documents) == 1:
            respond_forbidden(route)
        else:
            route.continue_()

    page.on("request", lambda asked: documents.append(asked.url) if asked.is_navigation_request() else None)
    page.route("**/assets/TemplatesPage-*.js", fail_first)
    page.goto("/tasks")
    page.get_by_role("link", name="Templates", exact=True).click()
    expect(page.get_by_role("link", name="h264-720p", exact=True)).to_be_visible()

    page.route("**/assets/OrchestrationsPage-*.js", respond_forbidden)
    page.get_by_role("link", name="Orchestrations", exact=True).click()
    expect(page.get_by_text(BROKEN)).to_be_visible()
    page.wait_for_timeout(1000)  # enough for another reload
    assert len(documents) == 2
    complaints.clear()


def test_a_new_page_shows_an_error_while_offline_and_loads_when_online(own_page: Page, complaints: list[str]) -> None:
    own_page.goto("/tasks")
    expect(own_page.get_by_role("heading", name="Tasks")).to_be_visible()
    own_page.context.set_offline(True)
    own_page.get_by_role("link", name="Uploads", exact=True).click()
    expect(own_page.get_by_text(BROKEN)).to_be_visible()

    own_page.context.set_offline(False)
    own_page.get_by_role("button", name="Reload").click()
    expect(own_page.get_by_role("heading", name="Uploads")).to_be_visible()
    complaints.clear()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("/tasks?createdAfter=garbage", "Created after >= garbage"), ("/tasks/%E0%A4%A", "Not found")],
)
def test_an_invalid_address_shows_what_is_wrong_with_it(
    page: Page, complaints: list[str], path: str, sentence: str
) -> None:
    page.goto(path)

    expect(page.get_by_text(sentence).first).to_be_visible()
    assert [one for one in complaints if "status of 4" not in one and "could not be decoded" not in one] == []
    complaints.clear()


def test_unreadable_stored_preferences_are_ignored(page: Page) -> None:
    page.add_init_script("localStorage.setItem('reelmill.tasks', '{broken')")
    page.goto("/tasks")

    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()


def test_a_missing_item_links_to_its_list_and_a_gateway_error_says_what_to_do(
    page: Page, complaints: list[str]
) -> None:
    page.goto("/tasks/01M87HD8DCJQ8SW8YDZE97CANA")
    page.get_by_role("main").get_by_role("link", name="Go to Tasks").click()
    page.wait_for_url("**/tasks")

    page.goto("/templates/nowhere")
    page.route("**/api/templates", lambda route: route.fulfill(**GATEWAY))
    page.get_by_role("main").get_by_role("link", name="Go to Templates").click()
    expect(page.get_by_text("Internal Server Error. Try again in a minute.")).to_be_visible()
    complaints.clear()
