"""The template keeps AWS's rules in all its forms, and each rule sees what breaks it."""

import pytest

from tests.unit.template import rules_of_calls, rules_of_deletion, rules_of_metrics, rules_of_sizes
from tests.unit.template.rules import Break, Rule, assert_each_broken, assert_kept, assert_missed

MODULES = (rules_of_calls, rules_of_deletion, rules_of_metrics, rules_of_sizes)
RULES: list[Rule] = [rule for module in MODULES for rule in module.RULES]
BREAKS: dict[str, Break] = {words: one for module in MODULES for words, one in module.BREAKS.items()}


@pytest.mark.parametrize("rule", RULES)
def test_the_template_keeps_each_rule(rule: Rule) -> None:
    assert_kept(rule)


@pytest.mark.parametrize("broken", BREAKS)
def test_each_rule_sees_what_breaks_it(broken: str) -> None:
    assert_missed(BREAKS[broken])


def test_each_rule_is_broken_by_something() -> None:
    assert_each_broken(RULES, list(BREAKS.values()))
