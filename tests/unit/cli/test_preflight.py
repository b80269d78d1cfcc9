"""`reelmill preflight`: what it prints about an account, and with what it exits."""

from typing import Any

import boto3
import pytest

from tests.support.command import Run
from tests.unit.account.recorded_account import RecordedAccount, refused

FITTING = ("UrgentConcurrency=2", "MaxConcurrency=2", "BackgroundConcurrency=2")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> RecordedAccount:
    """The young account of this machine's credentials."""
    recorded = RecordedAccount()

    def client(_: object, service: str, *, region_name: str, config: object) -> Any:  # noqa: ANN401 - of any service
        assert config is not None
        return recorded.client(service, region_name)

    monkeypatch.setattr(boto3.Session, "client", client)
    for name, value in {
        "ACCESS_KEY_ID": "testing",
        "SECRET_ACCESS_KEY": "testing",
        "DEFAULT_REGION": "us-west-2",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return recorded


def test_a_young_account_is_told_what_is_missing_and_which_parameters_fit(
    reelmill: Run, account: RecordedAccount
) -> None:
    ended = reelmill("preflight", "Console=true", "--region", "eu-central-1")

    assert ended.code == 1
    lines = {line.split(":")[0]: line for line in ended.out.splitlines()}
    assert "ok      credentials" in lines
    assert "failed  concurrency" in lines
    assert "unknown CloudFront" in lines
    assert "        try      ask AWS for more" in lines
    assert f"`sam deploy --parameter-overrides Console=true {' '.join(FITTING)}`" in ended.err
    assert {region for _, region in account.asked} == {"eu-central-1"}


@pytest.mark.usefixtures("account")
def test_parameters_that_fit_end_well(reelmill: Run) -> None:
    ended = reelmill("preflight", *FITTING, "--region", "eu-central-1")

    assert (ended.code, ended.err) == (0, "")
    assert "failed" not in ended.out


@pytest.mark.usefixtures("account")
def test_programs_get_one_document(reelmill: Run) -> None:
    ended = reelmill("preflight", "--json", "--stack-name", "media", "--region", "eu-central-1")

    assert ended.code == 1
    document = ended.document
    assert (document["stack"], document["region"]) == ("media", "eu-central-1")
    assert document["parameters"] == dict(text.split("=") for text in FITTING)
    assert [one["subject"] for one in document["prerequisites"] if one["verdict"] == "failed"] == ["concurrency"]
    assert {tuple(one) for one in document["prerequisites"]} == {
        ("subject", "verdict", "found", "remedy", "parameters")
    }


def test_the_region_of_the_environment_is_asked(reelmill: Run, account: RecordedAccount) -> None:
    reelmill("preflight")

    assert {region for _, region in account.asked} == {"us-west-2"}


def test_credentials_that_are_not_valid_are_a_failure(reelmill: Run, account: RecordedAccount) -> None:
    account.answers["sts"] = [refused("get_caller_identity", "ExpiredToken")]

    ended = reelmill("preflight")

    assert ended.code == 1
    assert "aws sso login" in ended.out


@pytest.mark.parametrize("argument", ["MaxConcurrency", "Nonsense=1", "MaxConcurrency=1"])
def test_a_parameter_that_the_template_does_not_take_is_a_usage_error(reelmill: Run, argument: str) -> None:
    ended = reelmill("preflight", argument)

    assert (ended.code, ended.out) == (2, "")


def test_without_credentials_or_a_region_the_command_says_what_to_do(
    reelmill: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")

    without_credentials = reelmill("preflight")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    without_region = reelmill("preflight")

    assert (without_credentials.code, without_region.code) == (1, 1)
    assert "no AWS credentials" in without_credentials.err
    assert "no region" in without_region.err
    assert "--region" in without_region.err
