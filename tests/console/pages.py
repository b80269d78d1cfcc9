"""All pages of the console, read from its routes, so that tests of all pages include new pages."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

APP = Path(__file__).parents[2] / "console" / "src" / "app.tsx"
# The parameters of routes. `{rich}` and `{failed}` are the tasks of `conftest.tasks`.
EXAMPLES = {"tasks/:taskId": "tasks/{rich}", "orchestrations/:name": "orchestrations/web-video"}
EXAMPLES |= {"templates/:name": "templates/h264-720p"}


def all_pages() -> list[str]:
    """Return the path of every page. Fail for a route parameter that is not in `EXAMPLES`."""
    routes = re.findall(r'<Route path="/([^"]+)"', APP.read_text())
    pages = []
    for route in routes:
        kind = "/".join(route.split("/")[:2])
        pages.append(f"/{route.replace(kind, EXAMPLES.get(kind, kind))}")
    assert not [page for page in pages if ":" in page], "add the new parameter to EXAMPLES"
    return pages


PAGES = all_pages()
assert len(PAGES) > 10, "the routes in app.tsx have a new format; adapt the pattern"


def settled(page: Page) -> Locator:
    """Wait until a page has loaded; return its main region."""
    main = page.get_by_role("main")
    # Regions that are loading say so next to the heading or in place of it.
    expect(main.get_by_role("heading", level=1).first).to_be_visible()
    page.get_by_text("Loading…").first.wait_for(state="hidden")
    page.wait_for_load_state("networkidle")
    return main
