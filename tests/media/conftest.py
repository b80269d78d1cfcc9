"""Fixtures of the media tests: clips, ffmpeg for one attempt, and what an attempt does with an operation."""

import hashlib
from pathlib import Path

import pytest

from shared.domain.subtask import SubtaskType
from shared.media import mediainfo
from shared.media.ffmpeg import Ffmpeg, Limits
from shared.operations import OPERATIONS
from shared.operations.operation import OperationResult
from tests.support.local_files import LocalFiles, Operate, workbench
from tests.support.speech import novel  # noqa: F401 - a fixture


@pytest.fixture
def ffmpeg(tmp_path: Path) -> Ffmpeg:
    """Lend the door to ffmpeg, with an empty folder."""
    return Ffmpeg(Limits(wall_seconds=60, output_bytes=10**9), tmp_path, lambda _: None)


REPORTS: dict[bytes, bytes] = {}  # what MediaInfo has reported, by the hash of what it read


@pytest.fixture
def operate(ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch) -> Operate:
    """Lend what an attempt does: check the parameters, run the operation on a file, or on files.

    MediaInfo reads the same content once: its process takes as long as many an operation on a clip.
    """
    report = mediainfo._report  # noqa: SLF001 - all around it is under test, too

    def report_once(path: Path, name: str) -> bytes:
        content = hashlib.sha256(path.read_bytes()).digest()
        if content not in REPORTS:
            REPORTS[content] = report(path, name)
        return REPORTS[content]

    monkeypatch.setattr(mediainfo, "_report", report_once)

    def run(kind: SubtaskType, source: Path | LocalFiles, **params: object) -> OperationResult:
        files = LocalFiles(source) if isinstance(source, Path) else source
        return OPERATIONS[kind].done(params, workbench(files, ffmpeg))

    return run
