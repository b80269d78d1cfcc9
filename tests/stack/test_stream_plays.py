"""A real browser plays a stream to its end: HLS by hls.js, DASH by dash.js, locked and in clear, off the real API."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from infra.local.stack import StackInfo
from tests.support.browser import NO_BROWSER, chromium
from tests.support.clips import Clips
from tests.support.stack import Api, Client
from tests.support.streams import subtitled

NPM = Path(__file__).parents[1] / "npm" / "node_modules"
HLS_JS, DASH_JS = NPM / "hls.js/dist/hls.min.js", NPM / "dashjs/dist/modern/umd/dash.all.min.js"
# Plays a stream at four times its speed; its report comes from the browser itself.
PLAYER = """async ([address, kind]) => {
  const video = document.createElement("video");
  const errors = [];
  video.muted = true;
  document.body.replaceChildren(video);
  let begun = false;  // a second play() at the end would begin anew
  const begin = () => { if (!begun) { begun = true; video.playbackRate = 4; video.play(); } };
  const over = new Promise((done) => {
    video.onended = done;
    video.onerror = () => { errors.push(video.error.message); done(); };
    const failed = (what) => { errors.push(JSON.stringify(what)); done(); };
    if (kind === "hls") {
      const player = new Hls();
      player.on(Hls.Events.ERROR, (_, { type, details, fatal, error }) =>
        fatal && failed({ type, details, message: error?.message }));
      player.on(Hls.Events.SUBTITLE_FRAG_PROCESSED, begin);
      video.oncanplay = () => { player.subtitleTrack = 0; };
      player.loadSource(address);
      player.attachMedia(video);
    } else {
      const player = dashjs.MediaPlayer().create();
      player.on("error", ({ error }) => failed({ code: error.code, message: error.message }));
      video.oncanplay = begin;
      player.initialize(video, address, false);
    }
  });
  await over;
  const texts = [...video.textTracks].flatMap((track) => [...(track.cues ?? [])].map((cue) => cue.text));
  const { totalVideoFrames, corruptedVideoFrames } = video.getVideoPlaybackQuality();
  const { currentTime, duration, videoWidth } = video;
  return { errors, texts, currentTime, duration, videoWidth, totalVideoFrames, corruptedVideoFrames };
}"""

pytestmark = pytest.mark.skipif(NO_BROWSER is not None, reason=str(NO_BROWSER))


@pytest.fixture(scope="module")
def page(stack: StackInfo) -> Iterator[Page]:
    """Lend a page of the stack's own origin that knows both players."""
    with chromium() as browser:
        page = browser.new_page(bypass_csp=True)  # the pages of that origin take no scripts of others
        page.goto(stack.console_url)
        for script in (HLS_JS, DASH_JS):
            page.add_script_tag(path=script)
        yield page


@pytest.fixture(scope="module")
def streams(api: Api, stack: StackInfo, client: Client, clip: Clips) -> str:
    """Make a stream in clear, one that is locked, and one of audio; return where they play."""
    film = subtitled(clip, "bigbuckbunny.mp4")
    client("s3").put_object(Bucket=stack.input_bucket, Key="play/film.mkv", Body=film.read_bytes())
    small = {"ladder": [{"height": 180, "bitrate": 300}, {"height": 90, "bitrate": 100}], "speed": "fastest"}
    subtasks: list[dict[str, Any]] = [
        {"name": "open", "params": {**small, "segmentSeconds": 2}},
        {"name": "locked", "params": {**small, "segmentSeconds": 2, "encryption": "aes-128"}},
        {"name": "audio", "params": {"ladder": "none", "segmentSeconds": 2}},
    ]
    body = {
        "source": {"bucket": stack.input_bucket, "key": "play/film.mkv"},
        "subtasks": [{"type": "STREAM", **subtask} for subtask in subtasks],
    }
    task = api.completed(api.call("POST", "/tasks", body, status=201)["taskId"])
    assert task["outcome"] == "SUCCEEDED", json.dumps(task, indent=1)
    return f"{stack.api_url}/tasks/{task['taskId']}/subtasks"


@pytest.mark.parametrize(
    ("no", "kind", "name"), [(1, "hls", "master.m3u8"), (1, "dash", "manifest.mpd"), (2, "hls", "master.m3u8")]
)
def test_a_browser_plays_a_stream_to_its_end(page: Page, streams: str, no: int, kind: str, name: str) -> None:
    told = page.evaluate(PLAYER, [f"{streams}/{no}/play/{name}", kind])

    assert told["errors"] == []
    assert told["currentTime"] == told["duration"] == pytest.approx(5.3, abs=0.05)
    assert told["videoWidth"] in {160, 320}
    assert told["totalVideoFrames"] == pytest.approx(132, abs=3)
    assert told["corruptedVideoFrames"] == 0
    assert "Über alles" in told["texts"]


@pytest.mark.parametrize(("kind", "name"), [("hls", "master.m3u8"), ("dash", "manifest.mpd")])
def test_a_browser_plays_audio_alone(page: Page, streams: str, kind: str, name: str) -> None:
    told = page.evaluate(PLAYER, [f"{streams}/3/play/{name}", kind])

    assert told["errors"] == []
    assert told["currentTime"] == told["duration"] == pytest.approx(5.3, abs=0.05)
