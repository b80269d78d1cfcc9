"""The table at the end of a run: what the proofs tried, how often, and the number of violations.

A pytest plugin. The counts travel on the reports of the tests, so they arrive from pytest-xdist's workers too.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

Tally = Callable[..., None]

PROPERTY = "proof"
TRIED: Counter[str] = Counter()
VIOLATED: Counter[str] = Counter()
FAILED: set[str] = set()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Lend what counts the trials of this test: `tally("interleavings on the in-memory table", 120)`."""
    counts: Counter[str] = Counter()

    def count(what: str, times: int = 1) -> None:
        counts[what] += times

    yield count
    request.node.user_properties.append((PROPERTY, dict(counts)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take the counts of a test that is over; if it failed, what it tried was violated."""
    if report.failed:
        FAILED.add(report.nodeid)
    if report.when in {"setup", "call"}:
        return
    rows = [dict(counts) for name, counts in report.user_properties if name == PROPERTY and isinstance(counts, dict)]
    for counts in rows:
        TRIED.update(counts)
    if report.nodeid in FAILED:
        tried = {what for counts in rows for what in counts}
        if not tried and "/proof/" in report.nodeid:
            tried = {report.nodeid.rpartition("::")[2]}
        VIOLATED.update(tried)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    rows = sorted(TRIED.keys() | VIOLATED.keys())
    if not rows:
        return
    terminalreporter.section("proofs")
    width = max(len(what) for what in rows)
    terminalreporter.write_line(f"{'what was tried':<{width}}  {'how often':>10}  {'violations':>10}", bold=True)
    for what in rows:
        broken = VIOLATED[what]
        terminalreporter.write_line(f"{what:<{width}}  {TRIED[what]:>10,}  {broken:>10,}", red=bool(broken))
