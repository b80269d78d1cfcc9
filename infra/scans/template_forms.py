"""template.yaml as CloudFormation deploys it: expanded, and with its conditions resolved for several parameter sets.

Scanners accept any value of an `Fn::If`. Therefore they scan the template without options, with the console, and with
all options.
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
# The parameters of a deployment with its own key, network and identity provider.
OWN = {
    "KmsKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0fedcba9876543210",
    "SecurityGroupIds": "sg-0123456789abcdef0",
    "AccessLogBucket": "my-access-logs",
    "UploadConcurrency": "50",
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
# The parameters of a deployment with the console and no further options.
CONSOLE = {"Console": "true"}
FORMS: Mapping[str, Mapping[str, str]] = {"plain": {}, "console": CONSOLE, "own": OWN}


class NoPolicies:
    """The names of AWS's managed policies. The template does not use any."""

    @staticmethod
    def load() -> dict[str, str]:
        """Return no names."""
        return {}


def expand_template(template: str) -> dict[str, Any]:
    """Return the CloudFormation template that the SAM template stands for."""
    document = yaml_parse(template)
    document["Globals"]["Function"]["CodeUri"] = "s3://artifacts/code.zip"  # as packaged
    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": REGION}):  # the expansion derives the partition from it
        expanded: dict[str, Any] = transform(document, {}, NoPolicies())
    return expanded


def resolve_conditions(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Return an expanded template as it is deployed with these parameters and the defaults of all others."""
    parameters = {
        name: {**parameter, **({"Default": given[name]} if name in given else {})}
        for name, parameter in template["Parameters"].items()
    }
    values = {name: str(parameter.get("Default", "")) for name, parameter in parameters.items()}
    truths = {name: is_true(rule, values, template["Conditions"]) for name, rule in template["Conditions"].items()}
    kept = {
        name: {key: part for key, part in resource.items() if key != "Condition"}
        for name, resource in template["Resources"].items()
        if truths.get(resource.get("Condition", ""), True)
    }
    rest = {name: part for name, part in template.items() if name not in {"Conditions", "Rules", "Metadata"}}
    return {**rest, "Parameters": parameters, "Resources": resolve_ifs(kept, truths)}


def is_true(rule: Any, values: Mapping[str, str], rules: Mapping[str, Any]) -> bool:  # noqa: ANN401 - a condition
    """Whether a condition is true."""
    [(name, terms)] = rule.items()
    if name == "Condition":
        return is_true(rules[terms], values, rules)
    if name == "Fn::Equals":
        first, second = (term_value(term, values) for term in terms)
        return first == second
    results = [is_true(term, values, rules) for term in terms]
    return {"Fn::Not": not results[0], "Fn::And": all(results), "Fn::Or": any(results)}[name]


def term_value(term: Any, values: Mapping[str, str]) -> str:  # noqa: ANN401 - a term of a condition
    """Return the value of a term of a condition."""
    if not isinstance(term, dict):
        return str(term)
    if "Fn::Select" in term:
        place, members = term["Fn::Select"]
        return term_value(members, values).split(",")[int(place)]
    return values[term["Ref"]]


def resolve_ifs(part: Any, truths: Mapping[str, bool]) -> Any:  # noqa: ANN401 - any part of a template
    """Return the part with each `Fn::If` replaced by its value."""
    if isinstance(part, dict):
        if set(part) == {"Fn::If"}:
            name, when, otherwise = part["Fn::If"]
            return resolve_ifs(when if truths[name] else otherwise, truths)
        if part == NO_VALUE:
            return NOTHING
        pairs = ((name, resolve_ifs(value, truths)) for name, value in part.items())
        return {name: value for name, value in pairs if value is not NOTHING}
    if isinstance(part, list):
        return [value for value in (resolve_ifs(value, truths) for value in part) if value is not NOTHING]
    return part


def main(folder: Path) -> None:
    """Write the expanded template and its forms."""
    template = expand_template((PROJECT / "template.yaml").read_text())
    forms = {"expanded": template} | {name: resolve_conditions(template, given) for name, given in FORMS.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, form in forms.items():
        (folder / f"{name}.json").write_text(json.dumps(form, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
