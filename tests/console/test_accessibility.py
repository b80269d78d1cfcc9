"""axe finds nothing on any page, by any of its rules: in the light theme on a desk, in the dark one on a phone."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from infra.local.stack import StackInfo
from tests.console.axe import Finding, Place, findings
from tests.console.conftest import STILL, Make
from tests.console.pages import PAGES, settled
from tests.support.clips import Clips
from tests.support.speech import novel  # noqa: F401 - a fixture
from tests.support.stack import Api
from tests.support.streams import subtitled

# What is pressed there stands behind it.
STATES: list[Place] = [
    "/tasks?outcome=FAILED&createdAfter=2026-01-01T00:00:00.000Z",
    "/tasks?status=WAITING",
    ("/tasks", "Preferences"),
    ("/tasks/{failed}", "Show log and ffmpeg command"),
    "/tasks/{failed}?subtask=1",
    "/tasks/{failed}?subtask=1&tab=attempts",
    "/tasks/{failed}?subtask=99",
    ("/tasks/{failed}", "Play source video"),
    "/tasks/01M87HD8DCJQ8SW8YDZE97CANA",
    ("/tasks/create", "Custom subtasks", "Add subtask", "Screenshot", "Parameters"),
    ("/tasks/create", "S3 object", "Browse"),
    ("/orchestrations", "Test"),
    "/orchestrations/web-video?view=yaml",
    "/orchestrations/web-video?view=versions",
    "/orchestrations/nowhere",
    "/templates?q=nothing",
    "/templates/h264-720p?view=versions",
    "/templates/create?from=h264-720p",
    "/uploads?key=nowhere.mp4",
    "/nowhere",
]
# A list, one thing, and forms: each is replaced by the same page when it is refused.
REFUSED = ["/tasks", "/tasks/{rich}", "/tasks/create", "/templates/create"]
# Subtasks of every type, so that each way to show a result is looked at.
EVERYTHING: list[dict[str, Any]] = [
    {
        "name": "stream",
        "type": "STREAM",
        "params": {"ladder": [{"height": 180, "bitrate": 300}, {"height": 90, "bitrate": 100}], "speed": "fastest"},
    },
    {"name": "small", "type": "TRANSCODE", "params": {"video": {"height": 90, "speed": "fastest"}}},
    {"name": "better", "type": "ENHANCE", "params": {"video": {"denoise": "light"}}},
    {"name": "audio", "type": "SEPARATE_AUDIO"},
    STILL,
    {"name": "samples", "type": "SAMPLE_SCREENSHOTS"},
    {"name": "sprite", "type": "SPRITE"},
    {"name": "moving", "type": "ANIMATE"},
    {"name": "analysis", "type": "ANALYZE"},
    {"name": "words", "type": "RECOGNIZE", "params": {"words": ["leisure"]}},
    {"name": "moderation", "type": "MODERATE"},
    {"name": "inspection", "type": "INSPECT"},
]
SCREENS: dict[str, ViewportSize] = {"desk": {"width": 1280, "height": 720}, "phone": {"width": 390, "height": 844}}


# Each theme and each screen once: a look at all pages with every rule takes minutes.
LOOKS: list[tuple[Literal["light", "dark"], str]] = [("light", "desk"), ("dark", "phone")]


@pytest.fixture(params=LOOKS, ids=" ".join)
def seen(browser: Browser, stack: StackInfo, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Lend a page in each theme and on each screen."""
    theme, screen = request.param
    # The page's own policy keeps strangers' scripts out, and axe is one.
    context = browser.new_context(
        base_url=stack.console_url,
        color_scheme=theme,
        viewport=SCREENS[screen],
        reduced_motion="reduce",  # what fades in has too little contrast until it is there
        bypass_csp=True,
    )
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def everything(api: Api, make: Make, clip: Clips, novel: Path) -> str:  # noqa: ARG001, F811 - it lends the sentences
    """Make a task that has everything: subtitles of its source and of its speech, streams, videos and findings."""
    film = subtitled(clip, "sentence.mp4").read_bytes()
    identifier = make("axe/everything.mkv", film, *EVERYTHING)
    task = api.completed(identifier)
    assert task["outcome"] == "SUCCEEDED", task
    return identifier


def look(page: Page, places: Sequence[Place], **tasks: str) -> list[Finding]:
    """Go to places one after the other; return what axe finds there."""
    found = []
    for place in places:
        path, *pressed = [place] if isinstance(place, str) else place
        page.goto(path.format(**tasks))
        settled(page)
        for words in pressed:
            press(page, words)
        page.wait_for_load_state("networkidle")
        page.get_by_text("Loading…").first.wait_for(state="hidden")
        found += findings(page, place)
    return found


def answer(status: int) -> Callable[[Route], None]:
    """Return what answers every request with a status alone."""
    return lambda route: route.fulfill(status=status)


def press(page: Page, words: str) -> None:
    """Press what bears these words, or this name."""
    page.get_by_text(words, exact=True).or_(page.get_by_role("button", name=words, exact=True)).first.click()


@pytest.mark.timeout(900)
def test_axe_finds_nothing_on_any_page(seen: Page, tasks: dict[str, str]) -> None:
    assert look(seen, [*PAGES, *STATES], **tasks) == []


@pytest.mark.timeout(900)
def test_axe_finds_nothing_in_a_task_that_has_everything(seen: Page, everything: str) -> None:
    task = f"/tasks/{everything}"
    tabs = [f"{task}?subtask=1&tab={tab}" for tab in ("details", "files", "attempts", "params", "json")]
    views = [f"{task}?view={view}" for view in ("subtasks", "graph", "timeline", "json")]
    results = [f"{task}?subtask={no}&tab=play" for no, _ in enumerate(EVERYTHING, 1)]

    assert look(seen, [*views, *tabs, *results]) == []


@pytest.mark.timeout(900)
@pytest.mark.parametrize("no", [1, 2, 9, 10, 12])  # each of them on its film
def test_axe_finds_nothing_in_a_player_with_subtitles(seen: Page, everything: str, no: int) -> None:
    seen.goto(f"/tasks/{everything}?subtask={no}&tab=play")
    captions = seen.get_by_role("switch", name="closed captions")
    expect(captions).not_to_be_checked()
    settled(seen)
    assert findings(seen, f"{no}, off") == []

    captions.click()

    expect(captions).to_be_checked()
    assert findings(seen, f"{no}, on") == []


@pytest.mark.timeout(900)
def test_axe_finds_nothing_where_two_films_are_compared(seen: Page, everything: str) -> None:
    seen.goto(f"/tasks/{everything}?subtask=2&tab=play")
    choice = seen.get_by_role("dialog").get_by_role("button", name="View")
    choice.or_(seen.get_by_role("button", name="Compare")).first.click()
    if choice.is_visible():
        seen.get_by_role("option", name="Compare").click()
    expect(seen.get_by_role("slider", name="Divider position")).to_be_attached()

    assert findings(seen, "compared") == []


@pytest.mark.timeout(900)
def test_axe_finds_nothing_where_the_api_is_away_refuses_or_is_slow(seen: Page, tasks: dict[str, str]) -> None:
    found: list[Finding] = []
    for path in PAGES:
        seen.goto(path.format(**tasks))
        settled(seen)
        seen.route("**/api/**", lambda route: route.abort())
        seen.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        expect(seen.get_by_role("main")).to_contain_text("Showing data as of")
        found += findings(seen, f"{path}, stale")
        seen.unroute("**/api/**")
    for status in (403, 500):
        seen.route("**/api/**", answer(status))
        found += look(seen, REFUSED, **tasks)
        seen.unroute("**/api/**")

    assert found == []


@pytest.mark.timeout(900)
def test_axe_finds_nothing_while_lists_are_loaded(seen: Page) -> None:
    waiting: list[Route] = []
    found: list[Finding] = []
    seen.route("**/api/**", lambda route: waiting.append(route))  # noqa: PLW0108 - playwright marks its handlers
    for path in ("/tasks", "/orchestrations", "/templates", "/uploads"):
        seen.goto(path)
        expect(seen.get_by_role("heading", level=1)).to_be_visible()
        expect(seen.get_by_role("main").locator("table").get_by_text("Loading…").first).to_be_attached()
        found += findings(seen, path)

    assert found == []
