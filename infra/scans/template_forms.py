"""template.yaml as CloudFormation sees it: expanded, and with its conditions settled one way and the other.

Scanners take `Fn::If` for whatever pleases them. So they look at the template without options, with the console, and
with all.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from unittest import mock

from samtranslator.translator.transform import transform  # type: ignore[import-untyped]  # it ships no types
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # the same

PROJECT = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"
NOTHING: Final[Any] = object()  # AWS::NoValue
NO_VALUE = {"Ref": "AWS::NoValue"}
# What whoever has a key, a network and an identity provider of their own says.
OWN = {
    "KmsKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0fedcba9876543210",
    "SecurityGroupIds": "sg-0123456789abcdef0",
    "AccessLogBucket": "my-access-logs",
    "ApiConcurrency": "50",
    "DailyTasks": "1000",
    "AlarmTopicArn": "arn:aws:sns:eu-central-1:111122223333:alarms",
    "JwtIssuer": "https://example.com/",
    "JwtAudience": "reelmill",
    "Console": "true",
    "ConsoleClientId": "console",
    "ConsoleSignInOrigins": "https://login.example.com",
    "ConsoleDomain": "media.example.com",
    "ConsoleCertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab",
}
# What whoever wants the console says, and has nothing of their own.
CONSOLE = {"Console": "true"}
FORMS: Mapping[str, Mapping[str, str]] = {"plain": {}, "console": CONSOLE, "own": OWN}


class NoPolicies:
    """The names of AWS's managed policies, of which the template uses none."""

    @staticmethod
    def load() -> dict[str, str]:
        """Return none."""
        return {}


def expanded(template: str) -> dict[str, Any]:
    """Return the SAM template as the CloudFormation that it stands for."""
    document = yaml_parse(template)
    document["Globals"]["Function"]["CodeUri"] = "s3://artifacts/code.zip"  # as packaged
    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": REGION}):  # by which the expansion finds the partition
        found: dict[str, Any] = transform(document, {}, NoPolicies())
    return found


def settled(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Return an expanded template as it is once those parameters are given and all others left out."""
    parameters = {
        name: {**parameter, **({"Default": given[name]} if name in given else {})}
        for name, parameter in template["Parameters"].items()
    }
    values = {name: str(parameter.get("Default", "")) for name, parameter in parameters.items()}
    truths = {name: holds(rule, values, template["Conditions"]) for name, rule in template["Conditions"].items()}
    kept = {
        name: {key: part for key, part in resource.items() if key != "Condition"}
        for name, resource in template["Resources"].items()
        if truths.get(resource.get("Condition", ""), True)
    }
    rest = {name: part for name, part in template.items() if name not in {"Conditions", "Rules", "Metadata"}}
    return {**rest, "Parameters": parameters, "Resources": chosen(kept, truths)}


def holds(rule: Any, values: Mapping[str, str], rules: Mapping[str, Any]) -> bool:  # noqa: ANN401 - a condition
    """Return whether a condition holds."""
    [(name, terms)] = rule.items()
    if name == "Condition":
        return holds(rules[terms], values, rules)
    if name == "Fn::Equals":
        first, second = (text(term, values) for term in terms)
        return first == second
    held = [holds(term, values, rules) for term in terms]
    return {"Fn::Not": not held[0], "Fn::And": all(held), "Fn::Or": any(held)}[name]


def text(term: Any, values: Mapping[str, str]) -> str:  # noqa: ANN401 - a term of a condition
    """Return what a term of a condition comes to."""
    if not isinstance(term, dict):
        return str(term)
    if "Fn::Select" in term:
        place, members = term["Fn::Select"]
        return text(members, values).split(",")[int(place)]
    return values[term["Ref"]]


def chosen(part: Any, truths: Mapping[str, bool]) -> Any:  # noqa: ANN401 - any part of a template
    """Return the part with each `Fn::If` replaced by what it comes to."""
    if isinstance(part, dict):
        if set(part) == {"Fn::If"}:
            name, when, otherwise = part["Fn::If"]
            return chosen(when if truths[name] else otherwise, truths)
        if part == NO_VALUE:
            return NOTHING
        pairs = ((name, chosen(value, truths)) for name, value in part.items())
        return {name: value for name, value in pairs if value is not NOTHING}
    if isinstance(part, list):
        return [value for value in (chosen(value, truths) for value in part) if value is not NOTHING]
    return part


def main(folder: Path) -> None:
    """Write the expanded template and its forms."""
    template = expanded((PROJECT / "template.yaml").read_text())
    forms = {"expanded": template} | {name: settled(template, given) for name, given in FORMS.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, form in forms.items():
        (folder / f"{name}.json").write_text(json.dumps(form, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
