"""The files of an attempt: which it may read, from where, and how often it downloads them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared.domain.attempt_record import AttemptRecord, OutputFile
from shared.domain.subtask import Lease, SubtaskStatus
from shared.domain.task import Source
from shared.errors import AccessDenied, LimitExceeded, ParametersRejected
from shared.worker.inputs import AttemptFiles, check_disk, local_name, room_for_outputs
from tests.support.deployment import ClockedServices, client, put
from tests.support.factories import make_task
from tests.support.outages import outage, refusal


@pytest.fixture
def downloads() -> list[str]:
    return []


@pytest.fixture
def files(services: ClockedServices, tmp_path: Path, downloads: list[str]) -> AttemptFiles:
    """Lend the files of the second subtask of a task, which needs the first and reads its first output."""
    task = make_task(3, needs={2: (1,)}, at=services.now())
    task = replace(task, source=put("uploads/a.mp4", b"the source"))
    outputs = [put(f"out/{name}", name.encode(), "output") for name in ("a.mp4", "a.vtt")]
    lease = Lease(task.id, 1, 1, attempt=1)
    made = tuple(OutputFile("output", output.key, output.size, "video/mp4") for output in outputs)
    services.tasks.put_record(lease, AttemptRecord(started_at=0, ended_at=0, outputs=made))
    first = replace(task.subtasks[0], status=SubtaskStatus.SUCCESSFUL, record=lease.record)
    second = replace(task.subtasks[1], input=1)
    task = replace(task, subtasks=(first, second, task.subtasks[2]))

    @contextmanager
    def downloading() -> Iterator[None]:
        downloads.append("one more")
        yield

    return AttemptFiles(services, task, second, tmp_path, downloading)


def test_the_input_is_the_predecessors_first_file_and_the_original_the_tasks_source(files: AttemptFiles) -> None:
    assert files.input_object.key == "out/a.mp4"
    assert files.input().read_bytes() == b"a.mp4"
    assert files.original().read_bytes() == b"the source"
    assert files.name == "a.mp4"


def test_nothing_is_fetched_before_it_is_asked_for_nor_twice(files: AttemptFiles, downloads: list[str]) -> None:
    assert files.input_object
    assert downloads == []

    first = files.original()

    assert files.original() == first
    assert files.asset("uploads/a.mp4") == first
    assert len(downloads) == 1


def test_the_outputs_of_a_predecessor_have_different_names_on_disk(files: AttemptFiles) -> None:
    video, subtitles = files.outputs_of("s1")

    assert (video.read_bytes(), subtitles.read_bytes()) == (b"a.mp4", b"a.vtt")
    assert files.input() == video


@pytest.mark.parametrize("name", ["s3", "other"])
def test_only_a_predecessors_files_may_be_read(files: AttemptFiles, name: str) -> None:
    with pytest.raises(ParametersRejected, match="to its needs"):
        files.outputs_of(name)


def test_a_predecessor_without_a_file_leaves_nothing_to_read(files: AttemptFiles) -> None:
    first = replace(files.task.subtasks[0], record="RUN#0001#SUB#01#ATT#9")
    files.task = replace(files.task, subtasks=(first, *files.task.subtasks[1:]))

    with pytest.raises(ParametersRejected, match="left no file to read"):
        files.input()


@pytest.mark.parametrize("uri", ["logos/mine.png", "s3://input/logos/mine.png", "s3://output/logos/mine.png"])
def test_an_asset_is_named_by_its_key_or_its_address(files: AttemptFiles, uri: str) -> None:
    for bucket in ("input", "output"):
        put("logos/mine.png", b"a logo", bucket)

    path = files.asset(uri)

    assert path.read_bytes() == b"a logo"
    assert path.suffix == ".png"


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("logos/none.png", "does not exist"),
        ("s3://input/none", "does not exist"),
        ("s3://input", "does not exist"),
        ("s3://", "neither in the input bucket nor in the output bucket"),
        ("s3://secrets/keys.png", "neither in the input bucket nor in the output bucket"),
        (
            "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/x/a",
            "neither in the input bucket nor in the output bucket",
        ),
        ("../etc/passwd", "does not exist"),
    ],
)
def test_an_asset_that_is_not_there_or_not_ours_is_refused(files: AttemptFiles, uri: str, problem: str) -> None:
    client("s3").create_bucket(Bucket="secrets")
    put("keys.png", b"a secret", "secrets")

    with pytest.raises(ParametersRejected, match=problem) as refused:
        files.asset(uri)

    assert refused.value.code == "ParameterError.AssetNotFound"


def test_an_asset_that_s3_denies_is_asked_for_again_before_the_parameters_are_blamed(files: AttemptFiles) -> None:
    with outage("HeadObject", error=refusal("403", 403)), pytest.raises(AccessDenied) as denied:
        files.asset("logos/mine.png")

    assert denied.value.final.code == "ParameterError.AssetNotFound"


def test_a_source_too_big_for_the_disk_is_rejected_before_it_is_fetched(tmp_path: Path) -> None:
    check_disk(tmp_path, 1000)
    assert room_for_outputs(tmp_path, 1000) > 0
    with pytest.raises(LimitExceeded, match="may need as much") as refused:
        check_disk(tmp_path, 10**18)

    assert refused.value.code == "LimitError.Disk"
    assert room_for_outputs(tmp_path, 10**18) == 0


@pytest.mark.parametrize(
    ("size", "remedy"),
    [
        (5 * 1024**3, "deploy with a larger WorkerDisk"),
        (5 * 1024**3 + 1, "no worker has more than 10.7 GB, so split the file or compress it more"),
    ],
)
def test_a_larger_disk_is_proposed_only_if_there_is_one_on_which_the_file_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, remedy: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * 10**9))

    with pytest.raises(LimitExceeded) as refused:
        check_disk(tmp_path, size)

    assert refused.value.message == (
        "the file has 5.4 GB and the outputs may need as much, but this worker has 3.0 GB of free disk; " + remedy
    )


def test_a_file_too_big_for_the_disk_is_not_fetched(files: AttemptFiles, downloads: list[str]) -> None:
    files.task = replace(files.task, source=Source("input", "huge.mp4", 10**18, e_tag=""))

    with pytest.raises(LimitExceeded):
        files.original()

    assert downloads == []


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a/b.MP4", "source.mp4"),
        ("a", "source"),
        ("x.$(rm -rf)", "source"),
        ("-i.é", "source"),
        ("a.m;p4", "source"),
        ("a." + "m" * 300, "source"),
    ],
)
def test_only_the_extension_of_a_strangers_file_name_reaches_the_disk(key: str, name: str) -> None:
    assert local_name("source", key) == name
