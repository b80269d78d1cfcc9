"""Fixtures of the media tests: clips, ffmpeg for one attempt, and what an attempt does with an operation."""

from pathlib import Path

import pytest

from shared.domain.subtask import SubtaskType
from shared.media.ffmpeg import Ffmpeg, Limits
from shared.operations import OPERATIONS
from shared.operations.operation import OperationResult
from tests.support.local_files import LocalFiles, Operate, workbench
from tests.support.speech import novel  # noqa: F401 - a fixture


@pytest.fixture
def ffmpeg(tmp_path: Path) -> Ffmpeg:
    """Lend the door to ffmpeg, with an empty folder."""
    return Ffmpeg(Limits(wall_seconds=60, output_bytes=10**9), tmp_path, lambda _: None)


@pytest.fixture
def operate(ffmpeg: Ffmpeg) -> Operate:
    """Lend what an attempt does: check the parameters, run the operation on a file, or on files."""

    def run(kind: SubtaskType, source: Path | LocalFiles, **params: object) -> OperationResult:
        files = LocalFiles(source) if isinstance(source, Path) else source
        return OPERATIONS[kind].done(params, workbench(files, ffmpeg))

    return run
