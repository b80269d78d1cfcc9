"""The contents of the packages that are deployed to AWS."""

import csv
import re
from collections.abc import Iterator
from importlib.util import cache_from_source
from itertools import chain
from pathlib import Path

import pytest

from tests.artifact.conftest import CHECKOUT, HANDLERS

OURS = {"functions", "shared"}
WORKER = "RunSubtaskFunction"
MEGABYTE = 1_000_000
AARCH64 = 183  # EM_AARCH64 of elf.h, at offset 18 of a file's header


@pytest.mark.parametrize("function", HANDLERS)
def test_a_package_fits_into_lambda(function: str, for_lambda: dict[str, Path]) -> None:
    limit = 250 if function == WORKER else 36

    size = sum(file.stat().st_size for file in files_in(for_lambda[function]))

    assert size / MEGABYTE <= limit


@pytest.mark.parametrize("function", HANDLERS)
def test_a_package_contains_only_the_code_that_functions_need(function: str, for_lambda: dict[str, Path]) -> None:
    package = for_lambda[function]

    ours = {file.relative_to(package) for file in sources_in(package)} - set(recorded(package))

    assert ours == {file.relative_to(CHECKOUT) for folder in OURS for file in sources_in(CHECKOUT / folder)}


@pytest.mark.parametrize("function", HANDLERS)
def test_a_package_describes_only_the_services_that_functions_call(function: str, for_lambda: dict[str, Path]) -> None:
    described = {path.name for path in (for_lambda[function] / "botocore" / "data").iterdir() if path.is_dir()}

    assert described == called_services()


def test_the_byte_code_is_what_lambdas_python_reads_without_a_look_at_the_source(for_lambda: dict[str, Path]) -> None:
    compiled = {path.suffixes[-2] for package in for_lambda.values() for path in package.rglob("*.pyc")}
    if not compiled:
        pytest.skip("this machine has no Python of Lambda's version to compile with")

    assert compiled == {".cpython-313"}
    assert all(unchecked(path) for package in for_lambda.values() for path in package.rglob("*.pyc"))


@pytest.mark.parametrize("function", HANDLERS)
def test_every_module_of_a_package_is_compiled(function: str, for_this_machine: dict[str, Path]) -> None:
    package = for_this_machine[function]

    modules = {path for folder in (package, package / "shared") for path in folder.rglob("*.py")}

    assert modules
    assert [str(path) for path in modules if not is_compiled(path)] == []


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


def sources_in(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, without byte code."""
    return (path for path in files_in(folder) if "__pycache__" not in path.parts)


def called_services() -> set[str]:
    """Return the services that the code and its libraries make clients of.

    PynamoDB makes one of DynamoDB, and aws_xray_sdk one of X-Ray when it is imported.
    """
    calls = (re.findall(r'boto3\.client\(\s*"(\w+)"', path.read_text()) for path in (CHECKOUT / "shared").rglob("*.py"))
    return {"dynamodb", "xray", *chain.from_iterable(calls)}


def is_compiled(module: Path) -> bool:
    """Return whether this Python finds byte code of a module, and will not compare it with the source."""
    cached = Path(cache_from_source(module))
    return cached.is_file() and unchecked(cached)


def unchecked(byte_code: Path) -> bool:
    """Return whether byte code is used without a look at its source: PEP 552."""
    return head(byte_code)[4:8] == b"\1\0\0\0"


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
