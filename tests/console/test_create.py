"""Creating tasks: from dropped files, resumed uploads and existing objects, with orchestrations or custom subtasks."""

import base64
import hashlib
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error, Locator, Page, Request, Route, expect

from infra.local.stack import StackInfo
from tests.console.conftest import SECONDS, STILL, Make
from tests.console.test_console import TASK
from tests.support.clips import Clips
from tests.support.stack import Api, Client

LARGE = 101 * 1024**2  # bytes: uploads above 100 MB are multipart uploads
PARTS = 7  # of 16 MB
SIXTH = "**/film.mp4?*partNumber=6&*"
PART = re.compile(r"[?&]partNumber=(\d+)")


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drag files over the page and drop them on the form."""
    payload = [[name, base64.b64encode(content).decode()] for name, content in files]
    transfer = page.evaluate_handle(
        """files => {
            const transfer = new DataTransfer();
            for (const [name, content] of files) {
                const bytes = Uint8Array.from(atob(content), character => character.charCodeAt(0));
                transfer.items.add(new File([bytes], name, {type: "video/mp4"}));
            }
            return transfer;
        }""",
        payload,
    )
    expect(page.get_by_role("button", name="Select files")).to_be_visible()
    page.dispatch_event("body", "dragover", {"dataTransfer": transfer})
    page.get_by_text("Drop files to upload").dispatch_event("drop", {"dataTransfer": transfer})


def subtask_form(page: Page, no: int) -> Locator:
    """Return the form of a subtask."""
    return page.get_by_role("group", name=f"{no}. Screenshot")


def test_dropped_files_show_their_progress_and_one_is_canceled(
    page: Page, stalled: list[Route], clip: Clips, api: Api
) -> None:
    film = clip("blink.mp4").read_bytes()
    page.goto("/tasks/create")
    drop(page, ("one.mp4", film), ("two.mp4", film), ("three.mp4", film))
    page.get_by_label("Folder in the input bucket").fill("parked")
    page.route("**/parked/two.mp4*", lambda route: stalled.append(route))  # noqa: PLW0108 - playwright marks its handlers

    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("progressbar", name="one.mp4")).to_be_hidden()  # it is uploaded
    expect(page.get_by_role("progressbar", name="two.mp4")).to_have_accessible_description(re.compile("Uploading"))
    expect(page.get_by_role("progressbar", name="three.mp4")).to_have_accessible_description(re.compile("Queued"))
    page.get_by_role("button", name="Cancel upload of two.mp4").click()

    page.wait_for_url("**/tasks")
    expect(page.get_by_text("2 files uploaded.", exact=True)).to_be_visible()
    found = api.call("POST", "/uploads/backfill", {"prefix": "parked/", "dryRun": True})
    assert sorted(one["key"] for one in found["verdicts"]) == ["parked/one.mp4", "parked/three.mp4"]


def test_leaving_during_an_upload_asks_for_confirmation_and_stops_the_upload(
    page: Page, stalled: list[Route], clip: Clips, api: Api
) -> None:
    page.route("**/leaving/blink.mp4*", lambda route: stalled.append(route))  # noqa: PLW0108 - playwright marks its handlers
    page.goto("/tasks/create")
    page.locator("input[type=file]").set_input_files(clip("blink.mp4"))
    page.get_by_label("Folder in the input bucket").fill("leaving")
    with page.expect_request("**/leaving/blink.mp4*"):
        page.get_by_role("button", name="Upload", exact=True).click()
    sending = page.get_by_role("progressbar", name="blink.mp4")
    expect(sending).to_have_accessible_description(re.compile("Uploading"))
    leave = page.get_by_role("dialog", name="Leave this page? An upload is still running.")

    page.get_by_role("link", name="Templates", exact=True).click()
    leave.get_by_role("button", name="Cancel").click()
    expect(sending).to_be_visible()
    page.get_by_role("link", name="Templates", exact=True).click()
    leave.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Templates")).to_be_visible()
    with suppress(Error):  # the page has left
        stalled.pop().continue_()

    page.wait_for_timeout(1000)  # enough for the upload to finish and open its task
    assert page.url.endswith("/templates")
    assert api.call("POST", "/uploads/backfill", {"prefix": "leaving/", "dryRun": True})["verdicts"] == []


def test_a_page_that_was_left_does_not_navigate_when_its_upload_becomes_a_task(
    page: Page, stalled: list[Route], clip: Clips
) -> None:
    page.route("**/api/uploads/verdicts?*", lambda route: stalled.append(route), times=1)  # noqa: PLW0108 - the same
    page.goto("/tasks/create")
    page.locator("input[type=file]").set_input_files(clip("blink.mp4"))
    with page.expect_request("**/api/uploads/verdicts?*"):
        page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("link", name="Templates", exact=True).click()  # the upload is finished, so the page doesn't ask
    expect(page.get_by_role("heading", name="Templates")).to_be_visible()

    stalled.pop().continue_()
    expect(page.get_by_text("1 file uploaded.", exact=True)).to_be_visible()

    assert page.url.endswith("/templates")


def test_the_page_waits_for_a_task_that_its_verdict_names_before_it_exists(page: Page, clip: Clips) -> None:
    nothing: dict[str, object] = {"tasks": [], "nextToken": None, "newerVersion": []}
    page.route("**/api/tasks?taskId=*", lambda route: route.fulfill(json=nothing), times=1)
    page.goto("/tasks/create")
    page.locator("input[type=file]").set_input_files(clip("blink.mp4"))
    with page.expect_response(re.compile(r"/api/tasks\?taskId=")) as early:
        page.get_by_role("button", name="Upload", exact=True).click()
    assert early.value.json()["tasks"] == []

    page.wait_for_url(TASK)
    expect(page.get_by_role("heading", name=page.url.rpartition("/")[2])).to_be_visible()


def test_a_multipart_upload_survives_a_lost_connection_navigation_and_a_reload(  # noqa: PLR0913, PLR0917 - pytest's way
    page: Page,
    context: BrowserContext,
    complaints: list[str],
    stalled: list[Route],
    client: Client,
    stack: StackInfo,
    tmp_path: Path,
) -> None:
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        for number in range(PARTS):
            file.write(number.to_bytes(1, "big") * 16 * 1024**2)
        file.truncate(LARGE)
    arrived: Counter[int] = Counter()

    def count(request: Request) -> None:
        if part := PART.search(request.url):
            arrived[int(part[1])] += 1

    def disconnect(route: Route) -> None:
        context.set_offline(True)
        route.abort("internetdisconnected")

    def start_upload() -> None:
        page.locator("input[type=file]").set_input_files(path)
        page.get_by_label("Folder in the input bucket").fill("large")
        page.get_by_role("button", name="Upload", exact=True).click()

    page.on("requestfinished", count)
    page.on("dialog", lambda dialog: dialog.accept())  # the question whether to leave during an upload
    page.route("**/film.mp4?*partNumber=3&*", disconnect, times=1)
    page.route(SIXTH, lambda route: stalled.append(route))  # noqa: PLW0108 - playwright marks its handlers
    page.goto("/tasks/create")
    start_upload()
    large = page.get_by_role("progressbar", name="film.mp4")
    expect(large).to_have_accessible_description(re.compile("Connection lost. The upload resumes automatically."))
    context.set_offline(False)
    expect(large).to_have_accessible_description("89.1 MB / 105.9 MB. Uploading")  # all but part 6

    page.get_by_role("link", name="Templates", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    page.get_by_role("navigation", name="Side navigation").get_by_role("link", name="Create task").click()
    start_upload()
    expect(large).to_have_accessible_description("89.1 MB / 105.9 MB. Uploading")
    stored = page.evaluate("() => JSON.stringify(localStorage)")
    assert "reelmill.upload/large/film.mp4" in stored
    assert "X-Amz" not in stored  # a link would let anyone upload who finds it
    page.reload()
    page.unroute(SIXTH)
    start_upload()

    page.wait_for_url("**/uploads?key=large%2Ffilm.mp4", timeout=SECONDS * 1000)
    expect(page.get_by_text("No matching orchestration")).to_be_visible()
    assert arrived == dict.fromkeys(range(1, PARTS + 1), 1)
    body = client("s3").get_object(Bucket=stack.input_bucket, Key="large/film.mp4")["Body"]
    assert hashlib.file_digest(body, "sha256").digest() == hashlib.sha256(path.read_bytes()).digest()
    complaints[:] = [one for one in complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def test_a_task_with_custom_subtasks_is_created_for_an_existing_object(
    page: Page, api: Api, make: Make, clip: Clips
) -> None:
    api.completed(make("there/holiday.mp4", clip("plain.mp4").read_bytes(), STILL))
    page.goto("/tasks/create")
    page.get_by_role("radio", name="S3 object").check()
    page.get_by_role("button", name="Browse").click()
    expect(page.get_by_text("Enter an S3 URI")).to_be_hidden()  # the form hasn't been submitted yet
    objects = page.get_by_role("dialog", name="Objects in the input bucket")
    objects.get_by_role("searchbox", name="Key prefix").fill("there/")
    expect(objects.get_by_role("row")).to_have_count(2)  # including the header row
    objects.get_by_role("radio", name="there/holiday.mp4").check()
    objects.get_by_role("button", name="Select", exact=True).click()
    expect(page.get_by_label("Object", exact=True)).to_have_value(re.compile("^s3://.+/there/holiday.mp4$"))

    page.get_by_role("radio", name="Custom subtasks").check()
    page.get_by_label("Output path").fill("mine/{inputName}/")
    for _ in range(2):
        page.get_by_role("button", name="Add subtask").click()
        page.get_by_role("menuitem", name="Screenshot", exact=False).first.click()
    for no, times in enumerate(("10%", "25%, 75%"), start=1):
        subtask_form(page, no).get_by_role("button", name="Parameters").click()
        subtask_form(page, no).get_by_label("At", exact=True).fill(times)
    subtask_form(page, 1).get_by_role("button", name="Remove subtask 1").click()
    expect(subtask_form(page, 1).get_by_label("Name", exact=True)).to_have_value("screenshot-2")
    expect(subtask_form(page, 1).get_by_label("At", exact=True)).to_have_value("25%, 75%")
    expect(page.get_by_text("mine/holiday/holiday-screenshot-2.jpg")).to_be_visible()

    width = subtask_form(page, 1).get_by_label("Width", exact=True)
    width.fill("90000")
    expect(subtask_form(page, 1).get_by_text("90000 is greater than 8192.")).to_be_visible()
    page.get_by_role("button", name="Create task", exact=True).click()
    expect(page.get_by_text("Add at least one subtask and fix the highlighted errors.")).to_be_visible()
    width.fill("90")
    page.get_by_role("button", name="Create task", exact=True).click()

    page.wait_for_url(TASK)
    expect(page.get_by_text("1 of 1 succeeded")).to_be_visible()
    outputs = api.outputs(page.url.rpartition("/")[2], 1)
    assert [one["facts"]["width"] for one in outputs] == [90, 90]
    assert all(re.fullmatch(r"mine/holiday/.+/holiday-screenshot-2-\d+.jpg", one["key"]) for one in outputs)


def test_the_preview_shows_what_will_happen(page: Page) -> None:
    page.goto("/tasks/create")
    expect(page.get_by_text("Select a file to preview its subtasks and output names.")).to_be_visible()

    page.locator("input[type=file]").set_input_files({"name": "a.mp4", "mimeType": "video/mp4", "buffer": b"not sent"})
    expect(page.get_by_text("Orchestration web-video creates a task with these subtasks")).to_be_visible()
    page.get_by_role("radio", name="Custom subtasks").check()
    expect(page.get_by_text("Creates a task with these subtasks and outputs:")).to_be_visible()
    page.get_by_label("Folder in the input bucket").fill("uploads")
    expect(page.get_by_text("Orchestration web-video also watches this folder")).to_be_visible()

    page.get_by_role("radio", name="Use the folder's orchestrations").check()
    page.get_by_label("Folder in the input bucket").fill("unwatched")
    expect(page.get_by_text("The file will be uploaded, but no task will be created.")).to_be_visible()


def test_an_orchestration_is_selected_in_the_form_or_by_the_url(page: Page) -> None:
    page.goto("/tasks/create")
    page.locator("input[type=file]").set_input_files({"name": "a.mp4", "mimeType": "video/mp4", "buffer": b"not sent"})
    page.get_by_role("radio", name="Orchestration", exact=True).check()
    expect(page.get_by_role("button", name="Copy cURL command")).to_be_hidden()
    page.get_by_role("button", name="Create task", exact=True).click()
    expect(page.get_by_text("Select an orchestration")).to_have_count(2)  # as the placeholder and as the error
    page.get_by_role("button", name="Orchestration Select an orchestration").click()
    expect(page.get_by_role("option", name="archive-mezzanine")).to_contain_text("Disabled")
    page.get_by_role("option", name="web-video").click()
    expect(page.get_by_text("sources/a/a-hd.mp4")).to_be_visible()

    page.goto("/tasks/create?orchestration=thumbnails")
    expect(page.get_by_role("button", name="Orchestration thumbnails")).to_be_visible()


@pytest.mark.parametrize("path", ["/tasks/create", "/orchestrations/create", "/templates/create"])
def test_a_form_whose_options_fail_to_load_shows_the_error_and_retries(
    page: Page, complaints: list[str], path: str
) -> None:
    page.route("**/api/operations", lambda route: route.fulfill(status=503, json={}), times=1)
    page.goto(path)
    expect(page.get_by_text("Couldn't load the data")).to_be_visible()
    expect(page.get_by_text("Try again in a minute.")).to_be_visible()
    complaints[:] = [one for one in complaints if "status of 503" not in one]

    page.get_by_role("button", name="Try again").click()
    if path == "/tasks/create":
        page.get_by_role("radio", name="Custom subtasks").check()
    expect(page.get_by_role("button", name=re.compile("Add subtask|Operation Transcode"))).to_be_visible()
