"""The deployment that a person plans: the stack's name, its parameters, and what the template makes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")  # CloudFormation's API reference, CreateStack


@dataclass(frozen=True)
class Deployment:
    """A stack as it would be deployed with these values of the template's parameters."""

    stack: str
    values: Mapping[str, str]
    resources: Mapping[str, Mapping[str, Any]]

    def text(self, parameter: str) -> str:
        """Return the value of a parameter."""
        return self.values[parameter]

    def number(self, parameter: str) -> int:
        """Return the value of a parameter that is a number."""
        return int(self.values[parameter])

    def names_of(self, kind: str) -> list[str]:
        """Return the logical IDs of the resources of a kind, for example `DynamoDB::Table`."""
        return [name for name, resource in self.resources.items() if resource["Type"] == f"AWS::{kind}"]

    def log_groups(self) -> list[str]:
        """Return the names of the stack's log groups, which the template spells."""
        groups = (self.resources[name]["Properties"]["LogGroupName"] for name in self.names_of("Logs::LogGroup"))
        return [group["Fn::Sub"].replace("${AWS::StackName}", self.stack) for group in groups]


def plan_deployment(stack: str, given: Iterable[str], template: Path = PROJECT / "template.yaml") -> Deployment:
    """Return the deployment of the template with the given parameters, each `Name=value`, or raise ValueError."""
    if not STACK_NAME.fullmatch(stack):
        raise ValueError(
            f"{stack!r} is not a stack name: it begins with one of A-Z and a-z, and has only these, digits and hyphens"
        )
    document = read_template(template)
    parameters = document["Parameters"]
    values = {name: str(parameter.get("Default", "")) for name, parameter in parameters.items()}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is not a parameter; write NAME=VALUE, for example MaxConcurrency=20")
        if name not in parameters:
            raise ValueError(f"the template has no parameter {name!r}")
        if problem := problem_of(value, parameters[name]):
            raise ValueError(f"{name}={value}: {problem}")
        values[name] = value
    return Deployment(stack, values, document["Resources"])


@cache
def read_template(template: Path) -> Mapping[str, Any]:
    """Return the template's document; raise ValueError if it is missing."""
    from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    try:
        document: Mapping[str, Any] = yaml_parse(template.read_text())
    except FileNotFoundError as error:
        raise ValueError(f"{template} is missing; run from a checkout of Reelmill") from error
    return document


def problem_of(value: str, parameter: Mapping[str, Any]) -> str | None:
    """Return what CloudFormation would refuse about a value; None if nothing."""
    allowed = [str(one) for one in parameter.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"must be one of {', '.join(allowed)}"
    if parameter["Type"] == "Number":
        if not re.fullmatch(r"-?\d+", value):
            return "must be a whole number"
        least, most = parameter.get("MinValue"), parameter.get("MaxValue")
        if (least is not None and int(value) < least) or (most is not None and int(value) > most):
            return f"must be at least {least}" if most is None else f"must be from {least} to {most}"
    if parameter["Type"] == "String" and not re.fullmatch(parameter.get("AllowedPattern", ".*"), value):
        return str(parameter.get("ConstraintDescription", f"must match {parameter['AllowedPattern']}"))
    return None
