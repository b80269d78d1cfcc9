"""Helpers for the tests of the provider `aws`: a context whose input must not be downloaded, and recorded answers.

The answers in recorded/ have the shapes of the services' own models, which the Stubber holds requests and answers
against; AWS itself was not asked.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.stub import Stubber

from shared.domain.task import Source
from shared.errors import ParametersRejected
from shared.media.ffmpeg import Ffmpeg, Limits
from shared.operations.findings import Provider
from shared.operations.operation import OperationContext

RECORDED = Path(__file__).parent / "recorded"
SOURCE = Source("input", "uploads/clip.mp4", 1000, "etag", "v1")
JOB_ID = "270c1cc5e1d0ea2fbc59d97cb69a72a5495da75851976b14a1784ca90fc180e3"
TASK_ID = "01JXTASKTASKTASKTASKTASKTA"
JOB = f"{TASK_ID}-1-2"  # as an attempt names it


class Untouched:
    """An input that lies in S3 and is to stay there."""

    def __init__(self, input_object: Source) -> None:
        self.input_object = input_object
        self.name = input_object.key

    def input(self) -> Path:
        raise AssertionError

    def original(self) -> Path:
        raise AssertionError

    def asset(self, uri: str) -> Path:
        raise AssertionError(uri)

    def outputs_of(self, name: str) -> tuple[Path, ...]:
        raise AssertionError(name)


def no_provider(name: str | None) -> Provider:
    raise ParametersRejected(name or "")


def context(place: Source = SOURCE) -> OperationContext:
    """Return the context of an attempt at a subtask with this input."""
    folder = Path("/nonexistent")
    ffmpeg = Ffmpeg(Limits(wall_seconds=1, output_bytes=1), folder, lambda _: None)
    return OperationContext(
        files=Untouched(place),
        folder=folder,
        ffmpeg=ffmpeg,
        provider=no_provider,
        report=lambda _: None,
        job=JOB,
    )


def recorded(name: str) -> dict[str, Any]:
    """Return a recorded answer."""
    answer: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return answer


@contextmanager
def stubbed(client: Any) -> Iterator[Stubber]:  # noqa: ANN401 - of any service
    """Answer a client's requests with the added responses, each once and in order."""
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()
