"""One stack and one browser for all tests of the console, and a page that records its errors."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Route, expect

from infra.local.stack import StackInfo
from tests.console.hosted import STACK, Hosted, hosting
from tests.support.browser import chromium, missing
from tests.support.clips import Clips
from tests.support.stack import Api, Client, client, data_dir, stack  # noqa: F401 - fixtures

Make = Callable[..., str]
STILL = {"name": "still", "type": "SCREENSHOT"}
SECONDS = 60  # for a small clip's task on a busy machine

expect.set_options(timeout=SECONDS * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests with a reason if the browser or the console is missing."""
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
    """Lend a stack that hosts the console as AWS does."""
    with hosting(tmp_path_factory.mktemp("hosted")) as hosted:
        yield hosted


@pytest.fixture(scope="session")
def published(hosted: Hosted) -> Hosted:
    """Lend the hosted stack with the console published."""
    command = [sys.executable, "-m", "infra.console.publish", STACK]
    subprocess.run(command, env=hosted.environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
    return hosted


@pytest.fixture(scope="package")  # it keeps an event loop running, which would block those of other folders
def browser() -> Iterator[Browser]:
    """Lend one browser to all tests of this folder."""
    with chromium() as browser:
        yield browser


def new_context(browser: Browser, stack: StackInfo) -> BrowserContext:  # noqa: F811 - pytest's way
    """Open a browser context on the console."""
    context = browser.new_context(
        base_url=stack.console_url,
        viewport={"width": 1440, "height": 900},
        reduced_motion="reduce",  # without a GPU, each frame of an animation costs CPU time
    )
    context.set_default_timeout(SECONDS * 1000)
    return context


@pytest.fixture(scope="package")
def console_context(browser: Browser, stack: StackInfo) -> Iterator[BrowserContext]:  # noqa: F811 - pytest's way
    """Lend one browser context, whose cache has the code of the console."""
    context = new_context(browser, stack)
    yield context
    context.close()


@pytest.fixture
def context(console_context: BrowserContext, stack: StackInfo) -> Iterator[BrowserContext]:  # noqa: F811 - pytest's way
    """Lend the browser context, without cookies, settings or permissions of an earlier test."""
    yield console_context
    pages = console_context.pages or [console_context.new_page()]
    stored = {"origin": stack.console_url, "storageTypes": "local_storage,indexeddb,cache_storage"}
    console_context.new_cdp_session(pages[0]).send("Storage.clearDataForOrigin", stored)
    for page in pages:
        page.close()
    console_context.unroute_all()
    console_context.clear_cookies()
    console_context.clear_permissions()
    console_context.set_offline(False)


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Lend the errors and warnings of the page. A test must remove those that it expects; others fail it."""
    complaints: list[str] = []
    yield complaints
    assert complaints == []


def watched(page: Page, complaints: list[str]) -> Page:
    """Record the errors and warnings of a page in `complaints`, and return the page."""
    page.on("console", lambda said: complaints.extend(complaint(said)))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Page:
    """Lend a page that records its errors and warnings in `complaints`."""
    return watched(context.new_page(), complaints)


@pytest.fixture
def own_page(browser: Browser, stack: StackInfo, complaints: list[str]) -> Iterator[Page]:  # noqa: F811 - pytest's way
    """Lend a page of a browser context without a cache, whose clock the test may set. It records errors as `page`."""
    context = new_context(browser, stack)
    yield watched(context.new_page(), complaints)
    context.close()


@pytest.fixture
def stalled(page: Page) -> Iterator[list[Route]]:
    """Lend a list for requests that stay unanswered: `page.route("**/slow", lambda route: stalled.append(route))`."""
    stalled: list[Route] = []
    yield stalled
    page.close()
    for route in stalled:
        with suppress(Error):  # the page is closed
            route.abort()


def complaint(said: ConsoleMessage) -> Iterator[str]:
    """Yield an error or a warning of the page with its location."""
    if said.type in {"error", "warning"}:
        yield f"{said.text} ({said.location['url']})"


@pytest.fixture(scope="session")
def make(api: Api, stack: StackInfo, client: Client) -> Make:  # noqa: F811 - pytest's way
    """Lend a function that uploads a file and creates a task for it: `make("a/film.mp4", film, STILL)`."""

    def create(key: str, content: bytes, *subtasks: dict[str, Any]) -> str:
        client("s3").put_object(Bucket=stack.input_bucket, Key=key, Body=content)
        body = {"source": {"bucket": stack.input_bucket, "key": key}, "subtasks": list(subtasks)}
        identifier: str = api.call("POST", "/tasks", body, status=201)["taskId"]
        return identifier

    return create


@pytest.fixture(scope="session")
def tasks(api: Api, make: Make, clip: Clips) -> dict[str, str]:
    """Create the tasks that the pages show; return their IDs by name."""
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
