"""Messages for the errors that pydantic finds, in words of the API: fields and lists, not inputs and tuples. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

# The most frequent types; the others keep pydantic's message.
WORDS = {
    "missing": "is required",
    "extra_forbidden": "unknown field",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "string_too_short": "is too short: the minimum length is {min_length}",
    "string_too_long": "is too long: the maximum length is {max_length}",
    "too_short": "has too few items: the minimum is {min_length}",
    "too_long": "has too many items: the maximum is {max_length}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


def validation_message(error: Mapping[str, Any]) -> str:
    """Return the message for one of pydantic's errors."""
    words = WORDS.get(error["type"])
    return words.format_map(error.get("ctx", {})) if words else error["msg"].removeprefix("Value error, ")


def relevant_errors(errors: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the errors without those about a list's length that come from invalid items, which don't count."""
    locations = [tuple(error["loc"]) for error in errors]

    def is_miscount(error: Mapping[str, Any]) -> bool:
        location = tuple(error["loc"])
        return error["type"] == "too_short" and any(
            other[: len(location)] == location and other != location for other in locations
        )

    return [error for error in errors if not is_miscount(error)]
