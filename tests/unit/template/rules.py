"""Rules of AWS over the template: how they are checked, and how each is broken on purpose.

A rule yields what it checks, in words, and whether that holds. Each rule names its source.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.unit.template.forms import FORMS, Form, named, of_kind, properties

Check = tuple[str, bool]
Rule = Callable[[Form], Iterator[Check]]
Break = tuple[Rule, Callable[[Form], Any]]

FUNCTION = "Lambda::Function"


def functions(form: Form) -> dict[str, dict[str, Any]]:
    """Return the functions by name."""
    return dict(of_kind(form, FUNCTION))


def referred(part: Any) -> str:  # noqa: ANN401 - a value of a template
    """Return the name in a `Ref` or a `GetAtt`; empty for anything else."""
    return next(named(part), "")


def polled(form: Form) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each function with a queue that it reads, and the mapping between them."""
    for _, mapping in of_kind(form, "Lambda::EventSourceMapping"):
        yield referred(mapping["FunctionName"]), referred(mapping["EventSourceArn"]), mapping


def broken_by(rule: Rule, form: Form) -> list[str]:
    """Return what a rule finds wrong."""
    return [words for words, holds in rule(form) if not holds]


def assert_kept(rule: Rule) -> None:
    """Check that the template keeps a rule in all its forms, and that there is something to check."""
    assert [check for form in FORMS.values() for check in rule(form)]
    assert {name: found for name, form in FORMS.items() if (found := broken_by(rule, form))} == {}


def assert_missed(broken: Break) -> None:
    """Check that a rule sees what breaks it."""
    rule, breaks = broken
    form = copy.deepcopy(FORMS["KmsKeyArn+AlarmTopicArn+Console"])
    assert broken_by(rule, form) == []

    breaks(form)

    assert broken_by(rule, form)


def assert_each_broken(rules: Sequence[Rule], breaks: Sequence[Break]) -> None:
    """Check that each rule is broken by something."""
    assert {rule for rule, _ in breaks} == set(rules)


def without(name: str, *path: str) -> Callable[[Form], Any]:
    """Return what removes a property."""

    def change(form: Form) -> None:
        part = properties(form, name)
        for key in path[:-1]:
            part = part[key]
        del part[path[-1]]

    return change


def with_values(name: str, **values: Any) -> Callable[[Form], Any]:  # noqa: ANN401 - any properties
    """Return what sets properties."""
    return lambda form: properties(form, name).update(values)


def drop(name: str) -> Callable[[Form], Any]:
    """Return what removes a resource."""
    return lambda form: form["Resources"].pop(name)


def grant(name: str, action: str, times: int = 1) -> Callable[[Form], Any]:
    """Return what allows a role something more."""
    statement = {"Effect": "Allow", "Action": [action], "Resource": "*"}
    return lambda form: properties(form, name)["Policies"][0]["PolicyDocument"]["Statement"].extend([statement] * times)


def default(name: str, **values: int | str) -> Callable[[Form], Any]:
    """Return what changes a parameter."""
    return lambda form: form["Parameters"][name].update(values)


def retain(name: str, policy: str) -> Callable[[Form], Any]:
    """Return what changes when a resource is deleted."""
    return lambda form: form["Resources"][name].update(DeletionPolicy=policy)
