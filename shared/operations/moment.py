"""A time in a video as a caller writes it: seconds, a clock time, or a percentage of the duration."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.errors import ParametersRejected

CLOCK = re.compile(r"(?:(?:(?P<hours>\d{1,3}):)?(?P<minutes>[0-5]?\d):)?(?P<seconds>\d{1,6}(?:\.\d{1,6})?)")
PERCENT = re.compile(r"(?P<percent>\d{1,3}(?:\.\d{1,6})?)%")


def _moment(value: float | str) -> float | str:
    """Raise ValueError for an invalid time, so that no stored template has one."""
    if isinstance(value, str):
        percent = PERCENT.fullmatch(value)
        if percent and float(percent["percent"]) > 100:  # noqa: PLR2004
            message = f"{value} is after the end of the video: give at most 100%"
            raise ValueError(message)
        if not percent and not CLOCK.fullmatch(value):
            message = (
                f"{value!r} is not a valid time: "
                'give seconds (12.5), a clock time ("00:00:12.5") or a percentage ("10%")'
            )
            raise ValueError(message)
    return value


Moment = Annotated[Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | str, AfterValidator(_moment)]


def resolve_moment(at: float | str, duration: float | None) -> float:
    """Return the seconds of a time in a video of that duration; raise ParametersRejected if it is after the end."""
    if isinstance(at, str) and (percent := PERCENT.fullmatch(at)):
        if duration is None:
            message = f"{at} can't be resolved: the file doesn't state its duration; give seconds instead"
            raise ParametersRejected(message, code="ParameterError.UnknownDuration")
        return duration * float(percent["percent"]) / 100
    moment = _clock(at) if isinstance(at, str) else at
    if duration is not None and moment > duration:
        message = f"{at} is after the end of the video, which lasts {duration:.3f} s"
        raise ParametersRejected(message, code="ParameterError.PastTheEnd")
    return moment


def _clock(text: str) -> float:
    match = CLOCK.fullmatch(text)
    if match is None:
        message = f"{text!r} is not a valid time"
        raise ParametersRejected(message)
    return 3600 * int(match["hours"] or 0) + 60 * int(match["minutes"] or 0) + float(match["seconds"])
