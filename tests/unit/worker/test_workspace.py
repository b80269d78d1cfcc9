"""The workspace of an attempt: empty at first, not shared, and removed however the attempt ends."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.worker.workspace import workspace

ANOTHER = """
from shared.worker.workspace import workspace

with workspace() as folder:
    (folder / "out").mkdir()
    (folder / "out" / "film.mp4").write_bytes(b"film")
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a disk of its own for temporary files; return where it is."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@contextmanager
def another_worker() -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Lend another worker of this disk that is in the midst of its attempt, and its folder."""
    with subprocess.Popen(
        [sys.executable, "-c", ANOTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        try:
            assert worker.stdout
            yield worker, Path(worker.stdout.readline().strip())
        finally:
            worker.kill()


def test_what_a_killed_worker_left_is_gone_before_the_next_attempt_begins(disk: Path) -> None:
    with another_worker() as (worker, left):
        worker.kill()
        worker.wait()
    assert (left / "out" / "film.mp4").exists()

    with workspace() as folder:
        assert list(disk.iterdir()) == [folder]


def test_what_a_living_worker_works_on_stays(disk: Path) -> None:
    with another_worker() as (_, others):
        with workspace() as folder:
            assert sorted(disk.iterdir()) == sorted([folder, others])

        assert (others / "out" / "film.mp4").read_bytes() == b"film"


def test_an_attempt_within_another_has_a_folder_of_its_own() -> None:
    with workspace() as outer:
        (outer / "source.mp4").write_bytes(b"film")
        with workspace() as inner:
            assert list(inner.iterdir()) == []

        assert (outer / "source.mp4").exists()


def test_nothing_is_left_of_an_attempt_that_fails(disk: Path) -> None:
    def fail() -> None:
        with workspace() as folder:
            (folder / "source.mp4").write_bytes(b"film")
            raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        fail()

    assert list(disk.iterdir()) == []


def test_what_others_have_on_that_disk_stays(disk: Path) -> None:
    (disk / "reelmill-data").mkdir()
    (disk / "reelmill-attempt-log.txt").write_text("a person's own")

    with workspace():
        pass

    assert sorted(path.name for path in disk.iterdir()) == ["reelmill-attempt-log.txt", "reelmill-data"]
