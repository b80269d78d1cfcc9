"""The snapshots of a stack: complete, or not valid."""

from pathlib import Path

import pytest

from infra.local.snapshots import Snapshots, record_uploads_since


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path)


def saved(snapshots: Snapshots, **files: str) -> Path:
    """Save files under their names with `.json`, and return the folder in which the next start finds them."""
    folder = snapshots.begin()
    for name, text in files.items():
        path = folder / f"{name}.json"
        path.unlink(missing_ok=True)
        path.write_text(text)
    snapshots.finish(folder)
    return snapshots.newest()


def contents(snapshot: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in snapshot.glob("*.json")}


def test_the_first_one_is_empty(snapshots: Snapshots) -> None:
    assert list(snapshots.newest().iterdir()) == []
    assert snapshots.uploads_since() is None


def test_a_state_that_is_not_saved_again_stays(snapshots: Snapshots) -> None:
    saved(snapshots, sqs="1", logs="1")

    newest = saved(snapshots, sqs="2")

    assert contents(newest) == {"sqs": "2", "logs": "1"}


def test_an_unfinished_snapshot_is_not_read_and_leaves_the_one_before_unchanged(snapshots: Snapshots) -> None:
    before = saved(snapshots, sqs="1", s3="1")
    half = snapshots.begin()
    (half / "sqs.json").unlink()
    (half / "sqs.json").write_text("2")

    assert snapshots.newest() == before
    assert contents(before) == {"sqs": "1", "s3": "1"}
    assert contents(saved(snapshots, s3="3")) == {"sqs": "1", "s3": "3"}


def test_two_are_kept(snapshots: Snapshots) -> None:
    for number in range(5):
        saved(snapshots, sqs=str(number))

    assert [contents(path) for path in snapshots.all()] == [{"sqs": "3"}, {"sqs": "4"}]


def test_the_tenth_is_newer_than_the_ninth(snapshots: Snapshots) -> None:
    for number in range(11):
        saved(snapshots, sqs=str(number))

    assert contents(snapshots.newest()) == {"sqs": "10"}


def test_a_broken_snapshot_is_skipped_and_named(snapshots: Snapshots) -> None:
    whole = saved(snapshots, sqs="1")
    broken = saved(snapshots, sqs="{")

    fault = snapshots.set_aside_broken()

    assert fault is not None
    assert str(broken / "sqs.json") in fault
    assert snapshots.newest() == whole
    assert snapshots.set_aside_broken() is None
    assert contents(saved(snapshots, s3="3")) == {"sqs": "1", "s3": "3"}


@pytest.mark.parametrize("saves", [1, 3])
def test_when_all_are_broken_they_stay_where_they_are(snapshots: Snapshots, saves: int) -> None:
    for _ in range(saves):
        newest = saved(snapshots, sqs="{")
    before = sorted(snapshots.folder.iterdir())

    with pytest.raises(ValueError, match=f"{newest.name}/sqs.json is broken"):
        snapshots.set_aside_broken()
    assert sorted(snapshots.folder.iterdir()) == before


def test_files_without_a_snapshot_become_the_first_one(snapshots: Snapshots) -> None:
    (snapshots.folder / "sqs.json").write_text("1")
    (snapshots.folder / "lambda-blobs").mkdir()
    (snapshots.folder / "lambda-blobs" / "code.zip").write_bytes(b"code")

    newest = saved(snapshots, s3="2")

    assert contents(newest) == {"sqs": "1", "s3": "2"}
    assert (newest / "lambda-blobs" / "code.zip").read_bytes() == b"code"


def test_only_the_newest_snapshot_says_since_when_uploads_are_missing(snapshots: Snapshots) -> None:
    first = snapshots.begin()
    record_uploads_since(first, 1000.5)
    snapshots.finish(first)
    assert snapshots.uploads_since() == 1000.5

    last = snapshots.begin()
    record_uploads_since(last, None)
    assert snapshots.uploads_since() == 1000.5
    snapshots.finish(last)
    assert snapshots.uploads_since() is None
