"""The contents of the packages that are deployed to AWS."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.artifact.conftest import CHECKOUT, HANDLERS

OURS = {"functions", "shared"}
WORKER = "RunSubtaskFunction"
MEGABYTE = 1_000_000
AARCH64 = 183  # EM_AARCH64 of elf.h, at offset 18 of a file's header


@pytest.mark.parametrize("function", HANDLERS)
def test_a_package_fits_into_lambda(function: str, for_lambda: dict[str, Path]) -> None:
    limit = 250 if function == WORKER else 60

    size = sum(file.stat().st_size for file in files_in(for_lambda[function]))

    assert size / MEGABYTE <= limit


@pytest.mark.parametrize("function", HANDLERS)
def test_a_package_contains_only_the_code_that_functions_need(function: str, for_lambda: dict[str, Path]) -> None:
    package = for_lambda[function]

    ours = {file.relative_to(package) for file in files_in(package)} - set(recorded(package))

    assert ours == {
        file.relative_to(CHECKOUT)
        for folder in OURS
        for file in files_in(CHECKOUT / folder)
        if "__pycache__" not in file.parts
    }


@pytest.mark.parametrize("function", HANDLERS)
def test_every_program_in_a_package_is_for_lambdas_processor(function: str, for_lambda: dict[str, Path]) -> None:
    machines = {file.name: machine_of(file) for file in files_in(for_lambda[function]) if is_elf(file)}

    assert machines
    assert set(machines.values()) == {AARCH64}, machines


@pytest.mark.parametrize("function", HANDLERS)
def test_only_the_worker_carries_media_tools(function: str, for_lambda: dict[str, Path]) -> None:
    tools = {file.parent.name for file in for_lambda[function].glob("*/*") if file.suffix != ".pyc"}

    assert ({"imageio_ffmpeg", "pymediainfo"} <= tools) is (function == WORKER)
    assert tools.isdisjoint({"imageio_ffmpeg", "pymediainfo"}) is (function != WORKER)


def test_the_workers_ffmpeg_can_be_started(for_lambda: dict[str, Path]) -> None:
    programs = list(for_lambda[WORKER].glob("imageio_ffmpeg/binaries/ffmpeg-linux-aarch64-*"))

    assert len(programs) == 1
    assert programs[0].stat().st_mode & 0o111 == 0o111


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder."""
    return (path for path in folder.rglob("*") if path.is_file())


def is_elf(file: Path) -> bool:
    """Return whether a file is a Linux program or library."""
    return head(file).startswith(b"\x7fELF")


def machine_of(file: Path) -> int:
    """Return which processor an ELF file is for."""
    return int.from_bytes(head(file)[18:20], "little")


def head(file: Path) -> bytes:
    """Return the beginning of a file."""
    with file.open("rb") as stream:
        return stream.read(20)


def recorded(package: Path) -> Iterator[Path]:
    """Yield the files that came from wheels, as each wheel's RECORD lists them."""
    for record in package.glob("*.dist-info/RECORD"):
        with record.open(newline="") as lines:
            yield from (Path(line[0]) for line in csv.reader(lines))
