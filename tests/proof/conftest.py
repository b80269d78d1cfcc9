"""What every proof shares: its counts, and the profile that says how many there are."""

import os

import pytest

from tests.proof import tallies
from tests.proof.profile import LONG, VARIABLE


@pytest.hookimpl(trylast=True)  # after the hook that forgets REELMILL_ variables
def pytest_configure(config: pytest.Config) -> None:
    """Have the trials counted, and let pytest-xdist's workers inherit the profile."""
    if LONG:
        os.environ[VARIABLE] = "long"
    if not config.pluginmanager.is_registered(tallies):
        config.pluginmanager.register(tallies)
