"""The templates that ship."""

from collections import Counter

import pytest

from shared.domain.subtask import SubtaskType
from shared.operations import OPERATIONS
from shared.stores.presets import preset_templates, read_presets


@pytest.mark.parametrize("name", [document["name"] for document in read_presets("templates.yaml")])
def test_every_template_that_ships_has_parameters_that_its_operation_takes(name: str) -> None:
    template = preset_templates()[name]

    params = OPERATIONS[template.operation].params.model_validate(template.params)

    assert template.summary
    assert params.model_dump(mode="json", by_alias=True, exclude_unset=True) == template.params


def test_no_two_templates_share_a_name() -> None:
    names = Counter(document["name"] for document in read_presets("templates.yaml"))

    assert set(names.values()) == {1}


def test_every_operation_is_registered_under_its_own_type_and_has_a_template() -> None:
    assert {kind: operation.kind for kind, operation in OPERATIONS.items()} == {kind: kind for kind in SubtaskType}
    assert {template.operation for template in preset_templates().values()} == set(SubtaskType)
