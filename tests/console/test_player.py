"""The player: videos, streams, audio and images, their detections, and the comparison with their source.

Debian's Chromium plays H.264 and AAC. H.265 and AV1 depend on the machine, so no test plays them.
"""

import json
import re
import zipfile
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.console.conftest import Make
from tests.support.clips import Clips
from tests.support.stack import Api
from tests.support.streams import subtitled

SMALL = {"ladder": [{"height": 90, "bitrate": 100}], "speed": "fastest"}


@pytest.fixture(scope="module")
def played(api: Api, make: Make, clip: Clips) -> dict[str, str]:
    """Create tasks with outputs to play, to view and with detections; return their IDs by name."""
    small = {"video": {"height": 90, "speed": "fastest"}}
    made = {
        "subtitled": make(
            "play/words.mkv", subtitled(clip).read_bytes(), {"name": "stream", "type": "STREAM", "params": SMALL}
        ),
        "film": make(
            "play/film.mp4",
            clip("beeps.mp4").read_bytes(),
            {"name": "small", "type": "TRANSCODE", "params": small},
            {"name": "audio", "type": "SEPARATE_AUDIO"},
            {"name": "inspection", "type": "INSPECT"},
            {"name": "moderation", "type": "MODERATE"},
            {"name": "whole", "type": "INSPECT", "params": {"checks": ["DAMAGED"]}},
        ),
    }
    for identifier in made.values():
        api.completed(identifier)
    return made


class ExpiredLinks:
    """A storage that rejects links, as if they had expired, until `over` returns True."""

    def __init__(self, page: Page, links: str, over: Callable[[], bool]) -> None:
        self.over = over
        page.route(links, self.answer)

    def answer(self, route: Route) -> None:
        if self.over():
            route.continue_()
        else:
            route.fulfill(status=403, headers={"access-control-allow-origin": "*"})


def requests_to(page: Page, path: str) -> list[str]:
    """Return a growing list of the page's requests to a path of the API."""
    requests: list[str] = []
    page.on("request", lambda request: requests.append(path) if urlsplit(request.url).path.endswith(path) else None)
    return requests


def forgive_expired(complaints: list[str]) -> None:
    """Remove the complaints about rejected links."""
    assert all("status of 403" in complaint for complaint in complaints)
    complaints.clear()


def play(page: Page) -> None:
    """Press play, and wait until the media plays."""
    page.locator("media-play-button").click()
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.3")


def test_a_stream_offers_its_audio_tracks_and_subtitles(page: Page, played: dict[str, str]) -> None:
    page.goto(f"/tasks/{played['subtitled']}?subtask=1&tab=play")
    expect(page.get_by_role("button", name="Quality")).to_be_hidden()  # there is only one

    page.get_by_role("button", name="Subtitles").click()
    page.get_by_role("option", name="signs").click()
    play(page)
    page.wait_for_function(
        """() => [...document.querySelector('video').textTracks].some(
            track => track.mode === 'showing' && track.label.includes('signs') && track.activeCues?.length > 0)"""
    )
    page.get_by_role("button", name="Subtitles").click()
    page.get_by_role("option", name="Off").click()
    page.wait_for_function("() => [...document.querySelector('video').textTracks].every(one => one.mode !== 'showing')")

    audio = page.get_by_role("button", name="Audio")
    first = audio.inner_text()
    audio.click()
    page.get_by_role("option", selected=False).click()
    expect(audio).not_to_have_text(first)
    expect(page.get_by_text("Can't play this file")).to_be_hidden()


def test_audio_files_play_and_can_be_selected(page: Page, played: dict[str, str]) -> None:
    page.goto(f"/tasks/{played['film']}?subtask=2&tab=play")
    page.get_by_role("button", name="File").click()
    page.get_by_role("option", name="film-audio-2.m4a").click()

    play(page)
    assert page.locator("video").evaluate("one => [one.videoWidth, Math.round(one.duration)]") == [0, 2]
    expect(page.get_by_role("button", name="enter fullscreen mode")).to_be_hidden()


def test_images_are_shown_side_by_side_and_one_at_a_time(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks/{tasks['rich']}?subtask=4&tab=play")
    loaded = "() => [...document.querySelectorAll('[role=dialog] img')].map(one => one.complete && one.naturalWidth)"

    expect(page.get_by_role("dialog").get_by_role("img")).to_have_count(3)
    page.get_by_role("dialog").get_by_role("img").last.scroll_into_view_if_needed()
    page.wait_for_function(f"() => ({loaded})().join() === '320,320,320'")
    page.get_by_role("button", name="film-still-1.jpg").click()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("img", name="film-still-2.jpg")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.get_by_role("button", name="All images").click()
    expect(page.get_by_role("dialog").get_by_role("img")).to_have_count(3)


def test_the_seek_bar_shows_a_preview_at_the_pointer(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks/{tasks['rich']}?subtask=2&tab=play")
    page.wait_for_function(
        """() => [...(document.querySelector('video')?.textTracks ?? [])].some(
            track => track.label === 'thumbnails' && track.cues?.length > 0)"""
    )

    page.locator("media-time-range").hover()

    page.wait_for_function(
        """() => {
            const image = document.querySelector('media-preview-thumbnail').shadowRoot.querySelector('img');
            return image.complete && image.naturalWidth > 0 && image.getBoundingClientRect().width > 0;
        }"""
    )


def test_source_and_output_play_in_sync_for_comparison(page: Page, played: dict[str, str]) -> None:
    page.goto(f"/tasks/{played['film']}?subtask=1&tab=play")
    compare = page.get_by_role("button", name="Compare")
    compare.click()
    expect(page.get_by_text("51.7%")).to_be_visible()  # saved
    page.wait_for_function("() => document.querySelectorAll('video').length === 2")
    expect(compare).to_be_focused()  # even the first time, when the press loads the comparison

    page.locator("media-play-button").click()
    page.wait_for_function(
        """() => {
            const [source, output] = document.querySelectorAll('video');
            return source.currentTime > 0.3 && Math.abs(source.currentTime - output.currentTime) < 0.2
                && source.videoHeight === 180 && output.videoHeight === 90;
        }"""
    )
    divider = page.get_by_role("slider", name="Divider position")
    divider.press("End")
    assert "100%" in page.locator("video").last.evaluate("video => video.style.clipPath")


@pytest.mark.parametrize(
    ("no", "mark", "seconds"),
    [(3, "Go to Silent (100%), 0:01.", 1.2), (4, "Go to Nudity", 0.0)],
)
def test_a_click_on_a_detection_seeks_to_it(
    page: Page, played: dict[str, str], no: int, mark: str, seconds: float
) -> None:
    page.goto(f"/tasks/{played['film']}?subtask={no}&t=0.5")
    page.wait_for_function("() => document.querySelector('video')?.currentTime === 0.5")

    page.get_by_role("group").get_by_role("button", name=mark).click()
    page.wait_for_function("to => Math.abs(document.querySelector('video').currentTime - to) < 0.05", arg=seconds)
    page.get_by_role("table", name="Detections").get_by_role("button").first.click()
    page.wait_for_function("() => document.querySelector('video').currentTime === 0")


def test_an_inspection_shows_its_chart_and_its_score(page: Page, played: dict[str, str]) -> None:
    page.goto(f"/tasks/{played['film']}?subtask=3&tab=play")
    chart = page.get_by_role("img", name="film-inspection.svg")
    expect(chart).to_be_visible()
    page.wait_for_function("() => document.querySelector('[role=dialog] img').naturalWidth > 0")
    expect(page.get_by_text(re.compile(r"^\d+/100$"))).to_be_visible()
    expect(page.get_by_text("None", exact=True)).to_be_hidden()

    page.goto(f"/tasks/{played['film']}?subtask=5&tab=play")
    expect(page.get_by_text("100/100")).to_be_visible()
    expect(page.get_by_text("None", exact=True)).to_be_visible()


def test_a_video_whose_link_has_expired_continues_with_a_fresh_link(
    page: Page, played: dict[str, str], complaints: list[str]
) -> None:
    requests = requests_to(page, "/subtasks/1")
    ExpiredLinks(page, "**/film-small.mp4?*", over=lambda: len(requests) > 1)

    page.goto(f"/tasks/{played['film']}?subtask=1&t=0.5")

    page.wait_for_function("() => document.querySelector('video')?.currentTime === 0.5")
    expect(page.get_by_text("Can't play this file")).to_be_hidden()
    assert len(requests) == 2
    forgive_expired(complaints)


def test_a_stream_whose_links_have_expired_continues_with_fresh_links(
    page: Page, played: dict[str, str], complaints: list[str]
) -> None:
    lists = requests_to(page, "/play/master.m3u8")
    ExpiredLinks(page, "**/*.mp4?*", over=lambda: len(lists) > 1)

    page.goto(f"/tasks/{played['subtitled']}?subtask=1&tab=play")

    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    expect(page.get_by_text("Can't play this file")).to_be_hidden()
    forgive_expired(complaints)


def test_a_file_that_cannot_play_says_whether_its_link_or_its_codec_is_the_reason(
    page: Page, tasks: dict[str, str], played: dict[str, str], complaints: list[str]
) -> None:
    ExpiredLinks(page, "**/film-small.mp4?*", over=lambda: False)
    page.goto(f"/tasks/{played['film']}?subtask=1&tab=play")
    expect(page.get_by_text("The link has expired or the file was deleted")).to_be_visible()
    forgive_expired(complaints)

    page.goto(f"/tasks/{tasks['failed']}")  # its source is not a video
    page.get_by_role("button", name="Play source video").click()
    expect(page.get_by_text("Your browser doesn't support this format")).to_be_visible()


def test_images_whose_links_have_expired_load_with_fresh_links_or_show_an_error(
    page: Page, tasks: dict[str, str], complaints: list[str]
) -> None:
    requests = requests_to(page, "/subtasks/4")
    expired = ExpiredLinks(page, "**/film-still-*.jpg?*", over=lambda: len(requests) > 1)
    seen = "() => [...document.querySelectorAll('[role=dialog] img')].some(one => one.naturalWidth > 0)"
    error = page.get_by_text("The link has expired or the file was deleted")

    page.goto(f"/tasks/{tasks['rich']}?subtask=4&tab=play")
    page.wait_for_function(seen)
    expect(error).to_be_hidden()

    expired.over = lambda: False
    page.reload()
    expect(error.first).to_be_visible()
    forgive_expired(complaints)


def test_links_stay_fresh_while_their_files_are_shown(own_page: Page, played: dict[str, str]) -> None:
    own_page.clock.install()
    own_page.goto(f"/tasks/{played['film']}?subtask=1&t=0.5")
    own_page.wait_for_function("() => document.querySelector('video')?.currentTime === 0.5")
    own_page.locator("video").evaluate("one => one.addEventListener('loadstart', () => console.error('restarted'))")

    with own_page.expect_response(lambda answer: urlsplit(answer.url).path.endswith("/subtasks/1")) as answered:
        own_page.clock.fast_forward(3_600_000)

    fresh = answered.value.json()["outputs"][0]["downloadUrl"]
    own_page.get_by_role("tab", name="Files").click()
    expect(own_page.get_by_role("link", name="film-small.mp4")).to_have_attribute("href", fresh)


def test_shots_are_marked_on_the_analyzed_video(page: Page, tasks: dict[str, str]) -> None:
    page.goto(f"/tasks/{tasks['rich']}?subtask=3&tab=play")

    shot = page.get_by_role("group", name="Shots").get_by_role("button").last
    shot.click()
    start = float(shot.evaluate("one => parseFloat(one.style.left) / 50"))  # the video lasts two seconds
    page.wait_for_function("to => Math.abs(document.querySelector('video').currentTime - to) < 0.05", arg=start)


def test_the_token_is_sent_to_the_api_only(page: Page, tasks: dict[str, str], played: dict[str, str]) -> None:
    oidc = {"kind": "oidc", "authority": "https://id.example", "clientId": "me", "scope": "openid"}
    page.route("**/config.json", lambda route: route.fulfill(json={"auth": oidc, "inputBucket": "there"}))
    user = {"access_token": "secret", "token_type": "Bearer", "expires_at": 4102444800, "profile": {"sub": "me"}}
    page.add_init_script(f"sessionStorage.setItem('oidc.user:https://id.example:me', {json.dumps(json.dumps(user))})")
    asked: list[tuple[bool, bool]] = []

    def record(request: Request) -> None:
        address = urlsplit(request.url)
        signed = request.all_headers().get("authorization") == "Bearer secret"
        if address.netloc != urlsplit(page.url).netloc:
            asked.append((False, signed))
        elif address.path.startswith("/api/"):
            asked.append((True, signed))

    page.on("requestfinished", record)
    page.goto(f"/tasks/{played['subtitled']}?subtask=1&tab=play")
    play(page)
    page.goto(f"/tasks/{tasks['rich']}?subtask=4&tab=play")
    page.wait_for_function("() => document.querySelector('[role=dialog] img')?.naturalWidth > 0")
    page.goto(f"/tasks/{tasks['rich']}")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download subtask 4").click()

    assert zipfile.is_zipfile(saved.value.path())
    assert set(asked) == {(True, True), (False, False)}
