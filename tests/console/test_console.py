"""The console in a real browser, on a real stack, with real clips."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.clips import Clips

TASK = re.compile(r"/tasks/[0-9A-Z]{26}$")


def test_a_new_user_uploads_a_clip_plays_the_output_restarts_the_task_and_finds_it(page: Page, clip: Clips) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create task").first.click()
    page.locator("input[type=file]").set_input_files(clip("plain.mp4"))
    expect(page.get_by_text("uploads/plain/plain-hd.mp4")).to_be_visible()  # the preview
    page.get_by_role("button", name="Upload", exact=True).click()

    page.wait_for_url(TASK)
    identifier = page.url.rpartition("/")[2]
    expect(page.get_by_text("3 of 3 succeeded")).to_be_visible()

    page.get_by_role("button", name="Play subtask 1").click()
    video = page.locator("video")
    page.locator("media-play-button").click()
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.5")
    assert video.evaluate("video => video.videoWidth") == 320
    page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click()

    page.get_by_role("button", name="Restart", exact=True).click()
    expect(page.get_by_role("button", name="Run 2")).to_be_visible()
    expect(page.get_by_text("3 of 3 succeeded")).to_be_visible()

    page.get_by_role("link", name="Tasks", exact=True).first.click()
    find = page.get_by_role("combobox", name="Find tasks")
    find.fill(identifier)
    find.press("Enter")
    page.wait_for_url(f"**/tasks?taskId={identifier}")
    expect(page.get_by_role("row", name=identifier)).to_have_count(1)
    page.goto("/tasks?status=COMPLETED")
    expect(page.get_by_role("link", name=identifier)).to_be_visible()


def test_a_failed_task_shows_at_the_top_what_failed_why_and_how_to_fix_it(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks/{tasks['failed']}")

    expect(page.get_by_text("Subtask 1 (still) failed")).to_be_visible()
    expect(page.get_by_text("SourceFileError.", exact=False).first).to_be_visible()
    expect(page.get_by_text("How to fix:")).to_be_visible()
    expect(page.get_by_text("Skipped as a result: 2 (next).")).to_be_visible()


def test_a_subtask_that_did_nothing_is_not_called_successful(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks/{tasks['rich']}")

    row = page.get_by_role("row", name="idle")
    expect(row).to_contain_text("Skipped")
    expect(row).not_to_contain_text("Successful")
    expect(page.get_by_text("4 of 5 succeeded (1 skipped)")).to_be_visible()


def test_actions_that_a_status_rules_out_are_disabled(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks?taskId={tasks['failed']}")

    page.get_by_role("button", name=f"Actions for task {tasks['failed']}").click()

    for name in ("End", "Cancel"):
        expect(page.get_by_role("menuitem", name=name, exact=True)).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("menuitem", name="Restart", exact=True)).not_to_have_attribute("aria-disabled", "true")


def test_a_stream_plays_in_the_selected_quality(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks/{tasks['rich']}?subtask=1&tab=play")

    page.get_by_role("button", name="Quality").click()
    page.get_by_role("option", name="90p").click()
    page.locator("media-play-button").click()

    page.wait_for_function("() => document.querySelector('video').currentTime > 0.5")
    page.wait_for_function("() => document.querySelector('video').videoHeight === 90")


def test_a_link_with_a_time_starts_there(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks/{tasks['rich']}?subtask=1&t=1.5")

    page.wait_for_function("() => Math.abs((document.querySelector('video')?.currentTime ?? 0) - 1.5) < 0.1")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/tasks?status=WAITING", "No matching tasks"),
        ("/uploads?key=nowhere.mp4", "No matching uploads"),
    ],
)
def test_an_empty_list_offers_the_next_step(page: Page, path: str, sentence: str) -> None:
    page.goto(path)

    expect(page.get_by_text(sentence)).to_be_visible()
    page.get_by_role("button", name="Clear filters").last.click()
    expect(page.get_by_text(sentence)).to_be_hidden()


def test_an_orchestration_is_created_with_the_form_and_deleted(page: Page) -> None:
    page.goto("/orchestrations/create")
    page.get_by_label("Name").fill("thumbs")
    page.get_by_role("button", name="Add subtask").click()
    page.get_by_role("menuitem", name="Screenshot", exact=False).first.click()
    page.get_by_role("button", name="Save").click()

    page.wait_for_url("**/orchestrations/thumbs")
    expect(page.get_by_text("Saved thumbs as version 1.", exact=True)).to_be_visible()

    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/orchestrations")
    expect(page.get_by_role("link", name="thumbs")).to_be_hidden()
