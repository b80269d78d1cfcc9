"""Orchestrations and templates in a real browser: versions, editors, and the test of keys."""

import re
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from infra.local.stack import StackInfo
from tests.console.axe import findings
from tests.support.stack import Api

COVER = {"name": "cover", "type": "SCREENSHOT", "params": {"at": ["10%"]}}
PHONE = 390  # pixels


def orchestration(description: str, prefix: str) -> dict[str, Any]:
    return {"description": description, "trigger": {"prefix": prefix}, "subtasks": [COVER]}


@pytest.fixture
def versioned(api: Api) -> str:
    """Save an orchestration whose versions differ in one line each; return its path."""
    for description, prefix in (("first", "a/"), ("second", "a/"), ("third", "b/")):
        api.call("PUT", "/orchestrations/versioned", orchestration(description, prefix))
    newest: int = api.call("POST", "/orchestrations/versioned/disable")["version"]
    assert newest >= 4
    return "/orchestrations/versioned"


def changed_lines(page: Page) -> tuple[list[str], list[str]]:
    """Return the removed and the added lines of the difference."""
    difference = page.get_by_role("region", name="Difference")
    expect(difference).to_be_visible()
    removed, added = difference.locator("del"), difference.locator("ins")
    return removed.all_inner_texts(), added.all_inner_texts()


def yaml_editor(page: Page) -> Locator:
    expect(page.get_by_role("tab", name="YAML")).to_be_visible()
    page.get_by_role("tab", name="YAML").click()
    return page.get_by_role("textbox", name="YAML")


def test_versions_are_listed_and_the_newest_is_compared_with_the_previous_one(page: Page, versioned: str) -> None:
    page.goto(versioned)
    page.get_by_role("tab", name="Versions").click()

    rows = page.get_by_role("grid", name="Versions").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Current")
    expect(rows.nth(1)).to_contain_text("Disabled")
    expect(rows.nth(2)).not_to_contain_text("Current")
    expect(rows.nth(2)).to_contain_text("Enabled")
    assert changed_lines(page) == (["-enabled: true"], ["+enabled: false"])
    expect(page.get_by_text("1 line added, 1 removed")).to_be_visible()


def test_any_two_versions_can_be_compared_and_linked(page: Page, api: Api, versioned: str) -> None:
    newest = api.call("GET", versioned)["version"]
    page.goto(f"{versioned}?view=versions")

    page.get_by_role("link", name=f"Changes in version {newest - 2}").click()
    expect(page.get_by_text("-description: first")).to_be_visible()
    assert changed_lines(page) == (["-description: first"], ["+description: second"])

    page.get_by_role("button", name="To version").click()
    page.get_by_role("option", name=str(newest - 1), exact=True).click()
    expect(page.get_by_text("+description: third")).to_be_visible()
    assert changed_lines(page) == (["-description: first", "-  prefix: a/"], ["+description: third", "+  prefix: b/"])
    page.reload()
    expect(page.get_by_text("+description: third")).to_be_visible()


def test_the_editor_restores_an_old_version_after_showing_it(page: Page, api: Api, versioned: str) -> None:
    newest = api.call("GET", versioned)["version"]
    page.goto(f"{versioned}?view=versions")

    page.get_by_role("link", name=f"Restore version {newest - 3}").click()

    expect(page.get_by_text(f"You're restoring version {newest - 3}.")).to_be_visible()
    expect(page.get_by_label("Description")).to_have_value("first")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"Saved versioned as version {newest + 1}.", exact=True)).to_be_visible()
    stored = api.call("GET", versioned)
    assert (stored["description"], stored["trigger"]["prefix"], stored["enabled"]) == ("first", "a/", True)


def test_a_preset_has_one_version_and_nothing_to_compare(page: Page) -> None:
    page.goto("/templates/h264-720p?view=versions")

    expect(page.get_by_role("grid", name="Versions").get_by_role("row")).to_have_count(2)
    expect(page.get_by_text("No earlier versions.")).to_be_visible()
    expect(page.get_by_role("link", name="Restore", exact=False)).to_have_count(0)


def test_a_template_is_created_edited_compared_deleted_and_restored(page: Page, complaints: list[str]) -> None:
    page.goto("/templates/create?from=h264-720p")
    page.get_by_label("Name").fill("house-style")
    page.get_by_label("Summary").fill("how we do it")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved house-style as version").first).to_be_visible()

    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_label("Summary")).to_have_value("how we do it")
    page.get_by_label("Summary").fill("how we did it")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/templates/house-style")
    page.get_by_role("tab", name="Versions").click()
    assert changed_lines(page) == (["-summary: how we do it"], ["+summary: how we did it"])

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/templates")
    expect(page.get_by_text("house-style deleted.", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="house-style")).to_have_count(0)

    page.goto("/templates/house-style")
    expect(page.get_by_text("This item was deleted. Restore one of its versions to bring it back.")).to_be_visible()
    complaints[:] = [one for one in complaints if "status of 404" not in one]
    page.get_by_role("link", name="Restore version 2").click()
    expect(page.get_by_label("Summary")).to_have_value("how we did it")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved house-style as version 3.", exact=True)).to_be_visible()


def test_invalid_yaml_is_reported_with_its_location_and_the_form_follows_valid_yaml(page: Page, api: Api) -> None:
    api.call("PUT", "/orchestrations/typed", orchestration("by hand", "typed/"))
    page.goto("/orchestrations/typed/edit")
    editor = yaml_editor(page)
    good = editor.input_value()

    editor.fill(good.replace("by hand", "[by hand"))
    expect(page.get_by_text("must be sufficiently indented and end with a ] at line 2, column 1")).to_be_visible()
    editor.fill(good.replace("SCREENSHOT", "PAINTING"))
    expect(page.get_by_text("subtasks[0].type: Must be one of: TRANSCODE, STREAM")).to_be_visible()
    editor.fill(good.replace("at:", "moments:"))
    expect(page.get_by_text("subtasks[0].params.moments: Unknown field.")).to_be_visible()
    editor.fill(good.replace("trigger:", "triger:"))
    expect(page.get_by_text("triger: Unknown field.")).to_be_visible()
    editor.fill(good.replace("formats: []", "formats: mp4"))
    expect(page.get_by_text('trigger.formats: Instance type "string" is invalid. Expected "array".')).to_be_visible()
    editor.fill(good.replace("type: SCREENSHOT", "type: SCREENSHOT\n    template: lost"))
    expect(page.get_by_text("subtasks[0].template: There's no template named lost for this operation.")).to_be_visible()
    editor.fill(good.replace("by hand", "by eye").replace("prefix: typed/", "prefix: seen/"))
    expect(page.get_by_text("Valid", exact=True)).to_be_visible()

    page.get_by_role("tab", name="Form").click()
    expect(page.get_by_label("Description")).to_have_value("by eye")
    expect(page.get_by_label("Folder")).to_have_value("seen/")
    page.get_by_label("Formats").press_sequentially("mp4, MOV")  # key by key, like a person
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/orchestrations/typed")
    stored = api.call("GET", "/orchestrations/typed")["trigger"]
    assert (stored["prefix"], stored["formats"]) == ("seen/", ["mp4", "mov"])


def test_invalid_yaml_is_neither_saved_nor_lost(page: Page, api: Api) -> None:
    api.call("PUT", "/orchestrations/refused", orchestration("as it was", "refused/"))
    page.goto("/orchestrations/refused/edit")
    editor = yaml_editor(page)
    wrong = editor.input_value().replace("priority: 0", "priority: 99")

    editor.fill(wrong)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Not saved. priority: 99 is greater than 10.").first).to_be_visible()
    page.get_by_role("tab", name="Form").click()
    expect(page.get_by_text("The YAML has errors")).to_be_visible()
    page.get_by_role("tab", name="YAML").click()
    expect(editor).to_have_value(wrong)

    page.get_by_role("tab", name="Form").click()
    page.get_by_role("button", name="Discard YAML changes").click()
    page.get_by_label("Priority").fill("-11")
    expect(page.get_by_text("-11 is less than -10.", exact=True)).to_be_visible()
    page.get_by_label("Priority").fill("-10")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/orchestrations/refused")
    assert api.call("GET", "/orchestrations/refused")["priority"] == -10


def test_unsaved_changes_ask_for_confirmation_before_a_link_or_the_back_button(page: Page) -> None:
    page.goto("/templates")
    page.get_by_role("link", name="Create template").click()
    page.get_by_label("Summary").fill("half a thought")
    leave = page.get_by_role("dialog", name="Leave without saving?")

    page.get_by_role("link", name="Uploads", exact=True).click()
    leave.get_by_role("button", name="Cancel").click()
    expect(leave).to_be_hidden()
    page.go_back()
    leave.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Summary")).to_have_value("half a thought")
    assert page.url.endswith("/templates/create")

    page.go_back()
    leave.get_by_role("button", name="Leave").click()
    page.wait_for_url("**/templates")
    expect(page.get_by_role("heading", name="Templates")).to_be_visible()
    page.get_by_role("link", name="Uploads", exact=True).click()
    page.wait_for_url("**/uploads")


def test_an_orchestration_is_disabled_and_enabled(page: Page, api: Api) -> None:
    api.call("PUT", "/orchestrations/switched", orchestration("now and then", "switched/"))
    page.goto("/orchestrations/switched")

    page.get_by_role("button", name="Disable", exact=True).click()
    expect(page.get_by_text("switched is disabled.").first).to_be_visible()
    expect(page.get_by_text("Disabled", exact=True)).to_be_visible()
    assert api.call("GET", "/orchestrations/switched")["enabled"] is False

    page.get_by_role("button", name="Enable", exact=True).click()
    expect(page.get_by_text("switched is enabled.", exact=True)).to_be_visible()
    expect(page.get_by_text("Enabled", exact=True)).to_be_visible()
    assert api.call("GET", "/orchestrations/switched")["enabled"] is True


def test_testing_a_key_shows_matches_without_creating_a_task(page: Page, api: Api) -> None:
    page.goto("/orchestrations")
    key = page.get_by_label("Key in the input bucket")

    key.fill("uploads/holiday.mov")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Task created: 1 task would be created")).to_be_visible()
    row = page.get_by_role("table", name="Test a key").get_by_role("row", name="web-video")
    expect(row).to_contain_text("its format is mov")

    key.fill("uploads/notes.txt")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text(re.compile("^Unsupported format: "))).to_be_visible()
    assert api.call("GET", "/tasks", sourceKey="uploads/holiday.mov")["tasks"] == []

    page.goto("/orchestrations/podcast")
    expect(key).to_have_value("podcasts/film.mp4")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_versions_are_accessible_and_fit_on_a_phone(
    browser: Browser, stack: StackInfo, versioned: str, theme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        base_url=stack.console_url, color_scheme=theme, bypass_csp=True, viewport={"width": PHONE, "height": 844}
    )
    page = context.new_page()
    page.goto(f"{versioned}?view=versions")
    expect(page.get_by_role("region", name="Difference")).to_be_visible()

    found = findings(page, "versions")
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    context.close()

    assert found == []
    assert wide <= PHONE
