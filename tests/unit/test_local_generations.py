"""What is saved of a stack: whole, or not at all."""

from pathlib import Path

import pytest

from infra.local.generations import Generations, mark


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    return Generations(tmp_path)


def saved(generations: Generations, **files: str) -> Path:
    """Save files under their names with `.json`, and return the folder in which the next start finds them."""
    folder = generations.begin()
    for name, text in files.items():
        path = folder / f"{name}.json"
        path.unlink(missing_ok=True)
        path.write_text(text)
    generations.finish(folder)
    return generations.newest()


def contents(generation: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in generation.glob("*.json")}


def test_the_first_one_is_empty(generations: Generations) -> None:
    assert list(generations.newest().iterdir()) == []
    assert generations.uploads_since() is None


def test_what_is_not_saved_anew_stays_as_it_was(generations: Generations) -> None:
    saved(generations, sqs="1", logs="1")

    newest = saved(generations, sqs="2")

    assert contents(newest) == {"sqs": "2", "logs": "1"}


def test_one_that_is_not_finished_is_not_read_and_leaves_the_one_before_as_it_was(generations: Generations) -> None:
    before = saved(generations, sqs="1", s3="1")
    half = generations.begin()
    (half / "sqs.json").unlink()
    (half / "sqs.json").write_text("2")

    assert generations.newest() == before
    assert contents(before) == {"sqs": "1", "s3": "1"}
    assert contents(saved(generations, s3="3")) == {"sqs": "1", "s3": "3"}


def test_two_are_kept(generations: Generations) -> None:
    for number in range(5):
        saved(generations, sqs=str(number))

    assert [contents(path) for path in generations.all()] == [{"sqs": "3"}, {"sqs": "4"}]


def test_the_tenth_is_newer_than_the_ninth(generations: Generations) -> None:
    for number in range(11):
        saved(generations, sqs=str(number))

    assert contents(generations.newest()) == {"sqs": "10"}


def test_a_broken_one_is_passed_over_and_named(generations: Generations) -> None:
    whole = saved(generations, sqs="1")
    broken = saved(generations, sqs="{")

    fault = generations.settle()

    assert fault is not None
    assert str(broken / "sqs.json") in fault
    assert generations.newest() == whole
    assert generations.settle() is None
    assert contents(saved(generations, s3="3")) == {"sqs": "1", "s3": "3"}


@pytest.mark.parametrize("saves", [1, 3])
def test_when_all_are_broken_they_stay_where_they_are(generations: Generations, saves: int) -> None:
    for _ in range(saves):
        newest = saved(generations, sqs="{")
    before = sorted(generations.folder.iterdir())

    with pytest.raises(ValueError, match=f"{newest.name}/sqs.json is broken"):
        generations.settle()
    assert sorted(generations.folder.iterdir()) == before


def test_what_lies_there_without_a_generation_is_the_first(generations: Generations) -> None:
    (generations.folder / "sqs.json").write_text("1")
    (generations.folder / "lambda-blobs").mkdir()
    (generations.folder / "lambda-blobs" / "code.zip").write_bytes(b"code")

    newest = saved(generations, s3="2")

    assert contents(newest) == {"sqs": "1", "s3": "2"}
    assert (newest / "lambda-blobs" / "code.zip").read_bytes() == b"code"


def test_the_mark_is_of_the_newest_alone(generations: Generations) -> None:
    first = generations.begin()
    mark(first, 1000.5)
    generations.finish(first)
    assert generations.uploads_since() == 1000.5

    last = generations.begin()
    mark(last, None)
    assert generations.uploads_since() == 1000.5
    generations.finish(last)
    assert generations.uploads_since() is None
