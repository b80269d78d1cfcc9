"""The limits of every request, checked before anything reads it: the size of its body, and what its JSON contains."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from shared.errors import BodyTooLarge, RequestRejected, UnsupportedMediaType

JSON = "application/json"
NOT_JSON = "the body must be JSON; send it with the header content-type: application/json"
BODY_BYTES = 64 * 1024
MAX_DEPTH = 20  # twice the depth of the deepest orchestration
MAX_INTEGER = 2**63  # no field needs more, and arithmetic with larger numbers takes longer and longer
# No name, key or sentence needs these, and a terminal that shows them executes them. Tabs and line ends are allowed.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check_request(event: Mapping[str, Any]) -> None:
    """Raise BodyTooLarge, UnsupportedMediaType, or RequestRejected if the address is not valid text."""
    body = event.get("body") or ""
    # Base64 takes four characters for three bytes.
    size = (
        len(body) * 3 // 4 - body[-2:].count("=")
        if event.get("isBase64Encoded")
        else len(body.encode("utf-8", "replace"))
    )
    if size > BODY_BYTES:
        message = f"the body has {size} bytes, and the limit is {BODY_BYTES}; upload files with POST /uploads"
        raise BodyTooLarge(message)
    kind = (event.get("headers") or {}).get("content-type", "").strip().lower()
    if kind and not kind.startswith(JSON) and body:  # such as the form that curl's -d sends
        raise UnsupportedMediaType(NOT_JSON)
    check_text(event["rawPath"], "path")
    for name, value in (event.get("queryStringParameters") or {}).items():
        check_text(name, "query")
        check_text(value, f"query.{name}")


def with_json_type(event: dict[str, Any]) -> dict[str, Any]:
    """Return a request; one without a body as JSON, since an empty form would count as a document without fields."""
    headers = event.get("headers") or {}
    return event if event.get("body") else {**event, "headers": {**headers, "content-type": JSON}}


def read_json(text: str) -> Any:  # noqa: ANN401 - the models say what it must be
    """Return the JSON of a body; raise RequestRejected if no field can have its values, or if only Python reads them.

    Raise json.JSONDecodeError for a body that is not JSON; the response shows its position.
    """
    try:
        document = json.loads(text, parse_constant=reject_number, parse_float=parse_number, parse_int=parse_integer)
    except RecursionError:
        reject_depth()
    if not isinstance(document, dict | None):  # from a list with one document, Powertools would take that document
        message = "body: must be a JSON object"
        raise RequestRejected(message)
    check_document(document)
    return document


def parse_number(text: str) -> float:
    """Return a finite number; raise RequestRejected."""
    value = float(text)
    return value if math.isfinite(value) else reject_number(text)


def parse_integer(text: str) -> int:
    """Return an integer in the range that fields can have; raise RequestRejected."""
    if len(text) > len(str(MAX_INTEGER)) or abs(int(text)) >= MAX_INTEGER:
        reject_number(text)
    return int(text)


def check_document(document: object) -> None:
    """Raise RequestRejected if JSON nests too deep or contains invalid text."""
    level: list[tuple[str, object]] = [("body", document)]
    for _ in range(MAX_DEPTH):
        below: list[tuple[str, object]] = []
        for place, value in level:
            if isinstance(value, str):
                check_text(value, place)
            elif isinstance(value, dict):
                for name, inner in value.items():
                    check_text(name, place)
                    below.append((f"{place}.{name}", inner))
            elif isinstance(value, list):
                below += [(f"{place}.{number}", inner) for number, inner in enumerate(value)]
        if not below:
            return
        level = below
    reject_depth()


def check_text(text: str, place: str) -> None:
    """Raise RequestRejected if a text contains control characters or lone surrogates."""
    if found := CONTROLS.search(text):
        message = f"{place}: contains the control character U+{ord(found[0]):04X}; remove it"
        raise RequestRejected(message)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        message = f"{place}: contains half of a surrogate pair; remove it, or add the other half"
        raise RequestRejected(message)


def reject_number(text: str) -> NoReturn:
    """Raise RequestRejected for a number that is not finite, or out of range."""
    message = f"{text[:20]} is not a number that the API accepts"
    raise RequestRejected(message)


def reject_depth() -> NoReturn:
    """Raise RequestRejected for JSON that nests too deep."""
    message = f"the body nests deeper than {MAX_DEPTH} levels"
    raise RequestRejected(message)
