"""What a request may be at all, before anything reads it: how long its body is, and what JSON may hold."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from shared.errors import BodyTooLarge, RequestRejected, UnsupportedMediaType

JSON = "application/json"
NOT_JSON = "the body must be JSON, and the header content-type say so: application/json"
BODY_BYTES = 64 * 1024
MAX_DEPTH = 20  # twice what the deepest orchestration has
MAX_INTEGER = 2**63  # none of the fields wants so many, and to add such numbers takes ever longer
# No name, key or sentence holds these, and a terminal that shows them obeys them. The rest are a tab and ends of lines.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check_request(event: Mapping[str, Any]) -> None:
    """Raise BodyTooLarge, UnsupportedMediaType, or RequestRejected for an address that is no text."""
    body = event.get("body") or ""
    # Base 64 takes four characters for three bytes.
    size = (
        len(body) * 3 // 4 - body[-2:].count("=")
        if event.get("isBase64Encoded")
        else len(body.encode("utf-8", "replace"))
    )
    if size > BODY_BYTES:
        message = f"the body has {size} bytes, and the API takes {BODY_BYTES}; files are uploaded by POST /uploads"
        raise BodyTooLarge(message)
    kind = (event.get("headers") or {}).get("content-type", "").strip().lower()
    if kind and not kind.startswith(JSON) and body:  # as curl's -d calls it a form
        raise UnsupportedMediaType(NOT_JSON)
    check_text(event["rawPath"], "path")
    for name, value in (event.get("queryStringParameters") or {}).items():
        check_text(name, "query")
        check_text(value, f"query.{name}")


def with_json_type(event: dict[str, Any]) -> dict[str, Any]:
    """Return a request without a body as one of JSON: as an empty form it would be a document that leaves all out."""
    headers = event.get("headers") or {}
    return event if event.get("body") else {**event, "headers": {**headers, "content-type": JSON}}


def read_json(text: str) -> Any:  # noqa: ANN401 - the models say what it must be
    """Return the JSON of a body; raise RequestRejected for what JSON has not, though Python reads it, or no field has.

    What isn't JSON at all raises json.JSONDecodeError, whose place the answer tells.
    """
    try:
        document = json.loads(text, parse_constant=reject_number, parse_float=parse_number, parse_int=parse_integer)
    except RecursionError:
        reject_depth()
    if not isinstance(document, dict | None):  # of a list of one document Powertools takes that one
        message = "body: it must be a JSON object"
        raise RequestRejected(message)
    check_document(document)
    return document


def parse_number(text: str) -> float:
    """Return a number that is one."""
    value = float(text)
    return value if math.isfinite(value) else reject_number(text)


def parse_integer(text: str) -> int:
    """Return an integer of a size that anything here has."""
    if len(text) > len(str(MAX_INTEGER)) or abs(int(text)) >= MAX_INTEGER:
        reject_number(text)
    return int(text)


def check_document(document: object) -> None:
    """Raise RequestRejected when JSON nests too deep or holds a text that is none."""
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
    """Raise RequestRejected when a text holds control characters, or half of a character that takes two."""
    if found := CONTROLS.search(text):
        message = f"{place}: it holds the control character U+{ord(found[0]):04X}; leave that out"
        raise RequestRejected(message)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        message = f"{place}: it holds half of a character that JSON writes as two (a lone surrogate); leave that out"
        raise RequestRejected(message)


def reject_number(text: str) -> NoReturn:
    """Raise RequestRejected for what is no number, or one beyond all use."""
    message = f"{text[:20]} is not a number that the API takes"
    raise RequestRejected(message)


def reject_depth() -> NoReturn:
    """Raise RequestRejected for JSON that nests without end."""
    message = f"the body nests deeper than {MAX_DEPTH} levels"
    raise RequestRejected(message)
