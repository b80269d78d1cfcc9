"""Screenshots of six pages in both themes for the documentation; `make screenshots` writes them.

It starts a separate stack and fills it with real tasks first.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import httpx
from playwright.sync_api import Browser, FilePayload, Page

from infra.local import stack as local
from infra.local.stack import StackInfo
from tests.support.browser import chromium, missing
from tests.support.clips import Clips, clips_in
from tests.support.stack import Api, client_of

TARGET = Path(__file__).parents[2] / "docs" / "screenshots"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# The path of each page, the selector that shows it has loaded, and its height in pixels.
PAGES: dict[str, tuple[str, str, int]] = {
    "list": ("/tasks", "text=Partially failed", 800),
    "task": ("/tasks/{failed}", "text=How to fix:", 1000),
    "timeline": ("/tasks/{rich}?view=timeline", "text=Queued", 860),
    "player": ("/tasks/{rich}?subtask=1&tab=play&t=2", "media-play-button", 900),
    "create": ("/tasks/create?orchestration=web-video", "text=What will happen", 1100),
    "orchestration": ("/orchestrations/publish", "text=Overview", 900),
}
PUBLISH: dict[str, Any] = {
    "description": "Adaptive stream, previews, cover image and analysis.",
    "trigger": {"prefix": "publish/", "formats": ["mp4", "mov", "mkv"]},
    "subtasks": [
        {"name": "clean", "type": "TRANSCODE", "template": "h264-720p"},
        {"name": "stream", "type": "STREAM", "input": "clean"},
        {"name": "preview", "type": "SPRITE", "input": "clean"},
        {"name": "cover", "type": "SCREENSHOT", "template": "screenshot-jpeg-middle", "input": "clean"},
        {"name": "analysis", "type": "ANALYZE"},
        {"name": "teaser", "type": "ANIMATE", "when": "analysis.shotCount > 1"},
    ],
}
LATE = {"name": "late", "type": "SCREENSHOT", "params": {"at": [900]}, "needs": ["hd"]}


def fill(stack: StackInfo, clips: Clips) -> dict[str, str]:
    """Create tasks with several outcomes; return the IDs of those in the screenshots."""
    put = client_of(stack, "s3").put_object
    film = clips("bigbuckbunny.mp4").read_bytes()
    with httpx.Client(timeout=30, trust_env=False) as http:
        api = Api(stack, http)
        api.call("PUT", "/orchestrations/publish", PUBLISH)
        for key, body in {
            "uploads/street/bikes.mp4": clips("bikes.mp4").read_bytes(),
            "uploads/phone/voicemail.mp4": b"no audio at all",
            "publish/big-buck-bunny.mp4": film,
            "sources/trailer.mp4": film,
        }.items():
            put(Bucket=stack.input_bucket, Key=key, Body=body)
        source = {"bucket": stack.input_bucket, "key": "sources/trailer.mp4"}
        plan = [{"name": "hd", "type": "TRANSCODE", "template": "h264-720p"}, LATE]
        failed = api.call("POST", "/tasks", {"source": source, "subtasks": plan}, status=201)["taskId"]
        rich = api.task_of("publish/big-buck-bunny.mp4")["taskId"]
        for identifier in (failed, rich):
            api.completed(identifier)
    return {"failed": failed, "rich": rich}


def shoot(browser: Browser, stack: StackInfo, tasks: dict[str, str]) -> None:
    """Write all screenshots."""
    for theme in THEMES:
        context = browser.new_context(base_url=stack.console_url, color_scheme=theme)
        for name, (path, selector, height) in PAGES.items():
            page = context.new_page()
            page.set_viewport_size({"width": 1440, "height": height})
            page.goto(path.format(**tasks), wait_until="networkidle")
            page.locator(selector).first.wait_for()
            if name == "create":
                select_file(page)
            if name == "player":
                page.wait_for_function("() => document.querySelector('video').currentTime > 1.9")
            page.wait_for_timeout(500)  # images fade in
            page.screenshot(path=TARGET / f"{name}-{theme}.png")
            page.close()
        context.close()


def select_file(page: Page) -> None:
    """Select a file in the form, so that the page shows the preview."""
    film: FilePayload = {"name": "summer.mp4", "mimeType": "video/mp4", "buffer": b"not sent"}
    page.locator("input[type=file]").set_input_files(film)
    page.get_by_text("summer-hd.mp4").wait_for()


def main() -> None:
    """Start a stack, fill it, write the screenshots, and stop it."""
    if reason := missing():
        sys.exit(reason)
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        clips = clips_in(Path(folder), Path(folder) / "made")
        data_dir = Path(folder) / "stack"
        stack = local.ensure_up(data_dir, port=0, aws_port=0)
        try:
            tasks = fill(stack, clips)
            with chromium() as browser:
                shoot(browser, stack, tasks)
        finally:
            local.down(data_dir)


if __name__ == "__main__":
    main()
