"""The world of a media test: clips, ffmpeg for one attempt, and what an attempt does with an operation."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.ffmpeg import Ffmpeg, Limits
from shared.operations import OPERATIONS
from shared.operations.operation import Workbench, Yield
from shared.probe import probe
from shared.task import SubtaskType

Operate = Callable[..., Yield]


@pytest.fixture
def ffmpeg(tmp_path: Path) -> Ffmpeg:
    """Lend the door to ffmpeg, with an empty folder."""
    return Ffmpeg(Limits(wall_seconds=60, output_bytes=10**9), tmp_path, lambda _: None)


@pytest.fixture
def operate(ffmpeg: Ffmpeg) -> Operate:
    """Lend what an attempt does: check the parameters, probe the source, run the operation."""

    def run(kind: SubtaskType, source: Path, **params: object) -> Yield:
        operation = OPERATIONS[kind]
        bench = Workbench(source, probe(source, source.name), ffmpeg.folder, ffmpeg)
        return operation.run(operation.params.model_validate(params), bench)

    return run
