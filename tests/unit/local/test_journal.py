"""The journal's lines survive a kill at any moment."""

import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from infra.local.journal import ITEM, MESSAGE, NAME, Entry, Journal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Lend a snapshot whose journal was begun with one item."""
    folder = tmp_path / "00000001"
    folder.mkdir()
    return folder


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    with closing(Journal()) as journal:
        journal.begin(folder, [lambda: [ITEM, "a", 1]])
        journal.finish()
        yield journal


def next_one(folder: Path) -> Path:
    """Return the next snapshot, unfinished, which shares the journal of this one."""
    unfinished = folder.with_name(f"{int(folder.name) + 1:08}.unfinished")
    unfinished.mkdir()
    (unfinished / NAME).hardlink_to(folder / NAME)
    return unfinished


def after_kill(folder: Path) -> list[Entry]:
    """Return the entries that another process reads."""
    with closing(Journal()) as journal:
        return list(journal.resume(folder))


def go_on(folder: Path, *entry: object) -> None:
    """Append an entry after the journal was read."""
    with closing(Journal()) as journal:
        list(journal.resume(folder))
        journal.append(*entry)


def test_nothing_is_missing_before_the_first_save(tmp_path: Path) -> None:
    assert after_kill(tmp_path) == []


def test_every_item_and_message_comes_back_in_order(journal: Journal, folder: Path) -> None:
    journal.append(ITEM, "a", 2)
    journal.append(MESSAGE, "queue", "hello")
    journal.append(ITEM, "ä\ud800", None)

    assert after_kill(folder) == [[ITEM, "a", 1], [ITEM, "a", 2], [MESSAGE, "queue", "hello"], [ITEM, "ä\ud800", None]]


def test_it_continues_where_it_ended(journal: Journal, folder: Path) -> None:
    journal.append(ITEM, "a", 2)

    go_on(folder, ITEM, "a", 3)

    assert after_kill(folder) == [[ITEM, "a", 1], [ITEM, "a", 2], [ITEM, "a", 3]]


def test_messages_in_the_snapshot_are_not_replayed_and_items_are(journal: Journal, folder: Path) -> None:
    journal.append(MESSAGE, "queue", "old")
    journal.append(ITEM, "a", 2)
    unfinished = next_one(folder)
    journal.begin(unfinished, None)
    journal.append(MESSAGE, "queue", "new")

    assert after_kill(folder)[-2:] == [[ITEM, "a", 2], [MESSAGE, "queue", "new"]]  # if it is never finished
    assert [MESSAGE, "queue", "old"] in after_kill(folder)
    newest = unfinished.rename(unfinished.with_suffix(""))
    assert after_kill(newest) == [[ITEM, "a", 1], [ITEM, "a", 2], [MESSAGE, "queue", "new"]]


def test_the_new_and_the_earlier_journal_get_all_lines_until_the_snapshot_is_valid(
    journal: Journal, folder: Path
) -> None:
    journal.append(ITEM, "a", 2)
    unfinished = next_one(folder)
    journal.begin(unfinished, [lambda: [ITEM, "a", 2], lambda: None])
    journal.append(ITEM, "b", 1)

    assert after_kill(folder) == [[ITEM, "a", 1], [ITEM, "a", 2], [ITEM, "b", 1]]
    newest = unfinished.rename(unfinished.with_suffix(""))
    assert after_kill(newest) == [[ITEM, "a", 2], [ITEM, "b", 1]]
    journal.finish()
    journal.append(ITEM, "b", 2)
    assert after_kill(newest)[-1] == [ITEM, "b", 2]


def test_a_failed_snapshot_leaves_the_earlier_journal(journal: Journal, folder: Path) -> None:
    unfinished = next_one(folder)
    journal.begin(unfinished, [lambda: [ITEM, "a", 1]])
    journal.abandon()

    journal.append(ITEM, "b", 1)

    assert after_kill(folder) == [[ITEM, "a", 1], [ITEM, "b", 1]]


@pytest.mark.parametrize("torn", [b'["item","b",', b'["item","b",1]', b"\xff\n", b'["item"\n["item","b",1]\n'])
def test_an_incomplete_line_is_cut_off(journal: Journal, folder: Path, torn: bytes) -> None:
    journal.append(ITEM, "a", 2)
    with (folder / NAME).open("ab") as file:
        file.write(torn)

    assert after_kill(folder) == [[ITEM, "a", 1], [ITEM, "a", 2]]
    go_on(folder, ITEM, "a", 3)
    assert after_kill(folder) == [[ITEM, "a", 1], [ITEM, "a", 2], [ITEM, "a", 3]]


def test_its_length_is_known_for_the_decision_to_rewrite_it(journal: Journal, folder: Path) -> None:
    begun = journal.lines
    for number in range(10):
        journal.append(ITEM, "a", number)
    assert journal.lines == begun + 10

    journal.begin(next_one(folder), [lambda: [ITEM, "a", 9]])

    assert journal.lines == begun


def test_a_line_that_the_disk_refuses_is_taken_back(journal: Journal, folder: Path) -> None:
    with files_up_to((folder / NAME).stat().st_size + 20), pytest.raises(OSError, match="too large"):
        journal.append(ITEM, "b", "longer than what is left" * 10)
    journal.append(ITEM, "c", 1)

    assert after_kill(folder) == [[ITEM, "a", 1], [ITEM, "c", 1]]


def test_lines_that_belong_together_are_all_taken_back(journal: Journal, folder: Path) -> None:
    lines = journal.lines

    with files_up_to((folder / NAME).stat().st_size + 20), pytest.raises(OSError, match="too large"):
        two_lines(journal)
    journal.append(ITEM, "c", 1)

    assert after_kill(folder) == [[ITEM, "a", 1], [ITEM, "c", 1]]
    assert journal.lines == lines + 1


def two_lines(journal: Journal) -> None:
    """Write a line that fits, and one that doesn't, as a transaction does."""
    with journal.whole():
        journal.append(ITEM, "b", 1)
        journal.append(ITEM, "d", "longer than what is left" * 10)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let the kernel refuse to make any file of this process larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
