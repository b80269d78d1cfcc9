"""The providers of findings, by name; each is imported on first use."""

from functools import cache
from importlib import import_module

from shared.errors import ParametersRejected
from shared.operations.findings import Provider

PROVIDERS = frozenset({"aws", "local"})  # each one a module here with a PROVIDER


@cache
def find_provider(name: str) -> Provider:
    """Return the provider of that name; raise ParametersRejected if it isn't installed."""
    if name not in PROVIDERS:
        message = f"there is no provider {name}: choose {' or '.join(sorted(PROVIDERS))}"
        raise ParametersRejected(message, code="ParameterError.UnknownProvider")
    found: Provider = import_module(f"{__name__}.{name}").PROVIDER
    return found
