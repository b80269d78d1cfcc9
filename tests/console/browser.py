"""A real browser for the console: Debian's Chromium, with all background requests off."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

BROWSER = shutil.which("chromium")
CONSOLE = Path(__file__).parents[2] / "console" / "dist" / "index.html"
# Chromium prepares the suggestions of an address bar for each window, which takes longer than a page of the console.
# The last list of features that it is given counts, so Playwright's own stand here again.
FEATURES = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "PreconnectToSearch"),
)
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--disable-features={','.join(FEATURES)}",
]


def missing() -> str | None:
    """Return what is missing to show the console; None if it can be shown."""
    if BROWSER is None:
        return "chromium is not installed; run: apt-get install chromium"
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
