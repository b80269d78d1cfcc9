"""What every operation is: typed parameters, and a function from a media file to output files and findings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.domain.subtask import SubtaskType
from shared.domain.task import Source
from shared.media.ffmpeg import AttemptProgress, Ffmpeg
from shared.media.probe import Media
from shared.operations.decoding import probe_decodable
from shared.operations.findings import Provider, Result


class Params(BaseModel):
    """The base of every operation's parameters: camelCase outside, closed, frozen."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, defer_build=True
    )


P = TypeVar("P", bound=Params)


class Files(Protocol):
    """The files that one attempt may read: each is fetched when it is first asked for.

    All raise the leaves of `AttemptFailed`: ParametersRejected for what isn't there, LimitExceeded for what is too
    large.
    """

    @property
    def name(self) -> str:
        """What people call the input."""

    @property
    def place(self) -> Source:
        """Where the input lies, for services that read it there."""

    def input(self) -> Path:
        """Fetch what the subtask works on: the task's source, or what its predecessor made."""

    def original(self) -> Path:
        """Fetch the task's own source, whatever the subtask works on."""

    def asset(self, uri: str) -> Path:
        """Fetch what the parameters name: `s3://bucket/key`, or a key in the input bucket."""

    def outputs_of(self, name: str) -> tuple[Path, ...]:
        """Fetch the files that a predecessor made."""


@dataclass(frozen=True, kw_only=True)
class OperationContext:
    """All that one attempt may touch: its files, an empty folder to write to, ffmpeg, and whoever finds things.

    `provider` returns the provider of that name, the deployment's own for None; it raises ParametersRejected where that
    isn't installed. `report` takes progress, and raises when the attempt is to stop: call it in every long loop.
    `job` is the same in each attempt at this subtask of this run, and in no other: letters, digits and dashes.
    `share` is which of the attempt's percents the work of this context fills.
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
        """Return which of the attempt's percents are those of the work of this context."""
        first, last = self.share
        return first + (last - first) * start // 100, first + (last - first) * end // 100

    def advance(self, percent: int, phase: str) -> None:
        """Report how much of the work of this context is done."""
        self.report(AttemptProgress(self.percents(percent, 100)[0], phase))

    @cached_property
    def source(self) -> Path:
        """The input on local disk."""
        return self.files.input()

    @cached_property
    def media(self) -> Media:
        """What the input is."""
        return probe_decodable(self.source, self.files.name, self.ffmpeg)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is wrong with the input whatever is done with it, as far as anybody has looked at it."""
        seen: Media | None = vars(self).get("media")
        return ("the source is cut off: its end is missing, and what is there was taken",) * bool(
            seen and seen.truncated
        )


@dataclass(frozen=True)
class Produced:
    """A file that an operation wrote into the workbench's folder.

    `number` counts the files of one kind from 1; None when there is only one. `path_name` is set for files that refer
    to each other, as playlists and segments do: their relative path below the attempt's folder, kept as it is. `facts`
    are for people (width, height, duration in seconds, codec) and are shown beside the file.
    """

    path: Path
    content_type: str
    number: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    path_name: str | None = None


@dataclass(frozen=True)
class OperationResult:
    """What an operation hands over: files, JSON findings, and sentences about what it had to bend.

    Files are stored and listed in their order: what a person opens first stands first.
    """

    files: tuple[Produced, ...]
    result: Result | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation(Generic[P]):
    """One kind of subtask. `run` raises the leaves of `AttemptFailed` and nothing else on bad media.

    `result` is the form of its findings, if it has some; rules of other subtasks may ask for its fields.
    """

    kind: SubtaskType
    summary: str
    params: type[P]
    run: Callable[[P, OperationContext], OperationResult]
    result: type[Result] | None = None

    def done(self, params: Mapping[str, Any], context: OperationContext) -> OperationResult:
        """Do it, and say of a source that is cut off that it is."""
        made = self.run(self.params.model_validate(params), context)
        return replace(made, warnings=(*made.warnings, *context.remarks))
