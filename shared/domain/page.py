"""One page of a list."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Page(Generic[T_co]):
    """Some items, in the list's order, and the token that asks for the next ones; None at the end."""

    items: tuple[T_co, ...]
    next_token: str | None
