"""The form of every operation: typed parameters, and a function from a media file to output files and a result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from shared.domain.camel_case import CamelCaseModel
from shared.domain.subtask import SubtaskType
from shared.domain.task import Source
from shared.media.ffmpeg import AttemptProgress, Ffmpeg
from shared.media.probe import Media
from shared.operations.decoding import probe_decodable
from shared.operations.findings import Provider, Result


class Params(CamelCaseModel):
    """The base of every operation's parameters."""


P = TypeVar("P", bound=Params)


class Files(Protocol):
    """The files that one attempt may read; each is fetched on first use.

    All methods raise leaves of `AttemptFailed`: ParametersRejected for a missing file, LimitExceeded for one that is
    too large.
    """

    @property
    def name(self) -> str:
        """The name of the input, for people."""

    @property
    def input_object(self) -> Source:
        """The input as an object in S3, for services that read it there."""

    def input(self) -> Path:
        """Fetch the subtask's input: the task's source, or the output of a predecessor."""

    def original(self) -> Path:
        """Fetch the task's source, even if the subtask's input is another file."""

    def asset(self, uri: str) -> Path:
        """Fetch a file that the parameters name: `s3://bucket/key`, or a key in the input bucket."""

    def outputs_of(self, name: str) -> tuple[Path, ...]:
        """Fetch the output files of a predecessor."""


@dataclass(frozen=True, kw_only=True)
class OperationContext:
    """Everything that one attempt may use: its files, an empty folder to write to, ffmpeg, and providers.

    `provider` returns the provider of that name, the deployment's default for None; it raises ParametersRejected if
    that provider isn't installed. `report` takes progress, and raises if the attempt must stop: call it in every
    long loop.
    `job` is the same in each attempt at this subtask of this run, and in no other: letters, digits and dashes.
    `share` is the part of the attempt's percents that the work of this context fills.
    """

    files: Files
    folder: Path
    ffmpeg: Ffmpeg
    provider: Callable[[str | None], Provider]
    report: Callable[[AttemptProgress], None]
    job: str
    share: tuple[int, int] = (0, 100)

    def part(self, start: int, end: int) -> "OperationContext":
        """Return the context for a part of the work, which fills those of its percents."""
        return replace(self, share=self.percents(start, end))

    def percents(self, start: int, end: int) -> tuple[int, int]:
        """Return the attempt's percents for a part of this context's work."""
        first, last = self.share
        return first + (last - first) * start // 100, first + (last - first) * end // 100

    def advance(self, percent: int, phase: str) -> None:
        """Report how much of this context's work is done."""
        self.report(AttemptProgress(self.percents(percent, 100)[0], phase))

    @cached_property
    def source(self) -> Path:
        """The input on the local disk."""
        return self.files.input()

    @cached_property
    def media(self) -> Media:
        """The streams and facts of the input."""
        return probe_decodable(self.source, self.files.name, self.ffmpeg)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Warnings about the input that hold for every operation, as far as the input has been read."""
        seen: Media | None = vars(self).get("media")
        return ("the source is truncated: its end is missing, and only the rest was used",) * bool(
            seen and seen.truncated
        )


@dataclass(frozen=True)
class Produced:
    """A file that an operation wrote into the context's folder.

    `number` counts the files of one kind from 1; None if there is only one. `path_name` is set for files that refer to
    each other, such as playlists and segments: their relative path below the attempt's folder, which is kept. `facts`
    are for people (width, height, duration in seconds, codec) and are shown beside the file.
    """

    path: Path
    content_type: str
    number: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    path_name: str | None = None


@dataclass(frozen=True)
class OperationResult:
    """What an operation returns: files, a JSON result, and warnings about what had to be changed or omitted.

    Files are stored and listed in this order: the file that a person opens first comes first.
    """

    files: tuple[Produced, ...]
    result: Result | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation(Generic[P]):
    """One kind of operation. On bad media, `run` raises leaves of `AttemptFailed` and no other errors.

    `result` is the model of its result, if it has one; conditions of other subtasks may name its fields.
    """

    kind: SubtaskType
    summary: str
    params: type[P]
    run: Callable[[P, OperationContext], OperationResult]
    result: type[Result] | None = None

    def done(self, params: Mapping[str, Any], context: OperationContext) -> OperationResult:
        """Run the operation; add the warnings about its input."""
        made = self.run(self.params.model_validate(params), context)
        return replace(made, warnings=(*made.warnings, *context.remarks))
