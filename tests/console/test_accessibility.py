"""No page breaks a rule of WCAG 2.2 AA that axe knows, in either theme."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from infra.local.stack import StackInfo

AXE = Path(__file__).parents[1] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What is pressed there stands behind it.
PAGES: list[str | tuple[str, ...]] = [
    "/tasks",
    "/tasks?outcome=FAILED&createdAfter=2026-01-01T00:00:00.000Z",
    "/tasks/{failed}",
    "/tasks/{rich}?view=graph",
    "/tasks/{rich}?view=timeline",
    "/tasks/{rich}?view=json",
    "/tasks/{failed}?subtask=1",
    "/tasks/{failed}?subtask=1&tab=attempts",
    "/tasks/{rich}?subtask=1&tab=play",
    ("/tasks/{rich}?subtask=1&tab=play", "Compare"),
    "/tasks/{rich}?subtask=1&tab=files",
    "/tasks/{rich}?subtask=3&tab=play",
    "/tasks/{rich}?subtask=4&tab=play",
    "/tasks/01M87HD8DCJQ8SW8YDZE97CANA",
    "/tasks/create",
    ("/tasks/create", "Own subtasks", "Add subtask", "Screenshot", "Parameters"),
    "/orchestrations",
    "/orchestrations/web-video",
    "/orchestrations/web-video/edit",
    "/templates",
    "/templates/h264-720p",
    "/templates/create?from=h264-720p",
    "/uploads",
    "/nowhere",
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_can_be_used_by_everybody(
    browser: Browser, stack: StackInfo, tasks: dict[str, str], theme: Literal["light", "dark"]
) -> None:
    # The page's own policy keeps strangers' scripts out, and axe is one.
    context = browser.new_context(base_url=stack.console_url, color_scheme=theme, bypass_csp=True)
    page = context.new_page()
    found = []
    for place in PAGES:
        path, *pressed = [place] if isinstance(place, str) else place
        page.goto(path.format(**tasks), wait_until="networkidle")
        for words in pressed:
            page.get_by_text(words, exact=True).first.click()
        page.get_by_text("Loading…").first.wait_for(state="hidden")
        page.add_script_tag(path=AXE)
        report = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        found += [(place, one["id"], node["html"]) for one in report["violations"] for node in one["nodes"]]
    context.close()

    assert found == []
