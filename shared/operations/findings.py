"""What operations find in media: one form for every provider and operation."""

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from shared.domain.camel_case import CamelCaseModel

if TYPE_CHECKING:
    from shared.operations.operation import OperationContext


class ResultPart(CamelCaseModel):
    """The base of each part of a result."""


class Result(ResultPart):
    """The base of every operation's result."""


class Suggestion(StrEnum):
    """What to do about a segment, the mildest first."""

    PASS = "PASS"  # noqa: S105 - a word, no secret
    REVIEW = "REVIEW"
    BLOCK = "BLOCK"


class Segment(ResultPart):
    """Something found from `start` to `end`, in seconds of the input from its beginning."""

    start: float
    end: float
    label: str
    confidence: float = Field(ge=0, le=1)
    suggestion: Suggestion | None = None
    text: str | None = None
    language: str | None = Field(None, description="The language of the speech or text, as a BCP 47 tag.")


class Provider(Protocol):
    """A provider of findings: `aws`, or `local` models. Segments are sorted by their start.

    Each method raises ParametersRejected (`ParameterError.ProviderLacks`) for what this provider can't do, and
    JobRunning while a service still works on it. A method starts its work before it raises, and returns the same answer
    when called again. To run several jobs side by side, call all methods, keep the first JobRunning and raise it at the
    end. A method may not need the input on the local disk; `context.source` and `context.media` fetch it, so don't use
    them before the findings are there.
    """

    name: str

    def labels(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return what the video shows; `label` names it."""

    def moderation(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return sensitive content: `label` is from a closed set, `confidence` is the provider's."""

    def text(self, context: "OperationContext") -> tuple[Segment, ...]:
        """Return the text in the video: `text` is one line, `label` is TEXT."""

    def speech(self, context: "OperationContext", language: str | None) -> tuple[Segment, ...]:
        """Return the speech: `text` is a sentence or a part of one, `label` is SPEECH."""
