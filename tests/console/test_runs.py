"""The runs of a task in a real browser: switching between them, their timelines and their downloads."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from infra.local.stack import StackInfo
from tests.support.clips import Clips
from tests.support.stack import Api, Client


@pytest.fixture(scope="module")
def restarted(api: Api, stack: StackInfo, client: Client, clip: Clips) -> str:
    """Create a task whose third subtask fails in two runs; the others write two files and one. Return its path."""
    client("s3").put_object(Bucket=stack.input_bucket, Key="runs/film.mp4", Body=clip("plain.mp4").read_bytes())
    plan = [
        {"name": "stills", "type": "SCREENSHOT", "params": {"at": ["10%", "50%"]}},
        {"name": "one", "type": "SCREENSHOT", "params": {"at": [0]}},
        {"name": "late", "type": "SCREENSHOT", "params": {"at": ["01:00:00"]}},
    ]
    source = {"bucket": stack.input_bucket, "key": "runs/film.mp4"}
    identifier: str = api.call("POST", "/tasks", {"source": source, "subtasks": plan}, status=201)["taskId"]
    api.completed(identifier)
    api.call("POST", f"/tasks/{identifier}/restart", {"only": "FAILED"})
    api.completed(identifier)
    return f"/tasks/{identifier}"


def test_an_older_run_links_to_the_newest(page: Page, restarted: str) -> None:
    page.goto(f"{restarted}?run=1")

    page.get_by_role("button", name="Run 1").click()
    expect(page.get_by_role("option")).to_have_text(["Run 2", re.compile("^Run 1")])
    page.get_by_role("option", name="Run 2").click()

    expect(page.get_by_role("button", name="Run 2")).to_be_visible()
    page.wait_for_url(f"**{restarted}")


def test_the_timeline_of_a_later_run_starts_when_the_run_was_requested(page: Page, restarted: str) -> None:
    page.goto(f"{restarted}?view=timeline")

    rows = page.get_by_role("table", name="Timeline").get_by_role("row")
    reused, late = (rows.nth(place).get_by_role("cell").first for place in (1, 3))

    expect(reused).to_have_attribute("aria-label", "Successful. Reused from run 1.")
    expect(late).to_have_attribute("aria-label", re.compile(r"^Failed, queued for [\d.]+ s, ran for [\d.]+ s$"))


def test_several_files_are_downloaded_as_one_zip(page: Page, restarted: str, tmp_path: Path) -> None:
    page.goto(restarted)

    with page.expect_download() as saving:
        page.get_by_role("button", name="Download subtask 1").click()

    assert saving.value.suggested_filename == "film-stills.zip"
    saving.value.save_as(tmp_path / "saved.zip")
    with ZipFile(tmp_path / "saved.zip") as saved:
        assert saved.testzip() is None
        assert len(saved.namelist()) == 2


def test_a_single_file_is_downloaded_as_it_is(page: Page, restarted: str) -> None:
    page.goto(restarted)

    with page.expect_download() as saving:
        page.get_by_role("button", name="Download subtask 2").click()

    assert saving.value.suggested_filename == "film-one.jpg"
