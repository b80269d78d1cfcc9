"""The longest text that CloudFormation can put in the place of a value of the template."""

from collections.abc import Mapping
from typing import Any

from tests.unit.template.forms import Form

STACK_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
# What CloudFormation's pseudo parameters are at most; a stack's name has up to 128 characters (CloudFormation's API
# reference, CreateStack).
PSEUDO = {
    "AWS::StackName": "s" * 128,
    "AWS::Region": "ap-southeast-1",
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws-us-gov",
    "AWS::URLSuffix": "amazonaws.com.cn",
    "AWS::StackId": f"arn:aws-us-gov:cloudformation:ap-southeast-1:111122223333:stack/{'s' * 128}/{STACK_ID}",
}
# A name that CloudFormation makes ends at the service's limit, which is at most this for what the template names.
GENERATED = 255


def text(part: Any, form: Form) -> str:  # noqa: ANN401, PLR0911 - any value of a template; one return each
    """Return the longest text that a value may become."""
    match part:
        case str():
            return part
        case {"Ref": str(name)}:
            return name_of(name, form)
        case {"Fn::GetAtt": _}:
            return "a" * GENERATED
        case {"Fn::Sub": [str(template), dict(own)]}:
            return substituted(template, {name: text(value, form) for name, value in own.items()}, form)
        case {"Fn::Sub": str(template)}:
            return substituted(template, {}, form)
        case {"Fn::Select": [place, members]}:
            return members_of(members, form)[int(place)]
        case {"Fn::Join": [separator, members]}:
            return str(separator).join(text(member, form) for member in members)
    return str(part)


def members_of(part: Any, form: Form) -> list[str]:  # noqa: ANN401 - a list of a template
    """Return the members of a list, which may be a text in parts."""
    if isinstance(part, dict) and "Fn::Split" in part:
        separator, whole = part["Fn::Split"]
        return text(whole, form).split(separator)
    return [text(member, form) for member in part]


def substituted(template: str, own: Mapping[str, str], form: Form) -> str:
    """Return a template's text with its variables replaced."""
    found = []
    for number, piece in enumerate(template.split("${")):
        name, closed, rest = piece.partition("}")
        if number == 0 or not closed:
            found.append(piece)
        else:
            found.append((own[name] if name in own else name_of(name, form)) + rest)
    return "".join(found)


def name_of(name: str, form: Form) -> str:
    """Return the longest text that a reference to a parameter or a resource may become."""
    if name in PSEUDO:
        return PSEUDO[name]
    if name in form["Parameters"]:
        return str(form["Parameters"][name].get("Default", ""))
    return "r" * GENERATED


def whole(part: Any, form: Form) -> Any:  # noqa: ANN401 - any part of a template
    """Return a part with all its values replaced by their longest texts."""
    if isinstance(part, dict):
        if len(part) == 1 and next(iter(part)).startswith(("Fn::", "Ref")):
            return text(part, form)
        return {key: whole(value, form) for key, value in part.items()}
    if isinstance(part, list):
        return [whole(member, form) for member in part]
    return part
