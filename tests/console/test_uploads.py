"""The list of uploads: the result of each file, and the reason."""

import re

from playwright.sync_api import Page, expect

from infra.local.stack import StackInfo
from tests.support.stack import Api, Client, eventually, put


def wait_for_verdict(api: Api, key: str) -> None:
    eventually(lambda: api.call("GET", "/uploads/verdicts", key=key)["verdicts"] or None)


def test_uploads_are_found_by_their_key_and_their_result(
    page: Page, api: Api, client: Client, stack: StackInfo
) -> None:
    for key in ("uploads/listed.mp4", "uploads/listed.txt"):
        put(client, stack, key, b"no film")
        wait_for_verdict(api, key)
    page.goto("/uploads")
    table = page.get_by_role("grid", name="Uploads")
    expect(table.get_by_role("row", name="uploads/listed.mp4")).to_contain_text("Task created")
    expect(table.get_by_role("row", name="uploads/listed.txt")).to_contain_text("unsupported format 'txt'")

    find = page.get_by_role("searchbox", name="Find by exact key")
    find.press_sequentially("uploads/listed")
    page.wait_for_url("**/uploads?key=uploads%2Flisted")
    expect(page.get_by_text("No matching uploads")).to_be_visible()
    expect(find).to_be_focused()
    find.press_sequentially(".txt")
    page.wait_for_url("**/uploads?key=uploads%2Flisted.txt")
    expect(table.get_by_role("row")).to_have_count(2)  # including the header row

    page.get_by_role("button", name="Result").click()
    page.get_by_role("option", name="Task created").click()
    expect(page.get_by_text("No matching uploads")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(find).to_have_value("")
    table.get_by_role("row", name="uploads/listed.mp4").get_by_role("link").click()
    page.wait_for_url("**/tasks/*")


def test_the_search_field_keeps_what_is_typed_while_the_list_is_filtered(page: Page) -> None:
    page.goto("/uploads")
    find = page.get_by_role("searchbox", name="Find by exact key")

    find.press_sequentially("my ")
    page.wait_for_url("**/uploads?key=my")
    find.press_sequentially("film.mp4")
    page.wait_for_url("**/uploads?key=my+film.mp4")

    expect(find).to_have_value("my film.mp4")


def test_the_back_button_returns_to_the_same_page_of_uploads(
    page: Page, api: Api, client: Client, stack: StackInfo
) -> None:
    put(client, stack, "uploads/older.mp4", b"no film")
    wait_for_verdict(api, "uploads/older.mp4")
    put(client, stack, "elsewhere/newer.mp4", b"no film")
    wait_for_verdict(api, "elsewhere/newer.mp4")
    # As if the uploads needed several pages.
    one = re.compile(r"maxResults=\d+")
    page.route("**/uploads/verdicts?*", lambda route: route.continue_(url=one.sub("maxResults=1", route.request.url)))
    page.goto("/uploads")
    verdict = page.get_by_role("row", name="elsewhere/newer.mp4").get_by_text("No matching orchestration")
    assert verdict.evaluate("one => one.offsetHeight < 2 * parseFloat(getComputedStyle(one).lineHeight)")  # on one line
    page.get_by_role("button", name="Next page").click()
    page.get_by_role("row", name="uploads/older.mp4").get_by_role("link").click()
    page.wait_for_url("**/tasks/*")

    page.go_back()

    expect(page.get_by_role("row", name="uploads/older.mp4")).to_be_visible()
    page.reload()
    expect(page.get_by_role("row", name="uploads/older.mp4")).to_be_visible()
    page.get_by_role("button", name="Previous page").click()
    expect(page.get_by_role("row", name="elsewhere/newer.mp4")).to_be_visible()
