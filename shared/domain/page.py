"""One page of a list."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Page(Generic[T_co]):
    """Some items, in the list's order, and the token that asks for the next ones; None at the end.

    `unreadable` names what a newer version of Reelmill stored in this part of the list, and this version can't read.
    """

    items: tuple[T_co, ...]
    next_token: str | None
    unreadable: tuple[str, ...] = ()
