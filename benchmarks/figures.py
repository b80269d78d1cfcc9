"""Statistics of measured values."""

from collections.abc import Sequence
from statistics import quantiles

PERCENTILES = 100


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of the values, interpolated."""
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=PERCENTILES, method="inclusive")[percent - 1]
