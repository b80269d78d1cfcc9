"""Page tokens of lists: opaque, valid for one filter only, and safe against tampering. Pure."""

import base64
import binascii
import json
from collections.abc import Callable

from shared.domain.ids import is_sortable_id
from shared.errors import RequestRejected


def write_token(last: str, wanted: object) -> str:
    """Return the token of the position after an ID or key, in the list of that filter (a dataclass)."""
    return base64.urlsafe_b64encode(json.dumps([last, fingerprint(last, wanted)]).encode()).decode().rstrip("=")


def read_token(token: str, wanted: object, is_position: Callable[[object], bool] = is_sortable_id) -> str:
    """Return the ID or key in a token; raise RequestRejected if the token isn't from this list."""
    try:
        last, _fingerprint = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        last = None
    # Written again, it must be identical, because base64 and JSON have many spellings of one value.
    if not is_position(last) or token != write_token(last, wanted):
        message = "nextToken is not from this list; omit it, or repeat the filters of the request that returned it"
        raise RequestRejected(message, code="InvalidNextToken")
    return str(last)


def fingerprint(last: str, wanted: object) -> str:
    """Return a checksum of a position and a filter, so that a token can't be used with another filter."""
    plain = json.dumps([last, *(str(value) for value in vars(wanted).values())])
    return base64.urlsafe_b64encode(binascii.crc32(plain.encode()).to_bytes(4)).decode().rstrip("=")
