"""axe finds nothing on any page with any of its rules: light on a desktop, dark on a phone."""

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

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("accessibility")]

# Paths of more states, with the names of what to press there.
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
# A list, a task, and forms: an access error replaces each of them with a page.
FORBIDDEN_PAGES = ["/tasks", "/tasks/{rich}", "/tasks/create", "/templates/create"]
# Subtasks of every type, for every kind of result.
ALL_TYPES: list[dict[str, Any]] = [
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
SCREENS: dict[str, ViewportSize] = {"desktop": {"width": 1280, "height": 720}, "phone": {"width": 390, "height": 844}}


# Each theme and each screen once, because scanning all pages with all rules takes minutes.
VIEWS: list[tuple[Literal["light", "dark"], str]] = [("light", "desktop"), ("dark", "phone")]


@pytest.fixture(params=VIEWS, ids=" ".join)
def page(browser: Browser, stack: StackInfo, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Lend a page for each theme and screen."""
    theme, screen = request.param
    # The content security policy of the page blocks axe.
    context = browser.new_context(
        base_url=stack.console_url,
        color_scheme=theme,
        viewport=SCREENS[screen],
        reduced_motion="reduce",  # elements that fade in have too little contrast at first
        bypass_csp=True,
    )
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def full_task(api: Api, make: Make, clip: Clips, novel: Path) -> str:  # noqa: ARG001, F811 - it lends the sentences
    """Create a task with every kind of result, and with subtitles from its source and from recognition."""
    film = subtitled(clip, "sentence.mp4").read_bytes()
    identifier = make("axe/full_task.mkv", film, *ALL_TYPES)
    task = api.completed(identifier)
    assert task["outcome"] == "SUCCEEDED", task
    return identifier


def scan(page: Page, places: Sequence[Place], **tasks: str) -> list[Finding]:
    """Open the places one after the other; return the findings of axe."""
    found = []
    for place in places:
        path, *pressed = [place] if isinstance(place, str) else place
        page.goto(path.format(**tasks))
        settled(page)
        for text in pressed:
            press_text(page, text)
        page.wait_for_load_state("networkidle")
        page.get_by_text("Loading…").first.wait_for(state="hidden")
        found += findings(page, place)
    return found


def respond_with(status: int) -> Callable[[Route], None]:
    """Return a handler that responds to every request with a status only."""
    return lambda route: route.fulfill(status=status)


def press_text(page: Page, text: str) -> None:
    """Click the element with a text, or the button with this name."""
    page.get_by_text(text, exact=True).or_(page.get_by_role("button", name=text, exact=True)).first.click()


def test_axe_finds_nothing_on_any_page(page: Page, tasks: dict[str, str]) -> None:
    assert scan(page, [*PAGES, *STATES], **tasks) == []


def test_axe_finds_nothing_in_a_task_with_every_kind_of_result(page: Page, full_task: str) -> None:
    task = f"/tasks/{full_task}"
    tabs = [f"{task}?subtask=1&tab={tab}" for tab in ("details", "files", "attempts", "params", "json")]
    views = [f"{task}?view={view}" for view in ("subtasks", "graph", "timeline", "json")]
    results = [f"{task}?subtask={no}&tab=play" for no, _ in enumerate(ALL_TYPES, 1)]

    assert scan(page, [*views, *tabs, *results]) == []


@pytest.mark.parametrize("no", [1, 2, 9, 10, 12])  # each with its own video
def test_axe_finds_nothing_in_a_player_with_subtitles(page: Page, full_task: str, no: int) -> None:
    page.goto(f"/tasks/{full_task}?subtask={no}&tab=play")
    captions = page.get_by_role("switch", name="closed captions")
    expect(captions).not_to_be_checked()
    settled(page)
    assert findings(page, f"{no}, off") == []

    captions.click()

    expect(captions).to_be_checked()
    assert findings(page, f"{no}, on") == []


def test_axe_finds_nothing_where_two_videos_are_compared(page: Page, full_task: str) -> None:
    page.goto(f"/tasks/{full_task}?subtask=2&tab=play")
    choice = page.get_by_role("dialog").get_by_role("button", name="View")
    choice.or_(page.get_by_role("button", name="Compare")).first.click()
    if choice.is_visible():
        page.get_by_role("option", name="Compare").click()
    expect(page.get_by_role("slider", name="Divider position")).to_be_attached()

    assert findings(page, "compared") == []


def test_axe_finds_nothing_while_the_api_is_down_or_denies_access(page: Page, tasks: dict[str, str]) -> None:
    found: list[Finding] = []
    for path in PAGES:
        page.goto(path.format(**tasks))
        settled(page)
        page.route("**/api/**", lambda route: route.abort())
        page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.get_by_role("main")).to_contain_text("Showing data as of")
        found += findings(page, f"{path}, stale")
        page.unroute("**/api/**")
    for status in (403, 500):
        page.route("**/api/**", respond_with(status))
        found += scan(page, FORBIDDEN_PAGES, **tasks)
        page.unroute("**/api/**")

    assert found == []


def test_axe_finds_nothing_while_lists_load(page: Page) -> None:
    stalled: list[Route] = []
    found: list[Finding] = []
    page.route("**/api/**", lambda route: stalled.append(route))  # noqa: PLW0108 - playwright marks its handlers
    for path in ("/tasks", "/orchestrations", "/templates", "/uploads"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("main").locator("table").get_by_text("Loading…").first).to_be_attached()
        found += findings(page, path)

    assert found == []
