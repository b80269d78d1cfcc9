"""What operations find in media, and who finds it: one form, whoever computed it."""

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from shared.operations.operation import OperationContext


class ResultPart(BaseModel):
    """The base of all that is found: camelCase outside, closed, frozen."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, defer_build=True
    )


class Result(ResultPart):
    """The base of every operation's findings."""


class Suggestion(StrEnum):
    """What to do about something that was found, the mildest first."""

    PASS = "PASS"  # noqa: S105 - a word, no secret
    REVIEW = "REVIEW"
    BLOCK = "BLOCK"


class Segment(ResultPart):
    """Something found from `start` to `end`, in seconds of the input's own time from its beginning."""

    start: float
    end: float
    label: str
    confidence: float = Field(ge=0, le=1)
    suggestion: Suggestion | None = None
    text: str | None = None
    language: str | None = Field(None, description="Of what is said or written, as BCP 47 names it.")


class Provider(Protocol):
    """Who finds things in media: `aws`, or `local` models. Segments come in the order of their start.

    Each method raises ParametersRejected (`ParameterError.ProviderLacks`) for what this provider can't do, and
    JobRunning while a service still works on it. It starts its work before it raises, and gives the same answer when
    asked again: who wants several things calls all the methods, keeps the first JobRunning, and raises that at the end,
    so that the services work side by side. A method may not need the input on local disk; `context.source` and
    `context.media` fetch it, so a caller leaves them alone until the findings are there.
    """

    name: str

    def labels(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return what is to be seen: `label` names it."""

    def moderation(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return what some people should not see: `label` is of a closed set, `confidence` the provider's own."""

    def text(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return the words that stand in the video: `text` is a line of them, `label` is TEXT."""

    def speech(self, context: "OperationContext", language: str | None) -> tuple[Segment, ...]:
        """Return what is said: `text` is a sentence or a part of one, `label` is SPEECH."""
