"""All pages of the console, read from its own table of routes, so that a new page is in every test over all pages."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

APP = Path(__file__).parents[2] / "console" / "src" / "app.tsx"
# What each kind of page shows when it shows one thing. `{rich}` and `{failed}` are the tasks of `conftest.tasks`.
SHOWN = {"tasks/:taskId": "tasks/{rich}", "orchestrations/:name": "orchestrations/web-video"}
SHOWN |= {"templates/:name": "templates/h264-720p"}


def all_pages() -> list[str]:
    """Return the address of every page. A route with a parameter that `SHOWN` doesn't know fails here."""
    routes = re.findall(r'<Route path="/([^"]+)"', APP.read_text())
    pages = []
    for route in routes:
        kind = "/".join(route.split("/")[:2])
        pages.append(f"/{route.replace(kind, SHOWN.get(kind, kind))}")
    assert not [page for page in pages if ":" in page], "give the new parameter a value in SHOWN"
    return pages


PAGES = all_pages()
assert len(PAGES) > 10, "the routes in app.tsx are written in another way now"


def settled(page: Page) -> Locator:
    """Wait until a page has loaded; return its main part."""
    main = page.get_by_role("main")
    # What loads says so beside the heading or in its place.
    expect(main.get_by_role("heading", level=1).first).to_be_visible()
    page.get_by_text("Loading…").first.wait_for(state="hidden")
    page.wait_for_load_state("networkidle")
    return main
