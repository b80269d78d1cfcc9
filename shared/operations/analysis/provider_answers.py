"""Several questions to a provider at once: all services are set to work before one is waited for.

Nobody has looked at the file by then: while a service works, attempts come and go, and need not fetch it.
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
    """What was found, and which questions the file itself has no answer to as the provider says."""

    found: Mapping[K, tuple[Segment, ...]]
    refused: Mapping[K, MediaRejected]

    def to(self, question: K) -> tuple[Segment, ...]:
        """Return the answer to a question that the file should have one to; raise MediaRejected when it hasn't."""
        if question in self.refused:
            raise self.refused[question]
        return self.found[question]


def ask_provider(context: OperationContext, questions: Mapping[K, Question]) -> ProviderAnswers[K]:
    """Return the answers; raise JobRunning once all questions have been asked, if one isn't answered yet."""
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
