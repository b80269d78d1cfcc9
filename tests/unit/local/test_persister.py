"""The saves of the emulated AWS while it runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from infra.local import persister as module
from infra.local.journal import ITEM, NAME, Entry, Journal
from infra.local.persister import Persister, copy_state
from infra.local.snapshots import Snapshots

PATIENCE = 5.0  # seconds for a thread to react


class Deployment:
    """A stand-in for the emulator, which counts its changes and the writes."""

    def __init__(self, folder: Path) -> None:
        self.changes = 0
        self.busy = False
        self.under_way: float | None = None
        self.looked = threading.Semaphore(0)
        self.written: list[tuple[str, Any]] = []
        self.failing: list[Exception] = []
        self.rows: list[Entry] = []
        self.snapshots = Snapshots(folder)
        self.journal = Journal()
        self.told: list[str | None] = []
        self.persister = Persister(
            self.snapshots,
            self.journal,
            self,
            changes=self.count,
            uploads_since=lambda: self.under_way,
            note=self.told.append,
        )

    def is_busy(self) -> bool:
        return self.busy

    def states(self, _folder: Path, *, everything: bool) -> dict[str, Callable[[], Any]]:
        logs = {"logs": lambda: "long"} if everything else {}
        return {"sqs": lambda: {"changes": self.changes}, "unused": lambda: None} | logs

    def write_state(self, folder: Path, name: str, state: object) -> None:
        if self.failing:
            raise self.failing.pop()
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(str(state))
        self.written.append((name, state))

    def item_count(self) -> int:
        return len(self.rows)

    def items(self) -> Iterator[Callable[[], Entry | None]]:
        for row in self.rows:
            yield lambda row=row: row  # type: ignore[misc]  # mypy knows no default of a lambda

    def count(self) -> int:
        self.looked.release()
        return self.changes

    def look(self, times: int) -> None:
        """Return after the persister has looked this many times more and has reacted."""
        while self.looked.acquire(blocking=False):
            pass
        for _ in range(times + 1):
            assert self.looked.acquire(timeout=PATIENCE)

    def brought_back(self) -> list[Entry]:
        with closing(Journal()) as journal:
            return list(journal.resume(self.snapshots.newest()))


@pytest.fixture
def still(tmp_path: Path) -> Iterator[Deployment]:
    """Lend an emulated AWS that is saved when the test says so."""
    deployment = Deployment(tmp_path)
    yield deployment
    deployment.journal.close()


@pytest.fixture
def deployment(still: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.setattr(module, "EVERY", 0.002)
    monkeypatch.setattr(module, "SHARE", 0)
    still.persister.start()
    yield still
    still.persister.stop()


def test_a_change_is_saved_and_no_change_is_not(deployment: Deployment) -> None:
    deployment.look(2)
    assert deployment.written == [("sqs", {"changes": 0})]  # the first look follows no save

    deployment.changes = 1
    deployment.look(3)

    assert deployment.written[1:] == [("sqs", {"changes": 1})]


def test_a_running_function_is_saved_again_until_it_has_ended(deployment: Deployment) -> None:
    deployment.look(2)
    deployment.busy = True
    deployment.look(3)
    deployment.busy = False
    deployment.look(3)
    ended = len(deployment.written)
    deployment.look(3)

    assert ended > 2
    assert len(deployment.written) == ended


def test_a_failed_save_is_not_the_last(deployment: Deployment) -> None:
    deployment.look(2)
    deployment.written.clear()
    deployment.failing = [OSError("disk full")]
    deployment.changes = 1
    deployment.look(4)

    assert deployment.written == [("sqs", {"changes": 1})]


def test_a_failed_save_leaves_the_snapshot_and_the_journal(still: Deployment) -> None:
    still.persister.save()
    before = still.snapshots.newest()
    still.failing = [OSError("disk full")]

    with pytest.raises(OSError, match="disk full"):
        still.persister.save()
    still.journal.append(ITEM, "a", 1)

    assert still.snapshots.newest() == before
    assert still.brought_back() == [[ITEM, "a", 1]]


def test_a_failed_save_is_reported_until_one_succeeds_and_takes_no_space(still: Deployment) -> None:
    still.persister.save()
    still.failing = [OSError("disk full")]

    with pytest.raises(OSError, match="disk full"):
        still.persister.save()
    unsaved, left = still.persister.unsaved, sorted(path.name for path in still.snapshots.folder.iterdir())
    still.persister.save()

    assert unsaved == "disk full"
    assert left == ["00000000", "00000001"]
    assert still.told == [None, "disk full", None]
    assert still.persister.unsaved is None


def test_everything_is_saved_on_request_and_stays(still: Deployment) -> None:
    still.persister.save(everything=True)
    still.changes = 1
    still.persister.save()

    newest = still.snapshots.newest()
    assert (newest / "logs").read_text() == "long"
    assert (newest / "sqs").read_text() == "{'changes': 1}"


def test_the_first_journal_has_all_existing_items(still: Deployment) -> None:
    still.rows = [[ITEM, "a", 1], [ITEM, "b", 1]]

    still.persister.save()

    assert still.brought_back() == still.rows


def test_the_journal_is_rewritten_when_most_of_it_is_out_of_date(
    still: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHORT", 10)
    still.persister.save()
    for number in range(20):
        still.journal.append(ITEM, "a", number)
    still.rows = [[ITEM, "a", 19]]

    still.persister.save()

    assert still.brought_back() == still.rows
    size = (still.snapshots.newest() / NAME).stat().st_size
    still.persister.save()
    assert (still.snapshots.newest() / NAME).stat().st_size > size  # a mark, and the same journal


def test_each_save_says_since_when_an_upload_may_be_missing(still: Deployment) -> None:
    still.persister.save()
    begun = still.snapshots.uploads_since()
    still.under_way = 1000.0
    still.persister.save()

    assert begun is not None
    assert begun > 1000
    assert still.snapshots.uploads_since() == 1000


def test_the_last_save_says_that_no_upload_is_missing_unless_one_is(still: Deployment) -> None:
    still.under_way = 1000.0
    still.persister.save(last=True)
    missing = still.snapshots.uploads_since()
    still.under_way = None
    still.persister.save(last=True)

    assert missing == 1000
    assert still.snapshots.uploads_since() is None


def test_a_state_that_changes_while_it_is_copied_is_copied_again() -> None:
    errors = iter([RuntimeError("dictionary changed size during iteration"), RuntimeError("again"), None])

    def state() -> str:
        if error := next(errors):
            raise error
        return "whole"

    assert copy_state(state) == "whole"
