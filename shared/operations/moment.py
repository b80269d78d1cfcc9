"""A time in a video as a caller writes it: seconds, a clock, or a share of the whole."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.errors import ParametersRejected

CLOCK = re.compile(r"(?:(?:(?P<hours>\d{1,3}):)?(?P<minutes>[0-5]?\d):)?(?P<seconds>\d{1,6}(?:\.\d{1,6})?)")
PERCENT = re.compile(r"(?P<percent>\d{1,3}(?:\.\d{1,6})?)%")


def _moment(value: float | str) -> float | str:
    """Refuse what is no time, so that a stored template holds none."""
    if isinstance(value, str):
        percent = PERCENT.fullmatch(value)
        if percent and float(percent["percent"]) > 100:  # noqa: PLR2004
            message = f"{value} lies past the end"
            raise ValueError(message)
        if not percent and not CLOCK.fullmatch(value):
            message = f'{value!r} is no time; write seconds (12.5), a clock ("00:00:12.5") or a share ("10%")'
            raise ValueError(message)
    return value


Moment = Annotated[Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | str, AfterValidator(_moment)]


def resolve_moment(at: float | str, duration: float | None) -> float:
    """Return when that is in a video of that length; raise ParametersRejected when it lies past its end."""
    if isinstance(at, str) and (percent := PERCENT.fullmatch(at)):
        if duration is None:
            message = f"{at} of the video is nowhere: the file doesn't say how long it is; give seconds instead"
            raise ParametersRejected(message, code="ParameterError.UnknownDuration")
        return duration * float(percent["percent"]) / 100
    moment = _clock(at) if isinstance(at, str) else at
    if duration is not None and moment > duration:
        message = f"{at} lies past the end: the video lasts {duration:.3f} s"
        raise ParametersRejected(message, code="ParameterError.PastTheEnd")
    return moment


def _clock(text: str) -> float:
    match = CLOCK.fullmatch(text)
    if match is None:
        message = f"{text!r} is no time"
        raise ParametersRejected(message)
    return 3600 * int(match["hours"] or 0) + 60 * int(match["minutes"] or 0) + float(match["seconds"])
