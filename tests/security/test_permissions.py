"""Least privilege: without any one of its permissions, a function fails visibly."""

from collections.abc import Iterator

import httpx
import pytest

from infra.local import stack as local
from tests.security.restricted_stack import Cloud, fails
from tests.security.scenarios import OTHERS, SCENARIOS, Scenario, unasked
from tests.support.permissions import Permission, permissions
from tests.support.profile import LONG
from tests.support.tallies import Tally

pytestmark = pytest.mark.xdist_group("permissions")

ALL = list(permissions())
ASKED = [permission for permission in ALL if unasked(permission) is None]
# One of each function and kind, for `make test`.
SOME = {
    "OnUpload dynamodb:Query CatalogTable",
    "RunSubtask s3:DeleteObject OutputBucket/*",
    "RunSubtask sqs:SendMessage UrgentQueue",
    "Sweep dynamodb:Query TasksTable/index/by_due",
    "TaskApi s3:ListMultipartUploadParts OutputBucket/*",
    "TaskApi dynamodb:Query TasksTable/index/by_source",
}
TRIED = ASKED if LONG else [permission for permission in ASKED if str(permission) in SOME]
TOLD: set[Scenario] = set()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, blink: bytes) -> Iterator[Cloud]:
    """Lend a stack of this file's own, where only the tests make anything happen."""
    folder = tmp_path_factory.mktemp("permissions")
    info = local.ensure_up(folder, port=0, aws_port=0)
    try:
        with httpx.Client(timeout=30, trust_env=False) as http:
            lent = Cloud(info, http, blink)
            lent.quieten()
            yield lent
    finally:
        local.down(folder)


def test_each_permission_has_a_scenario_or_a_reason_why_the_emulator_works_without_it(tally: Tally) -> None:
    names = [str(permission) for permission in ASKED]

    tally("permissions that the emulator does not ask for, each with its reason", len(ALL) - len(ASKED))
    assert names == list(dict.fromkeys(names))
    assert set(names) == set(SCENARIOS), "tell in scenarios.py what a new permission is needed for"
    assert set(names) >= SOME


@pytest.mark.parametrize("permission", TRIED, ids=str)
def test_no_permission_is_there_for_nothing(cloud: Cloud, permission: Permission, tally: Tally) -> None:
    scenario = SCENARIOS[str(permission)]
    if scenario not in TOLD:
        scenario(cloud)  # goes well with all permissions
        TOLD.add(scenario)

    with cloud.lacking(permission):
        assert fails(scenario, cloud)

    tally("permissions removed, of all that the emulator asks for")


@pytest.mark.parametrize("scenario", OTHERS)
def test_the_rest_goes_well_with_what_is_left(cloud: Cloud, scenario: Scenario) -> None:
    scenario(cloud)
