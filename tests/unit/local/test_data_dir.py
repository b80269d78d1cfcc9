"""The folder of a stack: its lock, its secret, its saved state."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.data_dir import DataDir, write_private
from infra.local.errors import DataDirUnusable, SavedStateBroken

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> DataDir:
    folder = DataDir.at(tmp_path / "data")
    folder.prepare()
    return folder


def test_one_folder_has_one_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    assert DataDir.at(tmp_path / "link" / "a" / ".." / "b") == DataDir.at(tmp_path / "b")


def test_a_folder_below_a_file_is_unusable_and_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(DataDirUnusable, match="--data-dir"):
        DataDir.at(tmp_path / "file" / "data").prepare()


def test_a_full_disk_is_refused_and_a_nearly_full_one_causes_a_warning(
    folder: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DataDir, "free_space", lambda _: 1024**3)

    folder.prepare()
    assert "1.0 GB" in str(folder.space_warning())

    monkeypatch.setattr(DataDir, "free_space", lambda _: 0)
    with pytest.raises(DataDirUnusable, match="full"):
        folder.prepare()


def test_one_process_at_a_time_has_the_lock(folder: DataDir) -> None:
    lock = folder.try_lock()
    assert lock is not None

    assert folder.try_lock() is None
    assert folder.is_locked()

    os.close(lock)
    assert not folder.is_locked()


def test_checking_the_lock_creates_no_folder(tmp_path: Path) -> None:
    assert not DataDir.at(tmp_path / "none").is_locked()
    assert not (tmp_path / "none").exists()


def test_the_secret_is_created_once_and_private(folder: DataDir, tmp_path: Path) -> None:
    other = DataDir.at(tmp_path / "other")
    other.prepare()

    assert folder.secret() == folder.secret()
    assert folder.secret() != other.secret()
    assert (folder.root / "secret").stat().st_mode & 0o777 == 0o600


def test_a_private_file_replaces_one_that_anybody_could_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)

    write_private(path, "new")

    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600


def saved(folder: DataDir, number: int, text: bytes) -> Path:
    """Save one service as the snapshot with this number."""
    snapshot = folder.state / f"{number:08}"
    snapshot.mkdir()
    (snapshot / "sqs.json").write_bytes(text)
    return snapshot


def test_a_readable_state_stays_where_it_is(folder: DataDir) -> None:
    snapshot = saved(folder, 1, b"{}")

    assert folder.set_aside_broken_state(NOW) is None

    assert (snapshot / "sqs.json").exists()


def test_a_broken_snapshot_is_replaced_by_the_one_before_and_reported(folder: DataDir) -> None:
    whole, broken = saved(folder, 1, b"{}"), saved(folder, 2, b"")

    warning = folder.set_aside_broken_state(NOW)

    assert warning is not None
    assert str(broken / "sqs.json") in warning
    assert whole.exists()
    assert not broken.exists()


@pytest.mark.parametrize("broken", [b"", b'{"a": ', b"\xff\xfe", b"{}{}"])
def test_a_broken_state_is_set_aside_completely_and_a_new_one_can_begin(folder: DataDir, broken: bytes) -> None:
    snapshot = saved(folder, 1, broken)
    (snapshot / "iam.json").write_text("{}")

    with pytest.raises(SavedStateBroken, match=r"sqs\.json is broken") as caught:
        folder.set_aside_broken_state(NOW)

    aside = folder.root / "aws.broken-20300102T030405Z"
    assert str(aside) in caught.value.message
    assert sorted(path.name for path in (aside / "state" / "00000001").iterdir()) == ["iam.json", "sqs.json"]
    folder.prepare()
    assert folder.set_aside_broken_state(NOW) is None


def test_a_disk_without_hard_links_is_refused(folder: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)

    with pytest.raises(DataDirUnusable, match="hard links"):
        folder.prepare()


def test_the_reason_of_a_failed_save_is_stored_beside_the_process_id(tmp_path: Path) -> None:
    folder = DataDir.at(tmp_path)
    folder.lock.write_text("123\n")
    before = folder.unsaved()

    folder.note_unsaved("No space left on device:\n'state'")
    told, holder = folder.unsaved(), folder.owner()
    folder.note_unsaved(None)

    assert (before, told, holder) == (None, "No space left on device: 'state'", 123)
    assert folder.lock.read_text() == "123\n"
