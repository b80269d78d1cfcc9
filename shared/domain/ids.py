"""IDs of tasks and upload decisions, which sort by time. Pure."""

import hashlib

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LENGTH = 26  # 128 bits in base 32.
TIME_LENGTH = 10  # these 50 bits hold the time


def sortable_id(at: int, identity: bytes) -> str:
    """Return an ID that sorts by time: 48 bits of epoch milliseconds, then 80 bits of the identity's SHA-256.

    The same time and identity give the same ID, so the second delivery of an event finds the first task.
    """
    value = (at & (2**48 - 1)) << 80 | int.from_bytes(hashlib.sha256(identity).digest()[:10])
    return base32(value, ID_LENGTH)


def base32(value: int, length: int) -> str:
    """Return the low `5 * length` bits of `value` in Crockford's alphabet, which sorts like the numbers."""
    return "".join(CROCKFORD[value >> 5 * place & 31] for place in reversed(range(length)))


def number_of(identifier: str) -> int:
    """Return the number that an ID, or a prefix of one, encodes."""
    value = 0
    for character in identifier:
        value = value << 5 | CROCKFORD.index(character)
    return value


def id_time(identifier: str) -> int:
    """Return the time in an ID, in epoch milliseconds."""
    return number_of(identifier[:TIME_LENGTH])


def id_before(identifier: str) -> str:
    """Return the ID that sorts directly before that one."""
    return base32(number_of(identifier) - 1, ID_LENGTH)


def id_range(prefix: str, after: int | None, before: int | None) -> tuple[str, str]:
    """Return the lowest and highest ID with that prefix between two times, each in epoch milliseconds or None."""
    low, high = prefix.ljust(ID_LENGTH, CROCKFORD[0]), prefix.ljust(ID_LENGTH, CROCKFORD[-1])
    if after is not None:
        low = max(low, time_prefix(after).ljust(ID_LENGTH, CROCKFORD[0]))
    if before is not None:
        high = min(high, time_prefix(before).ljust(ID_LENGTH, CROCKFORD[-1]))
    return low, high


def time_prefix(at: int) -> str:
    """Return the prefix that all IDs of that millisecond share."""
    return sortable_id(max(at, 0), b"")[:TIME_LENGTH]  # nothing is older than the epoch


def is_sortable_id(text: object) -> bool:
    """Whether a value has the form of an ID."""
    return isinstance(text, str) and len(text) == ID_LENGTH and set(text) <= set(CROCKFORD)
