"""S3's objects on the disk: a request is answered when its files are there, or it is refused and changes nothing.

An object is a file of its bytes and beside it one that bears its ETag, its versions and its tags; an older version is a
file, too. The emulator writes them last, drops the errors of that, and tells of an upload before it is on the disk.
"""

import errno
import functools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.services import s3  # type: ignore[import-untyped]  # it ships no types

from infra.local.disk_full import CODE, STATUS
from infra.local.disk_space import FOR_OBJECTS, DiskSpace
from infra.local.errors import DiskFull

# ruff: noqa: SLF001 - ministack offers none of this in the open

Record = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
CHANGING = frozenset({"PUT", "POST", "DELETE"})
SIDECAR = ".meta.json"
UNFINISHED = ".tmp"  # what orphans.discard_torn deletes
PRIVATE = 0o600

_events: ContextVar[list[Callable[[], None]] | None] = ContextVar("_events", default=None)


class ObjectFiles:
    """Puts in place of the emulator's way to the disk one that raises DiskFull."""

    def __init__(self, space: DiskSpace) -> None:
        """Take what is known of the disk."""
        self._space = space

    def install(self) -> None:
        """Let the emulator write so; once in a process, after all else that follows its events."""
        s3._persist_object = self.persist
        s3._persist_delete_marker = self.persist_delete_marker
        s3._persist_displaced_version = self.persist_displaced_version
        s3._dispatch = answered_when_stored(s3._dispatch)
        s3._fire_s3_event_async = held_back(s3._fire_s3_event_async)

    def persist(self, bucket: str, key: str, record: Record) -> None:
        """Write an object and what is told of it, both or none; raise DiskFull."""
        path = Path(s3._object_disk_path(bucket, key))
        body = record.get("body")  # without one the file that is there stands
        with self._space.writing(), fresh_files() as files:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if body is not None and not take_over(version_file(bucket, key, record), path, files, len(body)):
                self._space.require(len(body), FOR_OBJECTS)
                files.append(written(path, body))
            facts = {**s3._object_meta_from_record(record), **s3._key_history_meta(bucket, key), "key": key}
            files.append(written(sidecar(path), json.dumps(facts).encode()))
        record["body"] = None
        s3._remove_key_files(s3._other_key_disk_path(bucket_folder(bucket), key, str(path)))

    def persist_delete_marker(self, bucket: str, key: str, marker: Record) -> None:
        """Write that an object is deleted; raise DiskFull. It may take the last space: deletions make room."""
        path = Path(s3._object_disk_path(bucket, key))
        facts = {
            "is_delete_marker": True,
            "version_id": marker.get("version_id"),
            "last_modified": marker.get("last_modified", ""),
            **s3._key_history_meta(bucket, key),
            "key": key,
        }
        with self._space.writing(), fresh_files() as files:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.append(written(sidecar(path), json.dumps(facts).encode()))

    def persist_displaced_version(self, bucket: str, key: str, record: Record | None, versioning: str) -> None:
        """Keep the file of an object that another is about to replace, as one more name of it; raise DiskFull."""
        if versioning == "Suspended":
            s3._delete_version_file(bucket, key, "null")
        version = (record or {}).get("version_id") or "null"
        if record is None or (versioning == "Suspended" and version == "null"):
            return
        older, current = Path(s3._version_disk_path(bucket, key, version)), Path(s3._object_disk_path(bucket, key))
        with self._space.writing():
            older.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            older.unlink(missing_ok=True)
            with suppress(FileNotFoundError):  # of an object whose file somebody deleted
                os.link(current, older)  # files are replaced, never written into


def version_file(bucket: str, key: str, record: Record) -> Path | None:
    """Return the file of a version that was displaced once, None when it has none."""
    version = record.get("version_id")
    path = s3._version_disk_path(bucket, key, version) if version else None
    return Path(path) if path else None


def take_over(older: Path | None, path: Path, files: list[tuple[Path, Path]], size: int) -> bool:
    """Let a version that becomes the current one again have one more name; return False when it has no file."""
    if older is None or not older.is_file() or older.stat().st_size != size:
        return False
    fresh = path.with_name(path.name + UNFINISHED)
    fresh.unlink(missing_ok=True)
    os.link(older, fresh)
    files.append((fresh, path))
    return True


def written(path: Path, content: bytes) -> tuple[Path, Path]:
    """Write a file that is to replace `path`, and return both; raise OSError."""
    fresh = path.with_name(path.name + UNFINISHED)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as file:
            file.write(content)
        check_whole(fresh, len(content))
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return fresh, path


def check_whole(path: Path, size: int) -> None:
    """Raise OSError unless a file that was written has that size."""
    if path.stat().st_size != size:
        raise OSError(errno.EIO, "less was written than was asked for", str(path))


@contextmanager
def fresh_files() -> Iterator[list[tuple[Path, Path]]]:
    """Lend a list for fresh files: they replace the others when all are there, and go away on an error."""
    files: list[tuple[Path, Path]] = []
    try:
        yield files
        for fresh, path in files:
            fresh.replace(path)
    except BaseException:
        for fresh, _ in files:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
        raise


def sidecar(path: Path) -> Path:
    """Return the file that bears what is told of an object."""
    return path.with_name(path.name + SIDECAR)


def bucket_folder(bucket: str) -> str:
    """Return the folder of a bucket's objects."""
    return os.path.join(s3.DATA_DIR, s3.get_account_id(), bucket)  # noqa: PTH118 - ministack takes strings


def answered_when_stored(dispatch: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return the emulator's way to answer a request, which then refuses what the disk didn't take.

    Nobody hears of an object before it is on the disk.
    """

    @functools.wraps(dispatch)
    def dispatched(  # noqa: PLR0913, PLR0917 - a request is what it is
        method: str, bucket: str, key: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Sequence[str]]
    ) -> Answer:
        if method not in CHANGING:
            return dispatch(method, bucket, key, headers, body, query)
        before, events = Memory(bucket, key, query.get("uploadId", [""])[0]), list[Callable[[], None]]()
        token = _events.set(events)
        try:
            answer = dispatch(method, bucket, key, headers, body, query)
        except DiskFull as error:
            before.restore()
            refusal: Answer = s3._error(CODE, error.message, STATUS, f"/{bucket}/{key}")
            return refusal
        finally:
            _events.reset(token)
        for tell in events:
            tell()
        return answer

    return dispatched


def held_back(fire: Callable[..., None]) -> Callable[..., None]:
    """Return the emulator's way to tell of an object, which waits for the end of the request that made it."""

    @functools.wraps(fire)
    def later(*facts: Any, **more: Any) -> None:  # noqa: ANN401 - ministack's own
        events = _events.get()
        tell = functools.partial(fire, *facts, **more)
        if events is None:
            tell()
        else:
            events.append(tell)

    return later


class Memory:
    """What the emulator has in memory of an object, or of a whole bucket when no key is named, before a request."""

    def __init__(self, bucket: str, key: str, upload_id: str) -> None:
        """Keep it. Records are copied, their bytes are not."""
        self._bucket, self._upload_id = bucket, upload_id
        self._objects: dict[str, Record] = (s3._buckets.get(bucket) or {}).get("objects", {})
        known = [name for place, name in s3._object_versions if place == bucket] if not key else []
        self._keys = {*self._objects, *known} if not key else {key}
        self._records = {name: dict(self._objects[name]) for name in self._keys if name in self._objects}
        self._versions = {
            name: [dict(entry) for entry in entries]
            for name in self._keys
            if (entries := s3._object_versions.get((bucket, name))) is not None
        }
        self._upload = s3._multipart_uploads.get(upload_id)

    def restore(self) -> None:
        """Let it be as it was kept."""
        for name in self._keys:
            put_back(self._objects, name, self._records.get(name))
            put_back(s3._object_versions, (self._bucket, name), self._versions.get(name))
        if self._upload is not None:
            s3._multipart_uploads[self._upload_id] = self._upload


def put_back(table: Any, key: object, value: object) -> None:  # noqa: ANN401 - a dictionary, or ministack's like it
    """Let a table have that value; None is for a key that it didn't have."""
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
