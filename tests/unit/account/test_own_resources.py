"""What `reelmill preflight` says about the key, the network, the topic and the bucket that a person names."""

import json

import pytest

from tests.unit.account.recorded_account import Answers, RecordedAccount, check, refused

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = "arn:aws:sns:eu-central-1:111122223333:alarms"


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([refused("get_bucket_location", "NoSuchBucket")], "failed"),
        ([("get_bucket_location", {"LocationConstraint": "eu-west-1"})], "failed"),
        ([("get_bucket_location", {})], "failed"),  # us-east-1
        (
            [
                ("get_bucket_location", {"LocationConstraint": "eu-central-1"}),
                refused("get_bucket_policy", "NoSuchBucketPolicy"),
            ],
            "warning",
        ),
        (
            [
                ("get_bucket_location", {"LocationConstraint": "eu-central-1"}),
                ("get_bucket_policy", {"Policy": '{"Principal": {"Service": "logging.s3.amazonaws.com"}}'}),
            ],
            "ok",
        ),
    ],
)
def test_the_bucket_of_the_access_logs_must_be_in_the_region_and_let_s3_write(answers: Answers, verdict: str) -> None:
    before: Answers = [("list_buckets", {"Buckets": []})]

    found = check(RecordedAccount(s3=[*before, *answers]), "AccessLogBucket=my-logs")["access logs"]

    assert found.verdict == verdict
    assert (found.remedy is None) == (verdict == "ok")


def key(state: str = "Enabled", kind: str = "SYMMETRIC_DEFAULT", service: str = "logs.eu-central-1") -> Answers:
    described = {"KeyId": KEY.rpartition("/")[2], "KeyState": state, "KeySpec": kind}
    policy = json.dumps({"Principal": {"Service": f"{service}.amazonaws.com"}})
    return [("describe_key", {"KeyMetadata": described}), ("get_key_policy", {"Policy": policy})]


@pytest.mark.parametrize(
    ("answers", "verdict", "words"),
    [
        (key(), "ok", "may use it"),
        (key(service="s3"), "failed", "does not let logs.eu-central-1.amazonaws.com use it"),
        (key(state="PendingDeletion"), "failed", "is PendingDeletion"),
        (key(kind="RSA_2048"), "failed", "RSA_2048"),
        ([refused("describe_key", "NotFoundException")], "failed", "does not exist"),
        ([refused("describe_key")], "unknown", "could not be checked"),
    ],
)
def test_the_key_must_encrypt_and_let_the_logs_use_it(answers: Answers, verdict: str, words: str) -> None:
    found = check(RecordedAccount(kms=answers), f"KmsKeyArn={KEY}")["key"]

    assert found.verdict == verdict
    assert words in found.found


def test_a_key_of_another_region_is_found_without_a_question() -> None:
    account = RecordedAccount(region="us-west-2")

    assert check(account, f"KmsKeyArn={KEY}")["key"].found == "is in eu-central-1"
    assert "kms" not in {service for service, _ in account.asked}


@pytest.mark.parametrize(
    ("subnets", "groups", "verdict", "words"),
    [
        (("vpc-1", "vpc-1"), ("vpc-1",), "ok", "all in vpc-1"),
        (("vpc-1", "vpc-1"), ("vpc-2",), "failed", "several VPCs: vpc-1, vpc-2"),
        (("vpc-1",), ("vpc-1",), "failed", "does not have all of subnet-1, subnet-2, sg-1"),
    ],
)
def test_the_network_is_one_vpc_that_exists(
    subnets: tuple[str, ...], groups: tuple[str, ...], verdict: str, words: str
) -> None:
    answers: Answers = [
        ("describe_subnets", {"Subnets": [{"VpcId": vpc} for vpc in subnets]}),
        ("describe_security_groups", {"SecurityGroups": [{"VpcId": vpc} for vpc in groups]}),
    ]

    found = check(RecordedAccount(ec2=answers), "SubnetIds=subnet-1,subnet-2", "SecurityGroupIds=sg-1")["network"]

    assert found.verdict == verdict
    assert words in found.found


def test_subnets_and_groups_that_do_not_exist_or_are_not_given_are_found() -> None:
    answers = [refused("describe_subnets", "InvalidSubnetID.NotFound"), ("describe_security_groups", {})]

    missing = check(RecordedAccount(ec2=answers), "SubnetIds=subnet-1", "SecurityGroupIds=sg-1")["network"]
    without = check(RecordedAccount(), "SubnetIds=subnet-1")["network"]

    assert (missing.verdict, without.verdict) == ("failed", "failed")
    assert without.found == "SubnetIds need SecurityGroupIds"


@pytest.mark.parametrize(
    ("arn", "answers", "verdict"),
    [
        (TOPIC, [("get_topic_attributes", {"Attributes": {}})], "ok"),
        (TOPIC, [refused("get_topic_attributes", "NotFound")], "failed"),
        (TOPIC, [refused("get_topic_attributes", "AuthorizationError")], "unknown"),
        (TOPIC.replace("eu-central-1", "eu-west-1"), [], "failed"),
        ("alarms", [], "failed"),
    ],
)
def test_the_topic_of_the_alarms_must_exist_in_the_region(arn: str, answers: Answers, verdict: str) -> None:
    assert check(RecordedAccount(sns=answers), f"AlarmTopicArn={arn}")["alarm topic"].verdict == verdict
