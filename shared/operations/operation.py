"""What every operation is: typed parameters, and a function from a media file to output files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.ffmpeg import Ffmpeg
from shared.probe import Media
from shared.task import SubtaskType


class Params(BaseModel):
    """The base of every operation's parameters: camelCase outside, closed, frozen."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, defer_build=True
    )


P = TypeVar("P", bound=Params)


@dataclass(frozen=True)
class Workbench:
    """All that one attempt may touch: the input on local disk, an empty folder, and ffmpeg."""

    source: Path
    media: Media
    folder: Path
    ffmpeg: Ffmpeg


@dataclass(frozen=True)
class Produced:
    """A file that an operation wrote into the workbench's folder.

    `number` counts the files of one kind from 1; None when there is only one. `facts` are for people
    (width, height, duration in seconds, codec) and are shown beside the file.
    """

    path: Path
    content_type: str
    number: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Yield:
    """What an operation hands over: files, JSON findings, and sentences about what it had to bend."""

    files: tuple[Produced, ...]
    result: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation(Generic[P]):
    """One kind of subtask. `run` raises the leaves of `AttemptFailed` and nothing else on bad media."""

    kind: SubtaskType
    summary: str
    params: type[P]
    run: Callable[[P, Workbench], Yield]
