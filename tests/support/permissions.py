"""The permissions that template.yaml gives to the functions: each action on each resource, and a role without one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # it ships no types

TEMPLATE: dict[str, Any] = yaml_parse((Path(__file__).parents[2] / "template.yaml").read_text())
FUNCTIONS = tuple(
    name.removesuffix("Function")
    for name, resource in TEMPLATE["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
)
POLICY = "least-privilege"
# Where AWS requires the first action, the emulator requires the second one; the stack on this machine adds it.
EMULATOR_ACTIONS = {"sqs:SendMessage": "sqs:SendMessageBatch"}


@dataclass(frozen=True)
class Permission:
    """One action on one resource. `statement` and `place` say where in the role's policy it stands."""

    function: str
    action: str
    resource: str
    statement: int
    place: int

    @property
    def role(self) -> str:
        """The role's name in the template."""
        return f"{self.function}Role"

    def __str__(self) -> str:
        return f"{self.function} {self.action} {self.resource}"


def permissions() -> Iterator[Permission]:
    """Yield every permission of every function, in the template's order."""
    resources = TEMPLATE["Resources"]
    for function in FUNCTIONS:
        [policy] = resources[f"{function}Role"]["Properties"]["Policies"]
        for number, statement in enumerate(policy["PolicyDocument"]["Statement"]):
            for action in listed(statement["Action"]):
                for place, what in enumerate(listed(statement["Resource"])):
                    yield Permission(function, action, named(what), number, place)


def polled(function: str) -> set[str]:
    """Return the queues from which Lambda feeds a function."""
    events = TEMPLATE["Resources"][f"{function}Function"]["Properties"].get("Events", {}).values()
    return {named(event["Properties"]["Queue"]) for event in events if event["Type"] == "SQS"}


def named(resource: Any) -> str:  # noqa: ANN401 - a string or an intrinsic function
    """Return a short name for a resource: `InputBucket/*`, `TasksTable/index/by_age`."""
    if isinstance(resource, str):
        return resource
    if "Fn::GetAtt" in resource:
        return str(resource["Fn::GetAtt"][0])
    text = str(resource["Fn::Sub"])
    return text.replace(".Arn}", "").removeprefix("${") if ".Arn}" in text else text.rsplit(":", 1)[-1]


def without(policy: Mapping[str, Any], gone: Permission) -> str:
    """Return a role's policy as JSON without one permission; its other actions and resources stay as they are."""
    statements = [dict(statement) for statement in policy["Statement"]]
    statement = statements[gone.statement]
    actions, resources = listed(statement["Action"]), listed(statement["Resource"])
    assert gone.action in actions
    taken = {gone.action, EMULATOR_ACTIONS.get(gone.action)}
    statement["Action"] = [action for action in actions if action not in taken]
    rest = [resource for place, resource in enumerate(resources) if place != gone.place]
    if rest:
        statements.append({**statement, "Action": [action for action in actions if action in taken], "Resource": rest})
    if not statement["Action"]:
        statements.remove(statement)
    return json.dumps({**policy, "Statement": statements})


def listed(part: Any) -> Sequence[Any]:  # noqa: ANN401 - one thing or a list of them
    """Return one thing as a list of itself."""
    return part if isinstance(part, list) else [part]
