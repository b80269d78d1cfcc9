"""S3's objects on the disk: a request is answered once its files are written, or it is refused and changes nothing.

An object is a file of its bytes and, next to it, a file of its ETag, versions and tags; older versions are files as
well. The emulator writes these files last, ignores errors, and reports an upload before it is on the disk.
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
from infra.local.emulator_patches import Wrappers
from infra.local.errors import DiskFull

# ruff: noqa: SLF001 - emulator_patches checks each of these names

Record = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
CHANGING = frozenset({"PUT", "POST", "DELETE"})
SIDECAR = ".meta.json"
UNFINISHED = ".tmp"  # files that orphans.delete_partial_files deletes
PRIVATE = 0o600

_events: ContextVar[list[Callable[[], None]] | None] = ContextVar("_events", default=None)


class ObjectFiles:
    """Writes objects to the disk in place of the emulator, and raises DiskFull if that fails."""

    def __init__(self, space: DiskSpace) -> None:
        """Take the disk."""
        self._space = space

    def wrappers(self) -> Wrappers:
        """Return what replaces the emulator's writes; install it after everything else that follows its events."""
        return {
            "s3._persist_object": lambda _: self.persist,
            "s3._persist_delete_marker": lambda _: self.persist_delete_marker,
            "s3._persist_displaced_version": lambda _: self.persist_displaced_version,
            "s3._dispatch": answer_when_stored,
            "s3._fire_s3_event_async": defer_events,
        }

    def persist(self, bucket: str, key: str, record: Record) -> None:
        """Write an object and its description, both or neither; raise DiskFull."""
        path = Path(s3._object_disk_path(bucket, key))
        body = record.get("body")  # without a body the existing file stays
        with self._space.writing(), fresh_files() as files:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if body is not None and not link_version(version_file(bucket, key, record), path, files, len(body)):
                self._space.require(len(body), FOR_OBJECTS)
                files.append(write_fresh(path, body))
            facts = {**s3._object_meta_from_record(record), **s3._key_history_meta(bucket, key), "key": key}
            files.append(write_fresh(sidecar(path), json.dumps(facts).encode()))
        record["body"] = None
        s3._remove_key_files(s3._other_key_disk_path(bucket_folder(bucket), key, str(path)))

    def persist_delete_marker(self, bucket: str, key: str, marker: Record) -> None:
        """Write that an object is deleted; raise DiskFull. It may use the last space, since deletions free space."""
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
            files.append(write_fresh(sidecar(path), json.dumps(facts).encode()))

    def persist_displaced_version(self, bucket: str, key: str, record: Record | None, versioning: str) -> None:
        """Keep the file of an object that is about to be overwritten, under a second name; raise DiskFull."""
        if versioning == "Suspended":
            s3._delete_version_file(bucket, key, "null")
        version = (record or {}).get("version_id") or "null"
        if record is None or (versioning == "Suspended" and version == "null"):
            return
        older, current = Path(s3._version_disk_path(bucket, key, version)), Path(s3._object_disk_path(bucket, key))
        with self._space.writing():
            older.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            older.unlink(missing_ok=True)
            with suppress(FileNotFoundError):  # of an object whose file was deleted by hand
                os.link(current, older)  # files are replaced, never written into


def version_file(bucket: str, key: str, record: Record) -> Path | None:
    """Return the file of a version that was overwritten once, None if it has none."""
    version = record.get("version_id")
    path = s3._version_disk_path(bucket, key, version) if version else None
    return Path(path) if path else None


def link_version(older: Path | None, path: Path, files: list[tuple[Path, Path]], size: int) -> bool:
    """Give the file of a version that becomes current again a second name; return False if it has no file."""
    if older is None or not older.is_file() or older.stat().st_size != size:
        return False
    fresh = path.with_name(path.name + UNFINISHED)
    fresh.unlink(missing_ok=True)
    os.link(older, fresh)
    files.append((fresh, path))
    return True


def write_fresh(path: Path, content: bytes) -> tuple[Path, Path]:
    """Write a file that will replace `path`, and return both; raise OSError."""
    fresh = path.with_name(path.name + UNFINISHED)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as file:
            file.write(content)
        check_size(fresh, len(content))
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return fresh, path


def check_size(path: Path, size: int) -> None:
    """Raise OSError unless a file that was written has this size."""
    if path.stat().st_size != size:
        raise OSError(errno.EIO, "the file is shorter than what was written", str(path))


@contextmanager
def fresh_files() -> Iterator[list[tuple[Path, Path]]]:
    """Lend a list for fresh files. They replace the existing files once all are written, or are deleted on an error."""
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
    """Return the file with an object's description."""
    return path.with_name(path.name + SIDECAR)


def bucket_folder(bucket: str) -> str:
    """Return the folder of a bucket's objects."""
    return os.path.join(s3.DATA_DIR, s3.get_account_id(), bucket)  # noqa: PTH118 - ministack takes strings


def answer_when_stored(dispatch: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return the emulator's dispatch of requests, which then refuses a request that the disk refuses.

    The events of an object are sent only after it is on the disk.
    """

    @functools.wraps(dispatch)
    def dispatch_or_refuse(  # noqa: PLR0913, PLR0917 - the parts of a request
        method: str, bucket: str, key: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Sequence[str]]
    ) -> Answer:
        if method not in CHANGING:
            return dispatch(method, bucket, key, headers, body, query)
        before, events = ObjectBackup(bucket, key, query.get("uploadId", [""])[0]), list[Callable[[], None]]()
        token = _events.set(events)
        try:
            answer = dispatch(method, bucket, key, headers, body, query)
        except DiskFull as error:
            before.restore()
            refusal: Answer = s3._error(CODE, error.message, STATUS, f"/{bucket}/{key}")
            return refusal
        finally:
            _events.reset(token)
        release_bytes(bucket, key)
        for fire in events:
            fire()
        return answer

    return dispatch_or_refuse


def release_bytes(bucket: str, key: str) -> None:
    """Drop from memory the bytes of an object's versions that are on the disk, where the emulator then reads them.

    It drops only those of a record. Its index of versions would keep every upload in memory until it is deleted.
    """
    current = (s3._buckets.get(bucket) or {}).get("objects", {}).get(key)
    for entry in s3._object_versions.get((bucket, key)) or ():
        if entry.get("data") is None:
            continue
        version = entry["version_id"]
        is_current = current is not None and (current.get("version_id") or "null") == version
        paths = [
            s3._version_disk_path(bucket, key, version),
            *([s3._object_disk_path(bucket, key)] if is_current else []),
        ]
        if any(path and Path(path).is_file() and Path(path).stat().st_size == entry["size"] for path in paths):
            entry["data"] = None


def defer_events(fire: Callable[..., None]) -> Callable[..., None]:
    """Return the emulator's way to send an event, which then waits for the end of the request that caused it."""

    @functools.wraps(fire)
    def fire_later(*facts: Any, **more: Any) -> None:  # noqa: ANN401 - ministack's own
        events = _events.get()
        fire_now = functools.partial(fire, *facts, **more)
        if events is None:
            fire_now()
        else:
            events.append(fire_now)

    return fire_later


class ObjectBackup:
    """What the emulator's memory has about an object, or about a whole bucket without a key, before a request."""

    def __init__(self, bucket: str, key: str, upload_id: str) -> None:
        """Copy the records, but not their bytes."""
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
        """Put everything back."""
        for name in self._keys:
            restore_entry(self._objects, name, self._records.get(name))
            restore_entry(s3._object_versions, (self._bucket, name), self._versions.get(name))
        if self._upload is not None:
            s3._multipart_uploads[self._upload_id] = self._upload


def restore_entry(table: Any, key: object, value: object) -> None:  # noqa: ANN401 - a dictionary, or ministack's like it
    """Put a value back into a table; None is for a key that the table did not have."""
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
