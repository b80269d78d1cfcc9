"""One stack and one browser for all tests of the console; a page that tells what went wrong in it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Route, expect

from infra.local.stack import StackInfo
from tests.console.browser import chromium, missing
from tests.console.hosted import STACK, Hosted, hosting
from tests.support.clips import Clips
from tests.support.stack import Api, Client, client, data_dir, stack  # noqa: F401 - fixtures

Make = Callable[..., str]
STILL = {"name": "still", "type": "SCREENSHOT"}
SECONDS = 60  # for a small clip's task on a busy machine

expect.set_options(timeout=SECONDS * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what is skipped, and why, where there is no browser or no console."""
    if reason := missing():
        for item in items:
            if "tests/console/" in item.nodeid:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def api(stack: StackInfo) -> Iterator[Api]:  # noqa: F811 - pytest's way
    with httpx.Client(timeout=30, trust_env=False) as http:
        yield Api(stack, http)


@pytest.fixture(scope="session")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """Lend a stack that hosts a console as AWS does."""
    with hosting(tmp_path_factory.mktemp("hosted")) as hosted:
        yield hosted


@pytest.fixture(scope="session")
def published(hosted: Hosted) -> Hosted:
    """Lend it with the console in its place."""
    command = [sys.executable, "-m", "infra.console.publish", STACK]
    subprocess.run(command, env=hosted.environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
    return hosted


@pytest.fixture(scope="package")  # it keeps an event loop running, in which other folders' tests could start none
def browser() -> Iterator[Browser]:
    """Lend the browser to all tests of this folder."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser, stack: StackInfo) -> Iterator[BrowserContext]:  # noqa: F811 - pytest's way
    """Lend an empty browser: no cookies, no settings, nothing seen before."""
    context = browser.new_context(base_url=stack.console_url, viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Lend what the page complained about; at the end nothing may be left that the test did not take out."""
    complaints: list[str] = []
    yield complaints
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Page:
    """Lend a page that tells what it complains about."""
    page = context.new_page()
    page.on("console", lambda said: complaints.extend(complaint(said)))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


@pytest.fixture
def held(page: Page) -> Iterator[list[Route]]:
    """Lend what keeps requests from being answered: `page.route("**/slow", lambda route: held.append(route))`."""
    held: list[Route] = []
    yield held
    page.close()
    for route in held:
        with suppress(Error):  # nobody waits for it any more
            route.abort()


def complaint(said: ConsoleMessage) -> Iterator[str]:
    """Yield what the page complains about, and where."""
    if said.type in {"error", "warning"}:
        yield f"{said.text} ({said.location['url']})"


@pytest.fixture(scope="session")
def make(api: Api, stack: StackInfo, client: Client) -> Make:  # noqa: F811 - pytest's way
    """Lend what puts a file into the bucket and makes a task of it: `make("a/film.mp4", film, STILL)`."""

    def made(key: str, body: bytes, *subtasks: dict[str, Any]) -> str:
        client("s3").put_object(Bucket=stack.input_bucket, Key=key, Body=body)
        wanted = {"source": {"bucket": stack.input_bucket, "key": key}, "subtasks": list(subtasks)}
        identifier: str = api.call("POST", "/tasks", wanted, status=201)["taskId"]
        return identifier

    return made


@pytest.fixture(scope="session")
def tasks(api: Api, make: Make, clip: Clips) -> dict[str, str]:
    """Make one task of each kind that the pages tell apart; return their IDs by what they show."""
    small = {"ladder": [{"height": 180, "bitrate": 300}, {"height": 90, "bitrate": 100}], "speed": "fastest"}
    made = {
        "failed": make(
            "shown/broken.mp4", b"no film at all", STILL, {"name": "next", "type": "TRANSCODE", "input": "still"}
        ),
        "rich": make(
            "shown/film.mp4",
            clip("plain.mp4").read_bytes(),
            {"name": "stream", "type": "STREAM", "params": small},
            {"name": "sprite", "type": "SPRITE"},
            {"name": "analysis", "type": "ANALYZE"},
            {**STILL, "params": {"at": ["10%", "50%", "90%"]}},
            {"name": "idle", "type": "SCREENSHOT", "when": "analysis.shotCount > 1000"},
        ),
    }
    for identifier in made.values():
        api.completed(identifier)
    return made
