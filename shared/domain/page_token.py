"""The token of a list's place: opaque, bound to its filter, and safe to tamper with. Pure."""

import base64
import binascii
import json
from collections.abc import Callable

from shared.domain.ids import is_sortable_id
from shared.errors import RequestRejected


def write_token(last: str, wanted: object) -> str:
    """Return the token of the place after that ID or key, in the list of a filter (a dataclass)."""
    return base64.urlsafe_b64encode(json.dumps([last, fingerprint(last, wanted)]).encode()).decode().rstrip("=")


def read_token(token: str, wanted: object, is_place: Callable[[object], bool] = is_sortable_id) -> str:
    """Return the ID or key that a token stands at; raise RequestRejected when it isn't this list's."""
    try:
        last, _mark = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        last = None
    # Written again it must be the same to the letter: base 64 and JSON have many spellings of one thing.
    if not is_place(last) or token != write_token(last, wanted):
        message = "nextToken is not one that this list gave; ask again without it, or with the filters it came with"
        raise RequestRejected(message, code="InvalidNextToken")
    return str(last)


def fingerprint(last: str, wanted: object) -> str:
    """Return a short mark of a place and a filter, so that a token can't be used with another."""
    plain = json.dumps([last, *(str(value) for value in vars(wanted).values())])
    return base64.urlsafe_b64encode(binascii.crc32(plain.encode()).to_bytes(4)).decode().rstrip("=")
