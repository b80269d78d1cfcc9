"""One attempt at one subtask: see whether its rule is met, run its operation, store what it made."""

import hashlib
import shlex
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.domain.attempt_record import AttemptRecord, OutputFile, kept
from shared.domain.condition import met, parsed
from shared.domain.ids import base32
from shared.domain.orchestration import name_variables, output_key
from shared.domain.subtask import RULE_NOT_MET, Failure, Lease, Subtask
from shared.domain.task import STOP_FAILURES, Source, Task
from shared.domain.tenant import home, within
from shared.errors import (
    AttemptFailed,
    Interrupted,
    MediaRejected,
    OperationFailed,
    ParametersRejected,
    ServiceBusy,
    ServiceRefused,
    WorkerFailed,
)
from shared.media.ffmpeg import AttemptProgress, Ffmpeg, Limits
from shared.media.memory import function_bytes
from shared.operations import OPERATIONS
from shared.operations.operation import OperationContext, Produced
from shared.providers import find_provider
from shared.services import Services
from shared.telemetry import logger
from shared.worker.heartbeat import heartbeat
from shared.worker.inputs import AttemptFiles, check_disk
from shared.worker.workspace import workspace

# What ffmpeg may not use of a function's time: storing the outputs and ending the subtask need some.
CLOSING_SECONDS = 20

MESSAGE_LETTERS = 1000  # A task's item has the failures of up to 50 subtasks, and ends at 400 KB.
CHUNK = 1024**2  # bytes read at once
STARTING = AttemptProgress(0, "starting")


@dataclass
class Attempt:
    """A running attempt: the newest state seen of its task, and what it has made so far."""

    services: Services
    task: Task
    lease: Lease
    seconds_left: float
    outputs: list[OutputFile] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    result: Mapping[str, object] | None = None
    skipped: str | None = None
    ffmpeg: Ffmpeg | None = None
    progress: AttemptProgress = STARTING
    lost: bool = False
    lease_until: int = 0  # as the last beat that was heard of left it, in epoch milliseconds
    counted_at: int = 0  # up to when its time counts in the day's budget, in epoch milliseconds

    @property
    def subtask(self) -> Subtask:
        """The subtask that is attempted."""
        return self.task.subtasks[self.lease.no - 1]

    def run(self) -> tuple[AttemptRecord, AttemptFailed | None]:
        """Do the work; return its record, and what went wrong if something did."""
        started = self.counted_at = self.services.now()
        self.lease_until = self.subtask.lease_until
        trouble: AttemptFailed | None = None
        try:
            with workspace() as folder, heartbeat(self._beat):
                self.skipped = self._reason_to_skip()
                if not self.skipped:
                    self._work(folder)
        except AttemptFailed as error:
            trouble = error
        except ServiceBusy as error:
            trouble = Interrupted(error.message, code="InternalError.ServiceBusy")
        except ServiceRefused as error:
            trouble = OperationFailed(error.message, code="InternalError.ServiceRefused")
        except Exception:  # noqa: BLE001 - a fault of ours: the task must end, and the log must tell why
            logger().exception("attempt failed unexpectedly", task_id=self.lease.task_id, no=self.lease.no)
            trouble = WorkerFailed(
                "Reelmill itself failed here; the function's log has the details under the task's ID",
                code="InternalError.Unexpected",
            )
        self._count_time()
        record = AttemptRecord(
            started_at=started,
            ended_at=self.services.now(),
            outputs=() if trouble else tuple(self.outputs),
            result=self.result,
            warnings=tuple(self.warnings),
            failure=failure_of(trouble) if trouble else None,
            skipped=None if trouble else self.skipped,
            commands=kept([shlex.join(command) for command in self.ffmpeg.commands]) if self.ffmpeg else (),
            log_tail=self.ffmpeg.log_tail if self.ffmpeg else "",
            seconds={phase: round(seconds, 3) for phase, seconds in self.seconds.items()},
        )
        return record, trouble

    def _reason_to_skip(self) -> str | None:
        """Return why there is nothing to do: a rule that isn't met, or a predecessor that was skipped."""
        subtasks = {number: self.task.subtasks[number - 1] for number in self.subtask.needs}
        if any(predecessor.skipped for predecessor in subtasks.values()):
            return RULE_NOT_MET
        if not self.subtask.when:
            return None
        results = {s.name: self._result_of(s) for s in subtasks.values()}
        return None if met(parsed(self.subtask.when), results) else RULE_NOT_MET

    def _result_of(self, predecessor: Subtask) -> Mapping[str, object]:
        record = self.services.tasks.get_record(self.task.id, predecessor.record or "")
        return (record.result if record else None) or {}

    def _work(self, folder: Path) -> None:
        files = AttemptFiles(self.services, self.task, self.subtask, folder, lambda: self._timed("download"))
        made_by = self._made_by(files.place)
        room = check_disk(folder, files.place.size)
        limits = Limits(
            wall_seconds=max(1.0, self.seconds_left - CLOSING_SECONDS),
            output_bytes=room,
            memory_bytes=function_bytes(self.services.settings.function_megabytes),
        )
        products = folder / "out"
        products.mkdir()
        self.ffmpeg = Ffmpeg(limits, products, self._advance)
        context = OperationContext(
            files=files,
            folder=products,
            ffmpeg=self.ffmpeg,
            provider=lambda name: find_provider(name or self.services.settings.ai_provider),
            report=self._advance,
            job=f"{self.task.id}-{self.lease.run}-{self.lease.no}",
        )
        operation = OPERATIONS[self.subtask.type]
        with self._timed("operation"):
            made = operation.done(self.subtask.params, context)
        self.result = made.result.model_dump(mode="json", by_alias=True) if made.result else None
        self.warnings.extend(made.warnings)
        with self._timed("upload"):
            for product in made.files:
                self._store(product, made_by)

    def _made_by(self, place: Source) -> tuple[str, ...]:
        """Return which orchestrations the outputs go through; raise MediaRejected when it would be one once more."""
        before, orchestration = self.services.objects.made_by(place), self.task.orchestration
        if orchestration is None or place != self.task.source:  # what a predecessor made has it all
            return before
        own = f"{self.task.tenant}/{orchestration.name}"
        if own in before:
            message = (
                f"this file is a copy of what the orchestration {orchestration.name} made itself, and would come round "
                "again and again; let what copies its outputs put them under a prefix that no trigger takes"
            )
            raise MediaRejected(message, code="SourceFileError.OwnOutput")
        return (*before, own)

    def _store(self, product: Produced, made_by: Sequence[str]) -> None:
        self._advance(self.progress)
        key = self._key(product)
        output = OutputFile(
            bucket=self.services.settings.need("output_bucket"),
            key=key,
            size=product.path.stat().st_size,
            content_type=product.content_type,
            number=product.number,
            facts=dict(product.facts),
            crc32=checksum(product.path),  # a zip of several files needs it before their content
        )
        self.services.objects.upload(product.path, output, made_by)
        self.outputs.append(output)

    def _key(self, product: Produced) -> str:
        """Return the key of an output: the name that its user chose, in a folder that no other attempt writes to."""
        subtask = self.subtask
        variables = {
            **name_variables(within(self.task.tenant, self.task.source.key)),
            "taskId": self.task.id,
            "run": str(self.lease.run),
            "subtask": subtask.name,
            "template": subtask.template or "",
            "format": product.path.suffix.removeprefix("."),
            "width": str(product.facts.get("width", "")),
            "height": str(product.facts.get("height", "")),
        }
        folder = attempt_token(self.lease)
        prefix = home(self.task.tenant) + self.task.output_prefix
        if product.path_name:
            folder = f"{folder}/{product.path_name}".rpartition("/")[0]
            key = output_key(prefix, folder, product.path.name, variables, None)
        else:
            key = output_key(prefix, folder, subtask.file_name, variables, product.number)
        if self.services.owner_of(key) != self.task.tenant:
            message = f"the output would be {key}, in the folder of another tenant: choose another prefix"
            raise ParametersRejected(message, code="ParameterError.OutputName")
        return key

    def _beat(self) -> bool:
        """Renew the lease and show progress; return False once this attempt no longer holds its subtask."""
        lease_until = self.services.now() + self.services.settings.lease_seconds * 1000
        seen = self.services.tasks.renew(self.lease, lease_until, self.progress.percent, self.progress.phase)
        if seen is None:
            self.lost = True
            return False
        self.task, self.lease_until = seen, lease_until
        self._count_time()
        return True

    def _count_time(self) -> None:
        """Count in the day's budget the time since the last counting; a worker that dies leaves little uncounted."""
        if not self.services.settings.daily_compute_seconds:
            return
        now = self.services.now()
        try:
            self.services.budget.add_compute(now, now - self.counted_at)
        except ServiceBusy as error:
            logger().warning("time not counted yet", task_id=self.lease.task_id, no=self.lease.no, reason=error.message)
            return
        self.counted_at = now

    def _advance(self, progress: AttemptProgress) -> None:
        """Note progress; raise Interrupted once the lease is lost, or was not renewed in time."""
        self.progress = progress
        # Some beats may fail, since the lease outlasts many. Once it is over, another attempt may have begun.
        if not self.lost and self.services.now() <= self.lease_until:
            return
        newest = self.services.tasks.get(self.lease.task_id)
        failure = newest.subtasks[self.lease.no - 1].failure if newest and newest.run == self.lease.run else None
        if failure and failure in STOP_FAILURES.values():
            raise Interrupted(failure.message, code=failure.code)
        if newest and newest.has_lease(self.lease):
            message = f"the lease on this subtask was not renewed for {self.services.settings.lease_seconds} s"
        else:
            message = "another attempt has taken this subtask over"
        raise Interrupted(message, code="InternalError.LeaseLost")

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        """Note how long something takes, without what is noted meanwhile under another name."""
        outer, self.progress = self.progress, AttemptProgress(self.progress.percent, phase)
        noted, started = sum(self.seconds.values()), time.monotonic()
        try:
            yield
        finally:
            inner = sum(self.seconds.values()) - noted
            self.seconds[phase] = self.seconds.get(phase, 0) + time.monotonic() - started - inner
            self.progress = AttemptProgress(self.progress.percent, outer.phase)


def failure_of(trouble: AttemptFailed) -> Failure:
    """Return what is noted of an error."""
    return Failure(trouble.code, trouble.message[:MESSAGE_LETTERS])


def checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    found = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found = zlib.crc32(chunk, found)
    return found


def attempt_token(lease: Lease) -> str:
    """Return the folder name of an attempt: 50 bits of a hash, so that no other attempt writes there."""
    digest = hashlib.sha256(f"{lease.task_id}/{lease.record}".encode()).digest()
    return base32(int.from_bytes(digest[:8]), 10).lower()
