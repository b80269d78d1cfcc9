"""The extra that brings the models: whether it is here."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import ParametersRejected


@contextmanager
def installed() -> Iterator[None]:
    """Turn a package that is missing inside into ParametersRejected, which says how to install it."""
    try:
        yield
    except ImportError as missing:
        message = (
            f"the provider local is not installed here ({missing.name} is missing): run `make setup` in a checkout, or "
            "`pip install 'reelmill[ai]'`; or choose the provider aws"
        )
        raise ParametersRejected(message, code="ParameterError.ProviderNotInstalled") from missing
