"""What template.yaml promises beyond what cfn-lint looks at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # it ships no types

RESOURCES: dict[str, Any] = yaml_parse((Path(__file__).parents[2] / "template.yaml").read_text())["Resources"]
FUNCTIONS = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function"]
BUCKETS = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::S3::Bucket"]
TABLES = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::DynamoDB::Table"]


def statements(function: str) -> Iterator[dict[str, Any]]:
    role = RESOURCES[RESOURCES[function]["Properties"]["Role"]["Fn::GetAtt"][0]]
    assert "ManagedPolicyArns" not in role["Properties"]
    for policy in role["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def actions(function: str) -> set[str]:
    found = [statement["Action"] for statement in statements(function)]
    return {action for each in found for action in ([each] if isinstance(each, str) else each)}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_names_each_action_and_each_resource(function: str) -> None:
    for statement in statements(function):
        assert statement["Effect"] == "Allow"
        assert (statement["Resource"] == "*") == ("xray:PutTraceSegments" in statement["Action"])
    assert not [action for action in actions(function) if "*" in action]


def test_on_upload_and_sweep_never_touch_a_file() -> None:
    assert not {
        action for name in ("OnUploadFunction", "SweepFunction") for action in actions(name) if action[:3] == "s3:"
    }


def test_nobody_deletes_a_task_or_a_source() -> None:
    everything = {action for name in FUNCTIONS for action in actions(name)}
    deleters = {name for name in FUNCTIONS if "dynamodb:DeleteItem" in actions(name)}

    assert deleters == {"TaskApiFunction"}
    assert "s3:DeleteObjectVersion" not in everything
    assert "dynamodb:Scan" not in everything


def test_a_message_stays_hidden_for_longer_than_its_function_may_run() -> None:
    visibility = RESOURCES["SubtaskQueue"]["Properties"]["VisibilityTimeout"]

    assert visibility > RESOURCES["RunSubtaskFunction"]["Properties"]["Timeout"]


@pytest.mark.parametrize("name", [*BUCKETS, *TABLES])
def test_data_outlives_the_stack(name: str) -> None:
    assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_private_encrypted_versioned_and_asks_for_tls(name: str) -> None:
    properties = RESOURCES[name]["Properties"]
    policy = RESOURCES[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"][0]

    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert properties["BucketEncryption"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert (policy["Effect"], policy["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_only_health_is_open() -> None:
    routes = {
        resource["Properties"]["RouteKey"]: resource["Properties"]["AuthorizationType"]
        for resource in RESOURCES.values()
        if resource["Type"] == "AWS::ApiGatewayV2::Route"
    }

    assert [key for key, kind in routes.items() if kind == "NONE"] == ["GET /health"]
    assert all(kind == {"Fn::If": ["UseJwt", "JWT", "AWS_IAM"]} for kind in routes.values() if kind != "NONE")
