"""An operation's context with local files: tests and benchmarks have on disk what an attempt gets from S3."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.domain.task import Source
from shared.errors import ParametersRejected
from shared.media.ffmpeg import Ffmpeg
from shared.operations.operation import OperationContext, OperationResult
from shared.providers import find_provider

Operate = Callable[..., OperationResult]


@dataclass(frozen=True)
class LocalFiles:
    """Files of this machine: assets are named by their paths, predecessors' files are given."""

    source: Path
    first: Path | None = None
    outputs: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def input_object(self) -> Source:
        return Source("input", self.source.name, self.source.stat().st_size, e_tag="")

    def input(self) -> Path:
        return self.source

    def original(self) -> Path:
        return self.first or self.source

    def asset(self, uri: str) -> Path:
        if not Path(uri).is_file():
            message = f"{uri} is not there"
            raise ParametersRejected(message, code="ParameterError.AssetNotFound")
        return Path(uri)

    def outputs_of(self, name: str) -> tuple[Path, ...]:
        return self.outputs[name]


def workbench(files: LocalFiles, ffmpeg: Ffmpeg) -> OperationContext:
    """Return a context with local files and the local models."""
    return OperationContext(
        files=files,
        folder=ffmpeg.folder,
        ffmpeg=ffmpeg,
        provider=lambda name: find_provider(name or "local"),
        report=lambda _: None,
        job="task-1-1",
    )
