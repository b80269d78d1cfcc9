"""Every action can be reached on a phone and with the keyboard."""

from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.console.conftest import STILL, Make
from tests.console.test_console import TASK
from tests.support.clips import Clips
from tests.support.stack import Api

PHONE: ViewportSize = {"width": 390, "height": 844}
TOUCH_TARGET = 44  # pixels
MOST_STOPS = 80  # of the Tab key, before the test fails


@pytest.fixture
def phone(page: Page) -> Page:
    page.set_viewport_size(PHONE)
    return page


def fits_screen(page: Page) -> bool:
    """Return whether the page fits the width of the screen."""
    fits: bool = page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    return fits


def are_apart(labels: Locator) -> bool:
    """Return whether no label overlaps its neighbor."""
    boxes = [box for one in labels.all() if (box := one.bounding_box())]
    return all(one["x"] + one["width"] <= other["x"] for one, other in pairwise(boxes))


def assert_fully_visible(target: Locator) -> None:
    """Scroll to an element, and check that all of it is on the screen."""
    target.scroll_into_view_if_needed()
    expect(target).to_be_in_viewport(ratio=1)


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until an element has the focus."""
    expect(target).to_be_visible()
    for _ in range(MOST_STOPS):
        if target.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{target} can't be reached with the keyboard")


def test_long_names_keep_tables_within_the_page(page: Page, api: Api, make: Make, clip: Clips) -> None:
    long = "a-holiday-in-the-mountains-" * 5
    plan = {"name": "the-covers-of-it", "template": "screenshot-jpeg-middle", "params": {"at": ["10%", "50%"]}}
    identifier = make(f"reach/{long}.mp4", clip("blink.mp4").read_bytes(), STILL | plan)
    api.completed(identifier)

    for path, table in ((f"/tasks?taskId={identifier}", "Tasks"), (f"/tasks/{identifier}", "Subtasks")):
        page.goto(path)
        grid = page.get_by_role("grid", name=table)
        expect(grid).to_contain_text("Succe")
        assert grid.evaluate("grid => grid.scrollWidth <= grid.parentElement.clientWidth")
    expect(page.get_by_role("row", name="Screenshot")).to_contain_text(f"{long}/")


def test_a_phone_shows_a_task_and_all_its_actions(phone: Page, tasks: dict[str, str]) -> None:
    phone.goto(f"/tasks/{tasks['rich']}")

    for name in ("Copy", "Play source video", "Restart", "More actions"):
        assert_fully_visible(phone.get_by_role("button", name=name, exact=True))
    assert_fully_visible(phone.get_by_role("button", name="Download subtask 5"))
    for view in ("Graph", "Timeline", "JSON"):
        phone.get_by_role("tab", name=view).click()
        assert fits_screen(phone)
        if view == "Timeline":
            assert are_apart(phone.get_by_role("columnheader", name="Timeline").locator("> span"))
    phone.goto(f"/tasks/{tasks['rich']}?subtask=4&tab=files")
    row = phone.get_by_role("row", name="film-still-1.jpg")
    expect(row).to_contain_text("Width: 320 px")
    assert row.evaluate("one => one.offsetHeight") < 100
    phone.goto(f"/tasks/{tasks['failed']}")
    assert_fully_visible(phone.get_by_role("button", name="Show log and ffmpeg command"))
    assert fits_screen(phone)


def test_a_phone_creates_a_task(phone: Page, clip: Clips) -> None:
    phone.goto("/tasks/create")
    phone.locator("input[type=file]").set_input_files(clip("blink.mp4"))
    phone.get_by_role("radio", name="Custom subtasks").check()
    phone.get_by_role("button", name="Add subtask").click()
    phone.get_by_role("menuitem", name="Screenshot", exact=False).first.click()
    phone.get_by_role("button", name="Parameters").click()
    assert_fully_visible(phone.get_by_role("button", name="Remove subtask 1"))
    assert_fully_visible(phone.get_by_label("Quality", exact=True))
    assert fits_screen(phone)

    phone.get_by_role("button", name="Create task", exact=True).click()

    phone.wait_for_url(TASK)
    expect(phone.get_by_text("1 of 1 succeeded")).to_be_visible()


def test_a_phone_plays(phone: Page, tasks: dict[str, str]) -> None:
    phone.goto(f"/tasks/{tasks['rich']}?subtask=1&tab=play")
    controls = phone.locator("media-control-bar > :not(style, slot)")
    expect(controls).to_have_count(6)
    for control in controls.all():
        assert_fully_visible(control)
        box = control.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= TOUCH_TARGET
    assert_fully_visible(phone.get_by_role("button", name="Quality"))
    phone.locator("media-play-button").click()
    phone.wait_for_function("() => document.querySelector('video').currentTime > 0.3")
    phone.get_by_role("dialog").get_by_role("button", name="View").click()
    phone.get_by_role("option", name="Compare").click()
    assert_fully_visible(phone.get_by_role("slider", name="Divider position"))
    assert fits_screen(phone)
    assert_fully_visible(phone.get_by_role("dialog").get_by_role("button", name="Close", exact=True))


def test_the_keyboard_opens_and_restarts_a_task(page: Page, api: Api, make: Make, clip: Clips) -> None:
    identifier = make("reach/keys.mp4", clip("blink.mp4").read_bytes(), STILL)
    api.completed(identifier)
    page.goto(f"/tasks?taskId={identifier}")
    expect(page.get_by_role("link", name=identifier)).to_be_visible()

    tab_to(page, page.get_by_role("checkbox", name="Select all tasks on this page"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=identifier)).to_be_visible()

    tab_to(page, page.get_by_role("button", name="More actions"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")  # hides the reason why the action is disabled
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More actions")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Task {identifier} restarted.", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run 2")).to_be_visible()


def test_a_dialog_keeps_the_focus_and_returns_it(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks/{tasks['rich']}")
    details = page.get_by_role("button", name="Details of subtask 4")
    details.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="4. still")
    expect(dialog.get_by_role("tab", name="Details")).to_be_visible()

    for _ in range(20):
        page.keyboard.press("Tab")
        assert dialog.evaluate("one => one.contains(document.activeElement)")
    page.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    expect(details).to_be_focused()
