"""The expanded template in all its forms, and how rules over it read its parts."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from infra.scans.template_forms import CONSOLE, OWN, expand_template, resolve_conditions

Form = dict[str, Any]

EXPANDED = expand_template((Path(__file__).parents[3] / "template.yaml").read_text())
# Everything that makes, leaves out or changes a resource, in all combinations.
CHOICES = [
    ["KmsKeyArn"],
    ["SubnetIds", "SecurityGroupIds"],
    ["JwtIssuer", "JwtAudience", "ConsoleClientId"],
    ["ConsoleDomain", "ConsoleCertificateArn"],
    ["AlarmTopicArn", "DailyTasks", "AccessLogBucket", "UploadConcurrency", "ApiConcurrency"],
    list(CONSOLE),
]
FORMS: dict[str, Form] = {
    "+".join(choice[0] for choice, taken in zip(CHOICES, taken, strict=True) if taken) or "plain": resolve_conditions(
        EXPANDED, {name: OWN[name] for choice, taken in zip(CHOICES, taken, strict=True) if taken for name in choice}
    )
    for taken in product([False, True], repeat=len(CHOICES))
}


def named(part: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """Yield the names that a part refers to: of resources, parameters and pseudo parameters."""
    if isinstance(part, list):
        for member in part:
            yield from named(member)
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        if key == "Ref":
            yield value
        elif key == "Fn::GetAtt":
            yield value[0] if isinstance(value, list) else value.partition(".")[0]
        elif key == "Fn::Sub":
            text, own = value if isinstance(value, list) else (value, {})
            yield from (name for name in re.findall(r"\$\{([A-Za-z0-9:]+)", text) if name not in own)
            yield from named(own)
        else:
            yield from named(value)


def of_kind(form: Form, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in form["Resources"].items():
        if resource["Type"].removeprefix("AWS::") in kinds:
            yield name, resource["Properties"]


def texts(part: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """Yield all strings of a part, keys and the texts of `Sub` included."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for member in part:
            yield from texts(member)
    elif isinstance(part, dict):
        for key, value in part.items():
            yield key
            yield from texts(value)


def grants(form: Form, function: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a function's role may do, each statement under the resource that gives it."""
    role = form["Resources"][function]["Properties"]["Role"]["Fn::GetAtt"][0]
    properties = form["Resources"][role]["Properties"]
    for policy in properties["Policies"]:
        yield from ((role, statement) for statement in policy["PolicyDocument"]["Statement"])
    attached = {arn["Ref"] for arn in properties["ManagedPolicyArns"]}
    for name, policy in of_kind(form, "IAM::Policy", "IAM::ManagedPolicy"):
        if name in attached or {"Ref": role} in policy.get("Roles", []):
            yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])


def properties(form: Form, name: str) -> dict[str, Any]:
    found: dict[str, Any] = form["Resources"][name]["Properties"]
    return found
