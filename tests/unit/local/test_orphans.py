"""The processes and files that a killed server leaves behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import orphans

# It says "ready", so that its command can be seen, and then waits.
WAITING = "print('ready', flush=True); import time; time.sleep(60)"


def started(script: Path) -> "subprocess.Popen[bytes]":
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(WAITING)
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
    return process


def test_orphans_end_and_their_files_are_deleted_and_others_stay(tmp_path: Path) -> None:
    mine = started(tmp_path / "tmp" / "worker" / "_worker.py")
    others = started(tmp_path / "tmp2" / "worker" / "_worker.py")
    (tmp_path / "tmp" / "file").write_bytes(b"")

    try:
        assert orphans.end_orphans(tmp_path / "tmp") == 1

        assert mine.wait(timeout=5) < 0
        assert others.poll() is None
        assert list((tmp_path / "tmp").iterdir()) == []
        assert (tmp_path / "tmp2" / "worker" / "_worker.py").exists()
    finally:
        others.kill()
        others.wait()


def test_partial_files_are_deleted_and_objects_are_not(tmp_path: Path) -> None:
    kept = [tmp_path / "0" / "bucket" / name for name in ("a.mp4", "a.mp4.meta.json", "tmp", "b%2Etmp")]
    kept[0].parent.mkdir(parents=True)
    for path in (*kept, tmp_path / "0" / "bucket" / "c.mp4.tmp", tmp_path / "c.meta.json.tmp"):
        path.write_bytes(b"")

    orphans.delete_partial_files(tmp_path)

    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


def test_without_orphans_nothing_happens(tmp_path: Path) -> None:
    assert orphans.end_orphans(tmp_path / "none") == 0


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="a small system has no ps, but then it has /proc")
def test_the_processes_are_found_without_proc_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "PROC", tmp_path / "none")
    mine = started(tmp_path / "tmp" / "worker" / "_worker.py")

    try:
        assert list(orphans.find_processes(tmp_path / "tmp")) == [mine.pid]
    finally:
        mine.kill()
        mine.wait()
