"""A first deployment that fails, in a separate emulator: what its rollback deletes and keeps, and the second one."""

import json
import time
from collections import defaultdict
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.deploy import ARTIFACTS, PARAMETERS, adapt_template, zip_code
from infra.local.emulator import PROJECT, REGION
from tests.support.empty_aws import EmptyAws

pytestmark = pytest.mark.timeout(240)

STACK = "first"
CHOSEN = PARAMETERS | {"DeletionProtection": "true", "Console": "true"}
PROTECTED = {"TasksTable", "CatalogTable", "UploadsTable", "UserPool"}
PATIENCE = {"Delay": 1, "MaxAttempts": 120}
# IAM refuses it, after CloudFormation has made everything else.
STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
POLICY = {"PolicyName": "failing", "PolicyDocument": {"Version": "2012-10-17", "Statement": [STATEMENT]}}
FAILING = {"Type": "AWS::IAM::Policy", "Properties": {**POLICY, "Roles": ["nobody-has-this-role"]}}


def template_of(empty_aws: EmptyAws) -> dict[str, Any]:
    """Return the template, with the functions' code in the emulator."""
    empty_aws("s3").create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": REGION})
    empty_aws("s3").put_object(Bucket=ARTIFACTS, Key="code.zip", Body=zip_code(PROJECT))
    document: dict[str, Any] = json.loads(
        adapt_template((PROJECT / "template.yaml").read_text(), f"s3://{ARTIFACTS}/code.zip")
    )
    return document


def deploy(empty_aws: EmptyAws, template: dict[str, Any]) -> str:
    """Create the stack by a change set, and return how that ends."""
    empty_aws("s3").put_object(Bucket=ARTIFACTS, Key="template.json", Body=json.dumps(template).encode())
    cloudformation = empty_aws("cloudformation")
    chosen = {"StackName": STACK, "ChangeSetName": "first"}
    cloudformation.create_change_set(
        **chosen,
        ChangeSetType="CREATE",
        TemplateURL=f"https://s3.{REGION}.amazonaws.com/{ARTIFACTS}/template.json",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in CHOSEN.items()],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(**chosen, WaiterConfig=PATIENCE)
    cloudformation.execute_change_set(**chosen)
    while (status := status_of(empty_aws)).endswith("_IN_PROGRESS"):
        time.sleep(0.2)
    return status


def status_of(empty_aws: EmptyAws) -> str:
    """Return the stack's status."""
    return str(empty_aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])


def history_of(empty_aws: EmptyAws) -> dict[str, list[str]]:
    """Return what happened to each resource, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    pages = empty_aws("cloudformation").get_paginator("describe_stack_events").paginate(StackName=STACK)
    for event in reversed([event for page in pages for event in page["StackEvents"]]):
        found[event["LogicalResourceId"]].append(event["ResourceStatus"])
    return found


def failing(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template with a resource that fails after all others were created."""
    last = {**FAILING, "DependsOn": sorted(set(template["Resources"]) - {"BudgetAlarm"})}
    return {**template, "Resources": {**template["Resources"], "Failing": last}}


def test_a_first_deployment_that_fails_is_rolled_back_and_the_second_succeeds(empty_aws: EmptyAws) -> None:
    whole = template_of(empty_aws)

    assert deploy(empty_aws, failing(whole)) == "ROLLBACK_COMPLETE"

    history = history_of(empty_aws)
    kept = {name for name, statuses in history.items() if statuses[-1] == "DELETE_SKIPPED"}
    assert kept == PROTECTED
    left = {name for name, statuses in history.items() if statuses[-1] != "DELETE_COMPLETE"} - kept
    assert left == {STACK, "Failing"}
    tables = empty_aws("dynamodb").list_tables()["TableNames"]
    assert len(tables) == 3
    assert all(
        empty_aws("dynamodb").describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] for name in tables
    )

    empty_aws("cloudformation").delete_stack(StackName=STACK)
    empty_aws("cloudformation").get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig=PATIENCE)

    assert deploy(empty_aws, whole) == "CREATE_COMPLETE"


def test_a_rollback_that_would_delete_what_is_protected_fails(empty_aws: EmptyAws) -> None:
    whole = template_of(empty_aws)
    for name in PROTECTED:
        whole["Resources"][name]["DeletionPolicy"] = "RetainExceptOnCreate"

    assert deploy(empty_aws, failing(whole)) == "ROLLBACK_FAILED"

    history = history_of(empty_aws)
    assert {name for name, statuses in history.items() if statuses[-1] == "DELETE_FAILED"} == PROTECTED


def test_what_is_protected_is_not_deleted_on_request(empty_aws: EmptyAws) -> None:
    key = {"AttributeName": "pk", "KeyType": "HASH"}
    empty_aws("dynamodb").create_table(
        TableName="kept",
        KeySchema=[key],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    pools = {
        protection: empty_aws("cognito-idp").create_user_pool(PoolName="users", DeletionProtection=protection)
        for protection in ("ACTIVE", "INACTIVE")
    }

    with pytest.raises(ClientError, match="protected against deletion"):
        empty_aws("dynamodb").delete_table(TableName="kept")
    with pytest.raises(ClientError, match="deletion protection is activated"):
        empty_aws("cognito-idp").delete_user_pool(UserPoolId=pools["ACTIVE"]["UserPool"]["Id"])
    empty_aws("cognito-idp").delete_user_pool(UserPoolId=pools["INACTIVE"]["UserPool"]["Id"])
