"""The page of a task: runs, views, failures, and commands to copy."""

import json
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.console.conftest import STILL, Make
from tests.support.clips import Clips
from tests.support.stack import SLOW, Api, film  # noqa: F401 - a fixture

TOO_LATE = {"name": "late", "type": "SCREENSHOT", "params": {"at": [900]}}


@pytest.fixture(scope="module")
def half_failed(api: Api, make: Make, clip: Clips) -> str:
    """Create a task with two successful subtasks and a failed one."""
    samples = {"name": "samples", "type": "SAMPLE_SCREENSHOTS"}
    identifier = make("page/half.mp4", clip("plain.mp4").read_bytes(), STILL, TOO_LATE, samples)
    api.completed(identifier)
    return identifier


@pytest.fixture
def clipboard(context: BrowserContext) -> None:
    """Let the test read the clipboard."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])


def clipboard_text(page: Page) -> str:
    text: str = page.evaluate("() => navigator.clipboard.readText()")
    return text


@pytest.mark.usefixtures("clipboard")
def test_failures_with_the_same_cause_share_one_alert_with_the_fix_the_log_and_the_command(
    page: Page, api: Api, make: Make, clip: Clips
) -> None:
    whole = clip("front.mp4").read_bytes()
    start = whole.index(b"mdat") + 4
    damaged = whole[:start] + b"\xff" * (len(whole) - start)
    identifier = make("page/damaged.mp4", damaged, STILL, {**STILL, "name": "cover"})
    api.completed(identifier)

    page.goto(f"/tasks/{identifier}")
    alert = page.get_by_role("group").filter(has_text="Subtasks 1 (still), 2 (cover) failed")
    expect(alert).to_contain_text("most of the file is damaged")
    expect(alert).to_contain_text("How to fix: There's a problem with the source file")
    expect(page.get_by_role("progressbar", name="Progress", exact=True)).to_be_hidden()  # because the task has failed

    alert.get_by_role("button", name="Show log and ffmpeg command").click()
    expect(alert.get_by_role("region", name="Last log lines")).to_contain_text("Error splitting the input")
    alert.get_by_role("button", name="Copy command").click()
    expect(alert.get_by_text("Copied")).to_be_visible()
    [attempt] = api.call("GET", f"/tasks/{identifier}/subtasks/1")["attempts"]
    assert [clipboard_text(page)] == attempt["commands"]

    page.get_by_role("button", name="Details", exact=True).click()
    expect(page.get_by_role("dialog", name="1. still")).to_contain_text("SourceFileError.Unreadable")


def test_only_failed_subtasks_run_again_and_the_earlier_run_stays_readable(page: Page, half_failed: str) -> None:
    page.goto(f"/tasks/{half_failed}")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Restart failed subtasks").click()

    expect(page.get_by_text(f"Failed subtasks of task {half_failed} restarted.", exact=True)).to_be_visible()
    runs = page.get_by_role("button", name="Run", exact=False).filter(has_text="Run 2")
    expect(runs).to_be_visible()
    page.get_by_role("row", name="still").get_by_role("button", name="Successful").click()
    expect(page.get_by_text("Reused from run 1.")).to_be_visible()
    page.keyboard.press("Escape")

    runs.click()
    page.get_by_role("option", name="Run 1").click()
    page.wait_for_url("**?run=1")
    expect(page.get_by_role("row", name="still").get_by_role("button", name="Successful")).to_be_hidden()


def test_a_task_is_shown_as_a_graph_a_timeline_and_json(
    page: Page, api: Api, tasks: dict[str, str], half_failed: str
) -> None:
    page.goto(f"/tasks/{tasks['rich']}")

    page.get_by_role("tab", name="Graph").click()
    nodes = page.get_by_role("region", name="Graph").get_by_role("listitem")
    expect(nodes).to_contain_text(["1. stream", "2. sprite", "3. analysis", "4. still", "5. idle"])

    page.get_by_role("tab", name="Timeline").click()
    expect(page.get_by_role("table", name="Timeline").get_by_role("row")).to_have_count(6)

    page.get_by_role("tab", name="JSON").click()
    page.wait_for_url("**?view=json")
    page.reload()
    shown = page.get_by_role("region", name="JSON").inner_text()
    assert json.loads(shown) == api.call("GET", f"/tasks/{tasks['rich']}")

    page.goto(f"/tasks/{half_failed}?view=graph")
    expect(nodes).to_contain_text(["still", "late", "samplesScreenshot seriesSuccessful"])
    assert nodes.evaluate_all("nodes => nodes.map(node => node.scrollHeight <= node.clientHeight)") == [True] * 3


@pytest.mark.usefixtures("clipboard")
def test_copied_commands_do_the_same_in_a_shell(page: Page, api: Api, make: Make, clip: Clips) -> None:
    identifier = make("page/copied.mp4", clip("plain.mp4").read_bytes(), STILL)
    api.completed(identifier)
    page.goto(f"/tasks/{identifier}")

    def copy(item: str) -> list[str]:
        page.get_by_role("button", name="Copy", exact=True).click()
        page.get_by_role("menuitem", name=item).click()
        expect(page.get_by_text("Copied").first).to_be_visible()
        return shlex.split(clipboard_text(page).replace("\\\n", ""))

    def run(command: list[str]) -> dict[str, object]:
        answer: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return answer

    get = copy("Copy cURL command")
    assert run(get)["taskId"] == identifier
    restart = copy("Copy restart cURL command")
    assert run(restart)["run"] == 2
    api.completed(identifier)

    command = str(Path(sys.executable).with_name("reelmill"))
    [name, *words] = copy("Copy restart CLI command")
    assert (name, run([command, *words, "--json"])["run"]) == ("reelmill", 3)
    [name, *words] = copy("Copy CLI command")
    assert (name, run([command, *words, "--json"])["taskId"]) == ("reelmill", identifier)


def test_a_running_task_is_canceled_on_its_page(own_page: Page, make: Make, film: bytes) -> None:  # noqa: F811 - pytest's way
    slowest = {**SLOW, "params": {"video": {"speed": "slowest"}, "audio": "none"}}
    identifier = make("page/long.mp4", film, slowest, {"name": "after", "type": "SCREENSHOT", "input": "slow"})
    own_page.goto(f"/tasks/{identifier}")
    slow = own_page.get_by_role("row", name="slow")
    expect(slow).to_contain_text("In progress")
    own_page.clock.set_fixed_time(datetime.now(UTC) + timedelta(minutes=5))
    expect(slow).to_contain_text(
        re.compile(r"about (\d+ h|(\d+ h )?\d+ min) left")
    )  # without seconds, which would change too often

    own_page.get_by_role("button", name="More actions").click()
    own_page.get_by_role("menuitem", name="Cancel").click()
    own_page.get_by_role("dialog").get_by_role("button", name="Cancel task").click()

    expect(own_page.get_by_text(f"Task {identifier} canceled.", exact=True)).to_be_visible()
    expect(slow).to_contain_text("Canceled")
    expect(own_page.get_by_role("row", name="after")).to_contain_text("Canceled")
    expect(own_page.get_by_role("button", name="Play subtask 1")).to_have_attribute("aria-disabled", "true")
