"""What a person names in the parameters: a bucket for access logs, a key, a network, a topic for alarms."""

from collections.abc import Iterator
from typing import Any

from infra.account.account import GLOBAL, Account
from infra.account.deployment import Deployment
from infra.account.prerequisite import Prerequisite


def check_log_bucket(account: Account, deployment: Deployment) -> Iterator[Prerequisite]:
    """Check that S3 may write access logs to the bucket: same region, and a policy that allows it."""
    bucket = deployment.text("AccessLogBucket")
    answer = account.ask("s3", "get_bucket_location", absent={"NoSuchBucket"}, Bucket=bucket)
    if answer is None:
        yield Prerequisite("access logs", "failed", f"the bucket {bucket} does not exist", "create it first")
        return
    where = {None: GLOBAL, "EU": "eu-west-1"}.get(answer.get("LocationConstraint"), answer.get("LocationConstraint"))
    if where != account.region:
        yield Prerequisite(
            "access logs",
            "failed",
            f"the bucket {bucket} is in {where}; S3 writes access logs within a region only",
            f"pass a bucket in {account.region}",
        )
        return
    policy: Any = account.ask("s3", "get_bucket_policy", absent={"NoSuchBucketPolicy"}, Bucket=bucket)
    if policy is None or "logging.s3.amazonaws.com" not in policy["Policy"]:
        yield Prerequisite(
            "access logs",
            "warning",
            f"the policy of {bucket} does not let logging.s3.amazonaws.com write, so S3 may drop the logs",
            "add the statement of docs/guides/operate-a-deployment.md",
        )
    else:
        yield Prerequisite("access logs", "ok", f"S3 may write to {bucket}")


def check_key(account: Account, deployment: Deployment) -> Iterator[Prerequisite]:
    """Check that the key encrypts, is in this region, and lets CloudWatch Logs use it."""
    arn = deployment.text("KmsKeyArn")
    region = arn.split(":")[3]
    if region != account.region:
        yield Prerequisite("key", "failed", f"is in {region}", f"pass a key in {account.region}")
        return
    answer = account.ask("kms", "describe_key", absent={"NotFoundException"}, KeyId=arn)
    if answer is None:
        yield Prerequisite("key", "failed", f"{arn} does not exist", "pass the ARN of another key")
        return
    key = answer["KeyMetadata"]
    if key["KeyState"] != "Enabled" or key.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        yield Prerequisite(
            "key",
            "failed",
            f"is {key['KeyState']}, of the kind {key.get('KeySpec', 'SYMMETRIC_DEFAULT')}",
            "pass a symmetric key that is enabled",
        )
        return
    policy = account.ask("kms", "get_key_policy", KeyId=arn, PolicyName="default")["Policy"]
    service = f"logs.{account.region}.amazonaws.com"
    if service in policy:
        yield Prerequisite("key", "ok", f"is enabled, and {service} may use it")
    else:
        yield Prerequisite(
            "key",
            "failed",
            f"its policy does not let {service} use it, so CloudWatch refuses to create the log groups",
            "add the statement of docs/guides/own-kms-key.md to the key's policy",
        )


def check_network(account: Account, deployment: Deployment) -> Iterator[Prerequisite]:
    """Check that the subnets and security groups exist, in one VPC."""
    subnets = deployment.text("SubnetIds").split(",")
    groups = [group for group in deployment.text("SecurityGroupIds").split(",") if group]
    if not groups:
        yield Prerequisite("network", "failed", "SubnetIds need SecurityGroupIds", "pass at least one security group")
        return
    absent = {"InvalidSubnetID.NotFound", "InvalidGroup.NotFound"}
    found = [
        (account.ask("ec2", "describe_subnets", absent=absent, SubnetIds=subnets) or {}).get("Subnets", []),
        (account.ask("ec2", "describe_security_groups", absent=absent, GroupIds=groups) or {}).get(
            "SecurityGroups", []
        ),
    ]
    vpcs = {one["VpcId"] for part in found for one in part}
    if len(found[0]) < len(subnets) or len(found[1]) < len(groups):
        yield Prerequisite(
            "network",
            "failed",
            f"{account.region} does not have all of {', '.join([*subnets, *groups])}",
            "pass IDs of this account and region",
        )
    elif len(vpcs) > 1:
        yield Prerequisite(
            "network", "failed", f"the IDs are of several VPCs: {', '.join(sorted(vpcs))}", "pass IDs of one VPC"
        )
    else:
        yield Prerequisite("network", "ok", f"all in {vpcs.pop()}")


def check_topic(account: Account, deployment: Deployment) -> Iterator[Prerequisite]:
    """Check that the topic of the alarms exists in this region, where CloudWatch looks for it."""
    arn = deployment.text("AlarmTopicArn")
    parts = arn.split(":")
    if len(parts) != 6 or parts[3] != account.region:  # noqa: PLR2004 - arn:aws:sns:REGION:ACCOUNT:NAME
        yield Prerequisite(
            "alarm topic", "failed", f"{arn} is not a topic in {account.region}", f"pass a topic in {account.region}"
        )
    elif account.ask("sns", "get_topic_attributes", absent={"NotFound", "NotFoundException"}, TopicArn=arn) is None:
        yield Prerequisite("alarm topic", "failed", f"{arn} does not exist", "create it first: `aws sns create-topic`")
    else:
        yield Prerequisite("alarm topic", "ok", f"{parts[5]} exists")
