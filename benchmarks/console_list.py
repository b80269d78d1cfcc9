"""(h) The list in the console: from the end of the API's response to the last row on the screen."""

import json
from statistics import median
from typing import Any

from playwright.sync_api import Browser
from rich.table import Table

from benchmarks import soak
from benchmarks.stack import Stack
from tests.support.browser import chromium, missing

PREFERENCES = "reelmill.tasks"  # the key of the number of rows per page in the browser
# Runs before any code of the page, and stores when all rows are painted.
WATCH = """
localStorage.setItem(%(key)s, JSON.stringify({pageSize: %(rows)d}));
window.painted = new Promise(done => {
    const look = () => requestAnimationFrame(
        () => document.querySelectorAll("tbody tr").length < %(rows)d ? look() : requestAnimationFrame(done)
    );
    look();
});
"""
STEPS = {"after_answer_ms": "API's answer → last row on screen", "in_all_ms": "address typed → the same"}
# Milliseconds from the end of the list's response until then, and from the request for the page.
TIMES = """
async () => {
    const painted = await window.painted;
    const answers = performance.getEntriesByType("resource").filter(one => one.name.includes("/api/tasks?"));
    return [painted - answers[0].responseEnd, painted];
}
"""


def measure(stack: Stack, rows: int, rounds: int) -> dict[str, Any]:
    """Create the tasks and open their list repeatedly, each time in a new browser."""
    if lack := missing():
        return {"rows": rows, "missing": lack}
    soak.measure(stack, rows)
    with chromium() as browser:
        found = [open_list(browser, stack, rows) for _ in range(rounds)]
    return {"rows": rows, "after_answer_ms": [after for after, _ in found], "in_all_ms": [whole for _, whole in found]}


def open_list(browser: Browser, stack: Stack, rows: int) -> tuple[float, float]:
    """Open the list once; return the milliseconds since the API's response and since the navigation started."""
    context = browser.new_context(base_url=stack.info.console_url, viewport={"width": 1440, "height": 900})
    try:
        context.add_init_script(WATCH % {"key": json.dumps(PREFERENCES), "rows": rows})
        page = context.new_page()
        page.goto("/tasks")
        after, whole = page.evaluate(TIMES)
        return after, whole
    finally:
        context.close()


def table(found: dict[str, Any]) -> Table:
    """Return the times as a table."""
    shown = Table(title=f"(h) The console's list of {found['rows']} tasks, in an empty browser; milliseconds")
    if "missing" in found:
        shown.add_column(found["missing"])
        return shown
    shown.add_column("step")
    shown.add_column("median", justify="right")
    shown.add_column("max", justify="right")
    for step, name in STEPS.items():
        shown.add_row(name, f"{median(found[step]):.0f}", f"{max(found[step]):.0f}")
    return shown
