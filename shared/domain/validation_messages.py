"""What pydantic finds wrong, in words for who wrote the document: of fields and lists, not of inputs and tuples."""

from collections.abc import Mapping, Sequence
from typing import Any

# The commonest kinds; others keep pydantic's sentence.
WORDS = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
    "enum": "it must be {expected}",
    "literal_error": "it must be {expected}",
    "string_pattern_mismatch": "it must match the pattern {pattern}",
    "string_too_short": "it is too short: its least length is {min_length}",
    "string_too_long": "it is too long: its greatest length is {max_length}",
    "too_short": "it has too few items: the least number is {min_length}",
    "too_long": "it has too many items: the greatest number is {max_length}",
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be at most {le}",
    "string_type": "it must be a text",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "int_type": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "float_type": "it must be a number",
    "float_parsing": "it must be a number",
    "list_type": "it must be a list",
    "tuple_type": "it must be a list",
    "dict_type": "it must be an object with fields",
    "model_type": "it must be an object with fields",
    "model_attributes_type": "it must be an object with fields",
}


def in_words(error: Mapping[str, Any]) -> str:
    """Return what one of pydantic's errors says."""
    words = WORDS.get(error["type"])
    return words.format_map(error.get("ctx", {})) if words else error["msg"].removeprefix("Value error, ")


def true_ones(errors: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the errors without those on a list's length that count its wrong items as none."""
    places = [tuple(error["loc"]) for error in errors]

    def miscounted(error: Mapping[str, Any]) -> bool:
        there = tuple(error["loc"])
        return error["type"] == "too_short" and any(p[: len(there)] == there and p != there for p in places)

    return [error for error in errors if not miscounted(error)]
