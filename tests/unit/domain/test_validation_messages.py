"""Messages for pydantic's validation errors: the most common kinds, and no wrong statements."""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core._pydantic_core import list_all_errors

from shared.domain.orchestration import OrchestrationDocument
from shared.domain.validation_messages import WORDS, relevant_errors, validation_message

COVER = {"name": "cover", "type": "SCREENSHOT"}


def wrong_with(document: object, model: type[BaseModel] = OrchestrationDocument) -> list[str]:
    """What is said of a document that is wrong."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(model).validate_python(document)
    found = relevant_errors(refused.value.errors())
    return [f"{'.'.join(map(str, error['loc']))}: {validation_message(error)}" for error in found]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"color": "red"}, "color: unknown field"),
        ({"name": "My Name"}, "name: must match the pattern ^[a-z0-9][a-z0-9-]{0,62}$"),
        ({"enabled": "yes"}, "enabled: must be true or false"),
        ({"priority": 11}, "priority: must be at most 10"),
        ({"priority": "high"}, "priority: must be an integer"),
        ({"description": "x" * 501}, "description: is too long: the maximum length is 500"),
        ({"trigger": {"prefix": 3}}, "trigger.prefix: must be a string"),
        ({"trigger": "uploads/"}, "trigger: must be an object"),
        ({"subtasks": []}, "subtasks: has too few items: the minimum is 1"),
        ({"subtasks": "cover"}, "subtasks: must be a list"),
        ({"subtasks": [{**COVER, "when": ""}]}, "subtasks.0.when: is too short: the minimum length is 1"),
        ({"subtasks": [COVER, COVER]}, "subtasks: two subtasks are named cover; rename one"),
    ],
)
def test_an_error_in_a_document_is_described_in_words(fields: dict[str, Any], told: str) -> None:
    assert wrong_with({"name": "mine", "subtasks": [COVER], **fields}) == [told]


def test_what_is_missing_is_said_to_be() -> None:
    assert wrong_with({"name": "mine"}) == ["subtasks: is required"]


def test_a_list_whose_only_item_is_wrong_is_not_called_empty() -> None:
    (told,) = wrong_with({"name": "mine", "subtasks": [{"name": "cover", "type": "JUGGLE"}]})

    assert told.startswith("subtasks.0.type: must be 'TRANSCODE', 'STREAM'")


def test_each_kind_is_one_of_pydantic_s_and_its_words_name_what_comes_with_it() -> None:
    kinds = {str(kind["type"]): kind for kind in list_all_errors()}

    assert all(words.format_map(kinds[name]["example_context"] or {}) for name, words in WORDS.items())
