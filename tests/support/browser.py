"""A real browser: Debian's Chromium, with all background requests off."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

# The headless shell is Chromium without the windows and menus around a page, which take as long as a small page.
BROWSER = shutil.which("chromium-headless-shell") or shutil.which("chromium")
CONSOLE = Path(__file__).parents[2] / "console" / "dist" / "index.html"
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
NO_BROWSER = None if BROWSER else "Chromium is not installed; run: apt-get install chromium-headless-shell"


def missing() -> str | None:
    """Return what is missing to show the console; None if it can be shown."""
    if NO_BROWSER:
        return NO_BROWSER
    return None if CONSOLE.is_file() else "the console is not built; run: make console"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless browser, and close it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def second_browser(browser: Browser, *arguments: str) -> Iterator[Browser]:
    """Start a second browser with more arguments, and close it at the end."""
    other = browser.browser_type.launch(executable_path=BROWSER, args=[*QUIET, *arguments])
    yield other
    other.close()
