"""How much is missing at the end of an output."""

SECONDS, SHARE = 0.5, 0.05  # A difference above both isn't the rounding of the last frame.


def shortfall_warnings(expected: float | None, made: float | None) -> list[str]:
    """Return a warning if the output is shorter than expected, in seconds; None is an unknown length."""
    missing = (expected or 0) - (made or 0)
    if missing <= max(SECONDS, SHARE * (expected or 0)):
        return []
    return [f"only {made or 0:.1f} of {expected or 0:.1f} s could be read: the source may be truncated or damaged"]
