"""Downloads: names stay inside their folder, and files are complete or absent."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.download import free_name, safe_name, save_outputs
from cli.errors import CommandFailed
from tests.support.command import RemoteService, Reply


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("film.mp4", "film.mp4"),
        ("Süßes 東京 🎬 100% + 1.mp4", "Süßes 東京 🎬 100% + 1.mp4"),
        ("../../etc/passwd", "passwd"),
        ("/etc/cron.d/evil", "evil"),
        ("..\\..\\windows\\evil.exe", "evil.exe"),
        ("..", "output"),
        (".", "output"),
        ("", "output"),
        ("   ", "output"),
        (".bashrc", "bashrc"),
        ("a/", "a"),
        ("a\x00b\n\x1b[31m.mp4", "a_b__[31m.mp4"),
        ('a:b*c?"<>|.mp4', "a_b_c_____.mp4"),
        ("name. ", "name"),
    ],
)
def test_a_name_from_outside_becomes_a_plain_file_name(wanted: str, name: str) -> None:
    assert safe_name(wanted) == name


@given(st.text(max_size=400))
def test_no_name_leaves_the_folder(wanted: str) -> None:
    name = safe_name(wanted)

    path = Path("/folder") / name
    assert path.parent == Path("/folder")
    assert path.name == name
    assert name not in {"", ".", ".."}
    assert name.isprintable()
    assert len(f"{name}.part".encode()) <= 255


@given(st.lists(st.text(alphabet="aA./é\\", max_size=6), max_size=12))
def test_files_of_one_folder_never_share_a_name(wanted: list[str]) -> None:
    names: list[str] = []
    for each in wanted:
        names.append(free_name(each, names))

    assert len({name.casefold() for name in names}) == len(wanted)


def test_a_name_that_is_too_long_keeps_its_extension() -> None:
    name = safe_name("長" * 200 + ".mp4")

    assert name.endswith("長.mp4")
    assert len(name.encode()) <= 250


def test_a_long_name_that_is_taken_also_gets_a_number() -> None:
    first = safe_name("x" * 300 + ".mp4")

    second = free_name("x" * 300 + ".mp4", [first])

    assert second != first
    assert len(second.encode()) <= 250


def output(service: RemoteService, **changes: object) -> dict[str, Any]:
    """An output as the API shows it."""
    return {
        "key": "a/film.mp4",
        "fileName": "film.mp4",
        "downloadUrl": f"{service.store}/film",
        "size": 4,
        **changes,
    }


def ignore(_: int) -> None:
    """Ignore the bytes."""


def test_an_incomplete_file_never_appears_and_the_old_one_stays(service: RemoteService, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"old")
    service.answers("GET", "/store/film", Reply(b"fil"))

    with pytest.raises(CommandFailed, match="3 of 4 bytes"):
        save_outputs([output(service)], tmp_path, ignore)

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("film.mp4", b"old")]


def test_an_interrupted_connection_leaves_no_file(service: RemoteService, tmp_path: Path) -> None:
    service.answers("GET", "/store/film", Reply(b"fi", headers={"Content-Length": "4"}))

    with pytest.raises(CommandFailed, match="was interrupted"):
        save_outputs([output(service)], tmp_path, ignore)

    assert list(tmp_path.iterdir()) == []


def test_an_expired_link_is_reported(service: RemoteService, tmp_path: Path) -> None:
    service.answers("GET", "/store/film", Reply(b"<Error/>", 403))

    with pytest.raises(CommandFailed, match="S3 answered 403"):
        save_outputs([output(service)], tmp_path, ignore)

    assert list(tmp_path.iterdir()) == []


def test_a_link_in_the_folder_is_not_followed(service: RemoteService, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "film.mp4.part").symlink_to(outside)
    (folder / "film.mp4").symlink_to(outside)
    service.answers("GET", "/store/film", Reply(b"film"))

    save_outputs([output(service)], folder, ignore)

    assert outside.read_bytes() == b"mine"
    assert not (folder / "film.mp4").is_symlink()
    assert (folder / "film.mp4").read_bytes() == b"film"


def test_an_output_is_replaced_in_one_step_by_a_second_download(service: RemoteService, tmp_path: Path) -> None:
    service.answers("GET", "/store/film", Reply(b"film"), Reply(b"FILM"))
    moved: list[int] = []

    save_outputs([output(service)], tmp_path, moved.append)
    save_outputs([output(service)], tmp_path, moved.append)

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("film.mp4", b"FILM")]
    assert sum(moved) == 8
