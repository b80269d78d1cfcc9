"""Frame rates as fractions."""

BROADCAST_RATES = (24, 30, 48, 60, 120)  # NTSC divides each of these by 1.001


def exact_rate(rate: float) -> str:
    """Return a frame rate as a whole number or a fraction: 30000/1001 for 29.97."""
    for whole in BROADCAST_RATES:
        if abs(rate - whole * 1000 / 1001) < 0.005:  # noqa: PLR2004 - MediaInfo gives three decimals
            return f"{whole * 1000}/1001"
    return str(round(rate)) if abs(rate - round(rate)) < 0.005 else f"{round(rate * 1000)}/1000"  # noqa: PLR2004
