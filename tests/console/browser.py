"""A real browser on the console: Debian's Chromium, which fetches nothing but what the page asks for."""

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
    """Return what the machine lacks to show the console; None when it lacks nothing."""
    if BROWSER is None:
        return "there is no chromium on this machine: apt-get install chromium"
    return None if CONSOLE.is_file() else "the console isn't built: make console"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Lend a browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def another(browser: Browser, *arguments: str) -> Iterator[Browser]:
    """Lend a second browser, with arguments of its own."""
    other = browser.browser_type.launch(executable_path=BROWSER, args=[*QUIET, *arguments])
    yield other
    other.close()
