"""Several questions to a provider at once, so that all services work side by side.

The file isn't read before the answers are there: attempts come and go while a service works, and don't fetch it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import JobRunning, MediaRejected
from shared.operations.findings import Segment
from shared.operations.operation import OperationContext

K = TypeVar("K")
Question = Callable[[OperationContext], tuple[Segment, ...]]


@dataclass(frozen=True)
class ProviderAnswers(Generic[K]):
    """The segments found, and the questions that the provider can't answer for this file."""

    found: Mapping[K, tuple[Segment, ...]]
    refused: Mapping[K, MediaRejected]

    def to(self, question: K) -> tuple[Segment, ...]:
        """Return the answer to a question; raise MediaRejected if the provider has none for this file."""
        if question in self.refused:
            raise self.refused[question]
        return self.found[question]


def ask_provider(context: OperationContext, questions: Mapping[K, Question]) -> ProviderAnswers[K]:
    """Return the answers; raise JobRunning after all questions have been asked if an answer isn't ready."""
    found: dict[K, tuple[Segment, ...]] = {}
    refused: dict[K, MediaRejected] = {}
    running: JobRunning | None = None
    for number, (question, ask) in enumerate(questions.items()):
        part = context.part(100 * number // len(questions), 100 * (number + 1) // len(questions))
        try:
            found[question] = ask(part)
        except JobRunning as job:
            running = running or job
        except MediaRejected as refusal:
            refused[question] = refusal
    if running:
        raise running
    return ProviderAnswers(found, refused)
