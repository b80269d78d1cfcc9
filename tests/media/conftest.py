"""The world of a media test: clips, ffmpeg for one attempt, and what an attempt does with an operation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.errors import ParametersRejected
from shared.ffmpeg import Ffmpeg, Limits
from shared.operations import OPERATIONS
from shared.operations.operation import Workbench, Yield
from shared.providers import provider
from shared.task import Source, SubtaskType

Operate = Callable[..., Yield]


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
    def place(self) -> Source:
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


def workbench(files: LocalFiles, ffmpeg: Ffmpeg) -> Workbench:
    """Return a workbench on files of this machine, with the local models."""
    return Workbench(
        files=files,
        folder=ffmpeg.folder,
        ffmpeg=ffmpeg,
        provider=lambda name: provider(name or "local"),
        report=lambda _: None,
        job="task-1-1",
    )


@pytest.fixture
def ffmpeg(tmp_path: Path) -> Ffmpeg:
    """Lend the door to ffmpeg, with an empty folder."""
    return Ffmpeg(Limits(wall_seconds=60, output_bytes=10**9), tmp_path, lambda _: None)


@pytest.fixture
def operate(ffmpeg: Ffmpeg) -> Operate:
    """Lend what an attempt does: check the parameters, run the operation on a file, or on files."""

    def run(kind: SubtaskType, source: Path | LocalFiles, **params: object) -> Yield:
        operation = OPERATIONS[kind]
        files = LocalFiles(source) if isinstance(source, Path) else source
        return operation.run(operation.params.model_validate(params), workbench(files, ffmpeg))

    return run
