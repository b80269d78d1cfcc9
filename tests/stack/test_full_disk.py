"""A real stack on a real file system that is full: what was answered as stored is stored, all else was refused."""

import errno
import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from infra.local import stack as local
from infra.local.errors import NotSaved
from infra.local.stack import StackInfo
from tests.support.stack import client_of, eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("stacks that end badly")]

SIZE = "150m"
CHUNK = 6 * 1024**2
MORE_THAN_FIT = 30  # objects
SMALL, LARGE = 1 << 15, "x" * (1 << 16)  # bytes of the largest file, and a text of more
REFUSED = "InsufficientStorage"
FULL = 507  # HTTP: Insufficient Storage
DOCUMENT: dict[str, Any] = {
    "trigger": {"prefix": "later/"},
    "subtasks": [{"name": "cover", "type": "SCREENSHOT", "params": {"at": [0]}}],
}
Place = tuple[str, str]  # an object's key and its version


class Storing:
    """A stack of these tests' own, and what it has answered about uploads."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.answered: dict[Place, str] = {}  # the SHA-256 of everything whose upload was answered as successful
        self.refused: list[str] = []  # keys
        self.up()

    def up(self) -> None:
        self.info = local.ensure_up(self.data_dir, port=0, aws_port=0)
        self.s3, self.dynamodb, self.sqs = (client_of(self.info, name) for name in ("s3", "dynamodb", "sqs"))

    def put(self, key: str, size: int = CHUNK) -> bool:
        """Upload random bytes; return whether that was answered as successful."""
        body = os.urandom(size)
        return self._noted(
            key, body, lambda: self.s3.put_object(Bucket=self.info.input_bucket, Key=key, Body=body)["VersionId"]
        )

    def put_parts(self, key: str) -> bool:
        """Upload random bytes in three parts; return whether all of it was answered as successful."""
        parts = [os.urandom(CHUNK) for _ in range(3)]
        where = {"Bucket": self.info.input_bucket, "Key": key}

        def upload() -> str:
            upload_id = self.s3.create_multipart_upload(**where)["UploadId"]
            done = [
                {
                    "PartNumber": no,
                    "ETag": self.s3.upload_part(**where, UploadId=upload_id, PartNumber=no, Body=part)["ETag"],
                }
                for no, part in enumerate(parts, start=1)
            ]
            answer = self.s3.complete_multipart_upload(**where, UploadId=upload_id, MultipartUpload={"Parts": done})
            return str(answer["VersionId"])

        return self._noted(key, b"".join(parts), upload)

    def copy(self, source: str, key: str) -> bool:
        """Copy an object; return whether that was answered as successful."""
        where = {"Bucket": self.info.input_bucket, "Key": source}
        return self._noted(
            key,
            self.s3.get_object(**where)["Body"].read(),
            lambda: self.s3.copy_object(Bucket=where["Bucket"], Key=key, CopySource=where)["VersionId"],
        )

    def _noted(self, key: str, body: bytes, upload: Callable[[], str]) -> bool:
        try:
            version = upload()
        except ClientError as error:
            said = error.response["Error"]
            assert said["Code"] == REFUSED, said
            assert str(self.data_dir) in said["Message"], said
            assert "then try again" in said["Message"], said
            self.refused.append(key)
            return False
        self.answered[key, version] = hashlib.sha256(body).hexdigest()
        return True

    def stored(self) -> dict[Place, str]:
        """Return every version that S3 has of what was uploaded here, read anew, with its SHA-256."""
        bucket, found = self.info.input_bucket, {}
        for entry in self.s3.list_object_versions(Bucket=bucket, Prefix="kept/")["Versions"]:
            place = (entry["Key"], entry["VersionId"])
            body = self.s3.get_object(Bucket=bucket, Key=place[0], VersionId=place[1])["Body"].read()
            found[place] = hashlib.sha256(body).hexdigest()
        return found

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "cli.main", "--data-dir", str(self.data_dir), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def down(self) -> "subprocess.CompletedProcess[str]":
        """End the stack by the command, and reap its server."""
        ended = self.command("down")
        with suppress(NotSaved):
            local.wait(self.data_dir)
        return ended

    def has(self, number: int) -> bool:
        """Whether the item of that number is there."""
        key = {"pk": {"S": f"kept{number}"}, "sk": {"S": "NOTE"}}
        return "Item" in self.dynamodb.get_item(TableName=self.info.outputs["CatalogTableName"], Key=key)


class SmallDisk(Storing):
    """A file system of 150 MB, and the stack whose data are all that is on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(root / "reelmill data")

    def fill(self) -> Path:
        """Fill the disk to the last byte, also repeatedly, as another program might; return the file that fills it."""
        filler = self.root / "filler"
        with filler.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while True:
                        file.write(b"x" * size)
        assert os.statvfs(self.root).f_bavail == 0
        return filler


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Lend a stack on a file system of its own, which goes away with the test."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux may mount a small file system")
    root = tmp_path / "small disk"
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(root)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"this machine mounts no file system: {mounted.stderr.strip()}")
    try:
        with ending(SmallDisk(root)) as small:
            yield small
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True)  # noqa: S607 - whichever the system has


@pytest.fixture
def storing(tmp_path: Path) -> Iterator[Storing]:
    """Lend a stack on the disk of this machine, which has room."""
    with ending(Storing(tmp_path / "own")) as stack:
        yield stack


@contextmanager
def ending(stack: Storing) -> "Iterator[Any]":
    """End a stack, however its test went."""
    try:
        yield stack
    finally:
        with suppress(NotSaved):
            local.down(stack.data_dir)


def code_of(act: Callable[[], object]) -> str:
    """Return the code with which a call is refused; it must be."""
    with pytest.raises(ClientError) as refusal:
        act()
    return str(refusal.value.response["Error"]["Code"])


def item(info: StackInfo, number: int, text: str = "") -> dict[str, Any]:
    values = {"pk": {"S": f"kept{number}"}, "sk": {"S": "NOTE"}, "text": {"S": text}}
    return {"TableName": info.outputs["CatalogTableName"], "Item": values}


def test_what_was_answered_is_there_after_down_and_up_and_all_else_was_refused(disk: SmallDisk) -> None:
    assert disk.put("kept/again")
    assert disk.put_parts("kept/parts")
    disk.put("kept/again")  # the first version stays
    assert not all(disk.put(f"kept/{number}") for number in range(MORE_THAN_FIT))
    assert len(disk.answered) > 6
    assert not disk.put("kept/again")
    assert not disk.put_parts("kept/more-parts")
    assert not disk.copy("kept/parts", "kept/copy")
    assert not all(disk.put(f"kept/small{number}", 1 << 20) for number in range(MORE_THAN_FIT))  # up to the margin

    refusal = disk.command("upload", str(big_file(disk.root.parent)), "--key", "kept/by-command")
    assert refusal.returncode == 1
    assert str(disk.data_dir) in refusal.stderr
    assert "full" in refusal.stderr
    disk.dynamodb.put_item(**item(disk.info, 1))  # what is small has the margin
    assert disk.down().returncode == 0
    disk.up()

    assert disk.stored() == disk.answered
    assert disk.has(1)


def test_on_a_disk_without_a_free_byte_nothing_is_acknowledged_and_nothing_is_lost(disk: SmallDisk) -> None:
    queue = disk.info.outputs["SubtaskQueueUrl"]
    disk.put("kept/one")
    disk.dynamodb.put_item(**item(disk.info, 1))
    filler = disk.fill()

    assert not disk.put("kept/one", 1)
    assert not disk.put("kept/two", 1)
    assert code_of(lambda: disk.dynamodb.put_item(**item(disk.info, 2))) == REFUSED
    assert code_of(lambda: disk.sqs.send_message(QueueUrl=queue, MessageBody="{}")) == REFUSED
    assert code_of(lambda: disk.s3.put_bucket_tagging(Bucket=disk.info.input_bucket, Tagging={"TagSet": []})) == REFUSED
    with httpx.Client(trust_env=False, timeout=30) as http:
        stored = http.put(f"{disk.info.api_url}/orchestrations/later", json=DOCUMENT)
        assert (stored.status_code, stored.json()["code"]) == (FULL, "LocalStack.DiskFull")
        assert http.get(f"{disk.info.api_url}/orchestrations").status_code == 200
    document = disk.root.parent / "later.json"
    document.write_text(str(DOCUMENT).replace("'", '"'))
    by_command = disk.command("orchestrations", "put", str(document), "--name", "later")
    assert by_command.returncode == 1
    assert str(disk.data_dir) in by_command.stderr

    def stay_full() -> None:
        disk.fill()  # a function that has ended leaves room for a save
        disk.put("kept/two", 1)  # without a request, the state is not saved again

    told_unsaved(disk, stay_full)
    disk.down()  # which finds room for its state: what its functions had unpacked goes away

    filler.unlink()
    disk.up()
    assert disk.stored() == disk.answered
    assert (disk.has(1), disk.has(2)) == (True, False)
    with httpx.Client(trust_env=False, timeout=30) as http:
        assert http.get(f"{disk.info.api_url}/orchestrations/later").status_code == 404
    assert disk.put("kept/one", 1)  # there is room again


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of another process")
def test_a_write_that_fails_though_there_was_room_is_taken_back(storing: Storing) -> None:
    queue = storing.info.outputs["SubtaskQueueUrl"]
    storing.put("kept/one")
    assert storing.put_parts("kept/parts")
    storing.dynamodb.put_item(**item(storing.info, 1))
    # From here on the kernel refuses the server what makes a file larger than this.
    resource.prlimit(storing.info.pid, resource.RLIMIT_FSIZE, (SMALL, resource.RLIM_INFINITY))

    assert not storing.put("kept/one")
    assert not storing.put("kept/two")
    assert not storing.put_parts("kept/parts")
    assert not storing.copy("kept/parts", "kept/copy")
    assert storing.stored() == storing.answered  # a refused write is not visible
    transaction = [{"Put": item(storing.info, 2)}, {"Put": item(storing.info, 3, LARGE)}]
    assert code_of(lambda: storing.dynamodb.transact_write_items(TransactItems=transaction)) == REFUSED
    assert code_of(lambda: storing.dynamodb.put_item(**item(storing.info, 4, LARGE))) == REFUSED
    assert code_of(lambda: storing.sqs.send_message(QueueUrl=queue, MessageBody=LARGE)) == REFUSED
    storing.dynamodb.put_item(**item(storing.info, 5))  # a line that was taken back hides none that follows
    assert [storing.has(number) for number in range(1, 6)] == [True, False, False, False, True]
    told_unsaved(storing)
    ended = storing.down()

    assert ended.returncode == 1
    assert os.strerror(errno.EFBIG) in ended.stderr
    assert str(storing.data_dir) in ended.stderr
    storing.up()
    assert storing.stored() == storing.answered
    assert [storing.has(number) for number in range(1, 6)] == [True, False, False, False, True]
    assert storing.put("kept/one")
    assert storing.down().returncode == 0


def told_unsaved(stack: Storing, stay_full: Callable[[], None] = lambda: None) -> None:
    """See that `status` says why the state cannot be saved, once a save has failed."""

    def look() -> "subprocess.CompletedProcess[str] | None":
        stay_full()
        told = stack.command("status")
        return told if told.returncode else None

    told = eventually(look)
    assert told.returncode == 1
    assert str(stack.data_dir) in told.stderr
    assert "cannot be saved" in told.stderr


def big_file(folder: Path) -> Path:
    """Return a file that no longer fits."""
    path = folder / "big.bin"
    path.write_bytes(os.urandom(CHUNK))
    return path
