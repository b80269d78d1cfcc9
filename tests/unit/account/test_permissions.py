"""What `reelmill preflight` says about the permissions of those who deploy."""

from typing import Any

import pytest

from infra.account.deployment import plan_deployment
from infra.account.permissions import ALWAYS, CREATES, actions_of
from tests.unit.account.recorded_account import Answers, RecordedAccount, check, refused

ALL = sorted({*ALWAYS, *CREATES.values()})
ROLE = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Deployer"


def signed_in_as(arn: str) -> Answers:
    return [("get_caller_identity", {"UserId": "AIDAEXAMPLE", "Account": "111122223333", "Arn": arn})]


def simulated(*denied: str) -> tuple[str, dict[str, Any]]:
    results = [
        {"EvalActionName": action, "EvalDecision": "implicitDeny" if action in denied else "allowed"} for action in ALL
    ]
    return "simulate_principal_policy", {"IsTruncated": False, "EvaluationResults": results}


def role(arn: str = ROLE) -> tuple[str, dict[str, Any]]:
    described = {"Path": "/", "RoleName": "Deployer", "RoleId": "AROAEXAMPLEEXAMPLE", "Arn": arn}
    return "get_role", {"Role": {**described, "CreateDate": "2026-11-01T00:00:00Z"}}


def test_whoever_may_create_everything_may_deploy() -> None:
    assert check(RecordedAccount())["permissions"].verdict == "ok"


def test_what_the_simulator_denies_is_named() -> None:
    found = check(RecordedAccount(iam=[simulated("iam:CreateRole", "sqs:CreateQueue")]))["permissions"]

    assert found.verdict == "warning"
    assert "iam:CreateRole, sqs:CreateQueue" in found.found
    assert found.remedy


def test_a_denied_action_of_the_console_counts_only_with_the_console() -> None:
    answers = [simulated("cloudfront:CreateDistribution")]

    assert check(RecordedAccount(iam=answers))["permissions"].verdict == "ok"
    assert check(RecordedAccount(iam=answers), "Console=true")["permissions"].verdict == "warning"


def test_the_policies_of_a_session_are_those_of_its_role() -> None:
    session = signed_in_as("arn:aws:sts::111122223333:assumed-role/Deployer/ada@example.com")

    found = check(RecordedAccount(sts=session, iam=[role(), simulated("iam:PassRole")]))["permissions"]

    assert found.found.startswith(ROLE)


@pytest.mark.parametrize(
    ("arn", "iam"),
    [
        ("arn:aws:iam::111122223333:user/ada", [refused("simulate_principal_policy", "AccessDenied")]),
        ("arn:aws:sts::111122223333:assumed-role/Deployer/ada", [refused("get_role", "AccessDenied")]),
        ("arn:aws:sts::111122223333:assumed-role/Deployer/ada", [refused("get_role", "NoSuchEntity")]),
        ("arn:aws:sts::111122223333:federated-user/ada", []),
    ],
)
def test_what_may_not_or_cannot_be_simulated_is_unknown(arn: str, iam: Answers) -> None:
    assert check(RecordedAccount(sts=signed_in_as(arn), iam=iam))["permissions"].verdict == "unknown"


def test_the_root_user_is_not_asked() -> None:
    account = RecordedAccount(sts=signed_in_as("arn:aws:iam::111122223333:root"))

    assert check(account)["permissions"].verdict == "ok"
    assert not any(service == "iam" for service, _ in account.asked)


def test_every_kind_of_resource_of_the_template_has_its_action() -> None:
    deployment = plan_deployment("reelmill", ["Console=true"])

    assert {resource["Type"] for resource in deployment.resources.values()} == set(CREATES)
    assert actions_of(deployment) == ALL
    assert set(actions_of(plan_deployment("reelmill", []))) < set(ALL)
