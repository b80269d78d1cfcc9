"""What is missing at the end of what was made."""

SECONDS, SHARE = 0.5, 0.05  # Missing more than both is no rounding of the last frame.


def shortfall_warnings(expected: float | None, made: float | None) -> list[str]:
    """Return a warning when fewer seconds were made than expected; None is an unknown number of them."""
    missing = (expected or 0) - (made or 0)
    if missing <= max(SECONDS, SHARE * (expected or 0)):
        return []
    return [f"only {made or 0:.1f} of {expected or 0:.1f} s could be read: the source may be cut off or damaged"]
