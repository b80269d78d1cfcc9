"""One type for languages: every parameter that takes one takes the same BCP 47 tags."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from shared.domain.subtask import SubtaskType
from shared.operations import OPERATIONS
from shared.operations.language import known_language

TAGS = ["en", "deu", "pt-BR", "es-419", "zh-Hant-TW", "de-CH-1996", "en-x-a", "en-a-bbb-x-a"]
OTHERS = ["", "e", "english", "en_GB", "en-", "-en", "en-123456789", "en GB", "en\n", "12", "en-a-b-c-d-e"]
# Each parameter of an operation that takes a language, as the parameters around it.
MEMBERS: Mapping[str, tuple[SubtaskType, Mapping[str, object]]] = {
    "RECOGNIZE language": (SubtaskType.RECOGNIZE, {"language": ...}),
    "MODERATE language": (SubtaskType.MODERATE, {"language": ...}),
    "STREAM subtitles": (SubtaskType.STREAM, {"subtitles": [{"from": "speech", "language": ...}]}),
    "TRANSCODE watermarks": (SubtaskType.TRANSCODE, {"watermarks": [{"text": {"content": "a", "language": ...}}]}),
}


def filled(value: object, tag: str) -> object:
    """Return the parameters with the tag in place of `...`."""
    if isinstance(value, dict):
        return {name: filled(each, tag) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, tag) for each in value]
    return tag if value is ... else value


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("tag", TAGS)
def test_every_member_takes_a_tag(member: str, tag: str) -> None:
    kind, params = MEMBERS[member]

    OPERATIONS[kind].params.model_validate(filled(params, tag))

    assert known_language(tag) == tag


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("text", OTHERS)
def test_every_member_refuses_what_is_not_a_tag(member: str, text: str) -> None:
    kind, params = MEMBERS[member]

    with pytest.raises(ValidationError):
        OPERATIONS[kind].params.model_validate(filled(params, text))

    assert known_language(text) is None


def test_every_member_is_listed() -> None:
    taking = {kind for kind, operation in OPERATIONS.items() if _languages(operation.params.model_json_schema())}

    # Watermarks are parameters of several operations, but one type.
    watermarked = {kind for kind, operation in OPERATIONS.items() if "watermarks" in operation.params.model_fields}
    assert taking == {kind for kind, _ in MEMBERS.values()} | watermarked


def _languages(schema: object) -> bool:
    """Whether a JSON schema has a property `language`."""
    if isinstance(schema, dict):
        return "language" in schema.get("properties", {}) or any(map(_languages, schema.values()))
    return isinstance(schema, list) and any(map(_languages, schema))
