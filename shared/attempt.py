"""One attempt at one subtask: fetch its input, run its operation, store what it made."""

import hashlib
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import AttemptFailed, Interrupted, LimitExceeded, ParametersRejected, ServiceBusy, WorkerFailed
from shared.ffmpeg import Ffmpeg, Limits, Progress
from shared.heartbeat import heartbeat
from shared.operations import OPERATIONS
from shared.operations.operation import Produced, Workbench, Yield
from shared.orchestration import format_of, name_variables, output_key
from shared.probe import probe
from shared.services import Services
from shared.sortable_id import base32
from shared.task import STOPPED_BY, AttemptRecord, Failure, Hold, OutputFile, Source, Subtask, Task
from shared.telemetry import logger

# What ffmpeg may not use of a function's time: storing the outputs and ending the subtask need some.
CLOSING_SECONDS = 20
# Beside the source, its outputs may take as much again before the disk is called too small.
DISK_FACTOR = 2

STARTING = Progress(0, "starting")


@dataclass
class Attempt:
    """A running attempt: the newest state seen of its task, and what it has made so far."""

    services: Services
    task: Task
    hold: Hold
    seconds_left: float
    outputs: list[OutputFile] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    result: Mapping[str, object] | None = None
    ffmpeg: Ffmpeg | None = None
    progress: Progress = STARTING
    lost: bool = False

    @property
    def subtask(self) -> Subtask:
        """The subtask that is attempted."""
        return self.task.subtasks[self.hold.no - 1]

    def run(self) -> tuple[AttemptRecord, AttemptFailed | None]:
        """Do the work; return its record, and what went wrong if something did."""
        started = self.services.now()
        trouble: AttemptFailed | None = None
        try:
            with workspace() as folder, heartbeat(self._beat):
                self._work(folder)
        except AttemptFailed as error:
            trouble = error
        except ServiceBusy as error:
            trouble = Interrupted(error.message, code="InternalError.ServiceBusy")
        except Exception:  # noqa: BLE001 - a fault of ours: the task must end, and the log must tell why
            logger().exception("attempt failed unexpectedly", task_id=self.hold.task_id, no=self.hold.no)
            trouble = WorkerFailed(
                "Reelmill itself failed here; the function's log has the details under the task's ID",
                code="InternalError.Unexpected",
            )
        record = AttemptRecord(
            started_at=started,
            ended_at=self.services.now(),
            outputs=() if trouble else tuple(self.outputs),
            result=self.result,
            warnings=tuple(self.warnings),
            failure=Failure(trouble.code, trouble.message) if trouble else None,
            commands=tuple(shlex.join(command) for command in self.ffmpeg.commands) if self.ffmpeg else (),
            log_tail=self.ffmpeg.log_tail if self.ffmpeg else "",
            seconds={phase: round(seconds, 3) for phase, seconds in self.seconds.items()},
        )
        return record, trouble

    def _work(self, folder: Path) -> None:
        source = self._input()
        room = check_disk(folder, source.size)
        local = folder / local_name(source.key)
        with self._timed("download"):
            self.services.media.download(source, local)
        limits = Limits(wall_seconds=max(1.0, self.seconds_left - CLOSING_SECONDS), output_bytes=room)
        products = folder / "out"
        products.mkdir()
        self.ffmpeg = Ffmpeg(limits, products, self._advance)
        with self._timed("operation"):
            media = probe(local, self.task.source.key.rsplit("/", 1)[-1])
            made = self._operate(Workbench(local, media, products, self.ffmpeg))
        self.result = made.result
        self.warnings.extend(made.warnings)
        with self._timed("upload"):
            for product in made.files:
                self._store(product)

    def _operate(self, workbench: Workbench) -> Yield:
        operation = OPERATIONS[self.subtask.type]
        return operation.run(operation.params.model_validate(self.subtask.params), workbench)

    def _input(self) -> Source:
        """Return what the subtask reads: the task's source, or the first output of a predecessor."""
        predecessor = self.task.subtask(self.subtask.input) if self.subtask.input else None
        if predecessor is None:
            return self.task.source
        record = self.services.tasks.get_record(self.task.id, predecessor.record or "")
        if record is None or not record.outputs:
            message = f"subtask {predecessor.no} ({predecessor.name}) left no file to read"
            raise ParametersRejected(message, code="ParameterError.NoInput")
        first = record.outputs[0]
        return Source(first.bucket, first.key, first.size, e_tag="")

    def _store(self, product: Produced) -> None:
        self._advance(self.progress)
        key = self._key(product)
        output = OutputFile(
            bucket=self.services.settings.need("output_bucket"),
            key=key,
            size=product.path.stat().st_size,
            content_type=product.content_type,
            number=product.number,
            facts=dict(product.facts),
        )
        self.services.media.upload(product.path, output)
        self.outputs.append(output)

    def _key(self, product: Produced) -> str:
        """Return the key of an output: the name that its user chose, in a folder that no other attempt writes to."""
        subtask = self.subtask
        variables = {
            **name_variables(self.task.source.key),
            "taskId": self.task.id,
            "run": str(self.hold.run),
            "subtask": subtask.name,
            "template": subtask.template or "",
            "format": product.path.suffix.removeprefix("."),
            "width": str(product.facts.get("width", "")),
            "height": str(product.facts.get("height", "")),
        }
        folder = attempt_token(self.hold)
        return output_key(self.task.output_prefix, folder, subtask.file_name, variables, product.number)

    def _beat(self) -> bool:
        """Renew the lease and show progress; return False once this attempt no longer holds its subtask."""
        lease_until = self.services.now() + self.services.settings.lease_seconds * 1000
        try:
            seen = self.services.tasks.beat(self.hold, lease_until, self.progress.percent, self.progress.phase)
        except ServiceBusy:
            return True  # The lease outlasts many beats.
        if seen is None:
            self.lost = True
            return False
        self.task = seen
        return True

    def _advance(self, progress: Progress) -> None:
        """Note progress; raise Interrupted once the heartbeat has found the subtask gone."""
        self.progress = progress
        if not self.lost:
            return
        newest = self.services.tasks.get(self.hold.task_id)
        failure = newest.subtasks[self.hold.no - 1].failure if newest and newest.run == self.hold.run else None
        if failure and failure in STOPPED_BY.values():
            raise Interrupted(failure.message, code=failure.code)
        message = "another attempt has taken this subtask over"
        raise Interrupted(message, code="InternalError.LeaseLost")

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        self.progress = Progress(self.progress.percent, phase)
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[phase] = time.monotonic() - started


@contextmanager
def workspace() -> Iterator[Path]:
    """Lend an empty folder on the function's disk; what an attempt that was killed left there goes first."""
    folder = Path(tempfile.gettempdir()) / f"reelmill-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_disk(folder: Path, size: int) -> int:
    """Return how many bytes outputs may take beside a source of `size` bytes; raise LimitExceeded when it's too few."""
    free = shutil.disk_usage(folder).free
    if free < size * DISK_FACTOR:
        message = (
            f"the source takes {size / 1e9:.1f} GB and its outputs may take as much, but this function has "
            f"{free / 1e9:.1f} GB of disk; deploy with a larger WorkerDisk"
        )
        raise LimitExceeded(message, code="LimitError.Disk")
    return free - size


def local_name(key: str) -> str:
    """Return the name of the source on the function's disk: nothing of the stranger's but a plain ending."""
    ending = format_of(key)
    return f"source.{ending}" if ending.isascii() and ending.isalnum() else "source"


def attempt_token(hold: Hold) -> str:
    """Return the folder name of an attempt: 50 bits of a hash, so that no other attempt writes there."""
    digest = hashlib.sha256(f"{hold.task_id}/{hold.record}".encode()).digest()
    return base32(int.from_bytes(digest[:8]), 10).lower()
