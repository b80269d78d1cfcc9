"""How figures are boiled down."""

from collections.abc import Sequence
from statistics import quantiles

PERCENTILES = 100


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent of the values don't exceed, interpolated."""
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=PERCENTILES, method="inclusive")[percent - 1]
