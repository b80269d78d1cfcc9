"""What holds for every test: the user's account is out of reach, and what is dear to make is made once."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ONE_WORLD = {
    "artifact",
    "stack",
}  # Folders whose tests share one build or one stack, so one worker runs each.
NOT_OURS = ("AWS_", "POWERTOOLS_", "REELMILL_", "FORCE_COLOR", "NO_COLOR")


def pytest_configure() -> None:
    """Forget what the user's shell says about AWS and colours: a test's fixtures say what it needs."""
    for name in [name for name in os.environ if name.startswith(NOT_OURS)]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in its own hook of that name
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each folder that shares a world on one of pytest-xdist's workers."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in ONE_WORLD:
            item.add_marker(pytest.mark.xdist_group(folder))
