"""`reelmill preflight` against the emulator: an account that has nothing yet, and one with a failed stack."""

from functools import partial

import pytest

from infra.local.emulator import REGION
from tests.support.command import Run, run_command
from tests.support.empty_aws import EmptyAws

pytestmark = pytest.mark.timeout(120)
OWN_DOMAIN = ("Console=true", "ConsoleDomain=media.example.com", "AccessLogBucket=my-logs")


@pytest.fixture
def reelmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return partial(run_command, monkeypatch, capsys)


def test_an_account_of_the_emulator_is_asked_and_what_is_missing_is_named(reelmill: Run, empty_aws: EmptyAws) -> None:
    empty_aws("s3").create_bucket(Bucket="my-logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    empty_aws("logs").create_log_group(logGroupName="/aws/lambda/reelmill-sweep")

    ended = reelmill("preflight", "--json", *OWN_DOMAIN)

    found = {one["subject"]: one for one in ended.document["prerequisites"]}
    assert ended.code == 1
    assert {name for name, one in found.items() if one["verdict"] == "failed"} == {"certificate", "log groups"}
    assert found["access logs"]["verdict"] == "warning"
    assert found["stack reelmill"]["found"].startswith("does not exist yet")
    assert found["credentials"]["verdict"] == "ok"
    assert (found["concurrency"]["verdict"], found["services"]["verdict"]) == ("ok", "unknown")
