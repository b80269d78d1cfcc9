"""The extra that installs the models: whether it is installed, and that it sends nothing home."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution

from shared.errors import ParametersRejected


@contextmanager
def require_extra() -> Iterator[None]:
    """Turn a missing package into ParametersRejected, which says how to install it."""
    # Otherwise onnxruntime reports models and runs to Microsoft over the network: docs/Privacy.md in its sources.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        yield
    except ImportError as missing:
        message = (
            f"the provider local is not installed here ({missing.name} is missing): run `make setup` in a checkout, or "
            "`pip install 'reelmill[ai]'`; or choose the provider aws"
        )
        raise ParametersRejected(message, code="ParameterError.ProviderNotInstalled") from missing


def installed_file(package: str, path: str) -> str:
    """Return where a package has a file; raise ImportError if it is not installed. No code of the package runs."""
    return str(distribution(package).locate_file(path))
