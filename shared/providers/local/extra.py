"""The extra that brings the models: whether it is here, and that it keeps what it sees to itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import ParametersRejected


@contextmanager
def require_extra() -> Iterator[None]:
    """Turn a package that is missing inside into ParametersRejected, which says how to install it."""
    # Else onnxruntime tells Microsoft about models and runs, over the network: docs/Privacy.md of its sources.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        yield
    except ImportError as missing:
        message = (
            f"the provider local is not installed here ({missing.name} is missing): run `make setup` in a checkout, or "
            "`pip install 'reelmill[ai]'`; or choose the provider aws"
        )
        raise ParametersRejected(message, code="ParameterError.ProviderNotInstalled") from missing
