"""What the documents of the API have in common: times, limits, failures."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.domain.camel_case import CamelCaseModel
from shared.domain.subtask import Failure
from shared.domain.timestamps import epoch_milliseconds, iso_timestamp

DATE = re.compile(r"\d{4}-\d\d-\d\d")


def optional_timestamp(at: int | None) -> str | None:
    """Return epoch milliseconds as ISO 8601, None for None."""
    return None if at is None else iso_timestamp(at)


def optional_milliseconds(at: datetime | None) -> int | None:
    """Return a time in epoch milliseconds, None for None."""
    return None if at is None else epoch_milliseconds(at)


def check_timestamp(at: object) -> object:
    """Return a time as it was written; raise ValueError unless it is ISO 8601, such as for seconds since 1970."""
    if not isinstance(at, str | datetime) or (isinstance(at, str) and not DATE.match(at)):
        message = "use ISO 8601, for example 2026-11-24T20:00:00Z"
        raise ValueError(message)
    return at


IsoTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]  # ISO 8601, as responses have it
Timestamp = Annotated[datetime, BeforeValidator(check_timestamp)]
Limit = Annotated[int, Field(ge=1, le=100, strict=True)]
MAX_RUN = 999_999
RunNumber = Annotated[int, Field(ge=1, le=MAX_RUN, strict=True)]


class ListView(CamelCaseModel):
    """A list of what is stored."""

    newer_version: list[str] = Field(
        description="What this part of the list lacks, because only a newer version of Reelmill can read it: task IDs, "
        "names of orchestrations or templates, version numbers, or keys of uploads."
    )


class PageView(CamelCaseModel):
    """One page of a list."""

    next_token: str | None = Field(description="Pass it to get the next page; null on the last page.")


class FailureView(CamelCaseModel):
    """Why something failed: a code for programs, a sentence for people."""

    code: str
    message: str

    @classmethod
    def of(cls, failure: Failure | None) -> "FailureView | None":
        """Return the view, None for None."""
        return cls(code=failure.code, message=failure.message) if failure else None


class HealthView(CamelCaseModel):
    """The state of the API, and the version of Reelmill that it runs."""

    status: str
    version: str
