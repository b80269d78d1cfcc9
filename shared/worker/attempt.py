"""One attempt at one subtask: check its condition, run its operation, upload the outputs."""

import hashlib
import shlex
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from shared.domain.attempt_record import AttemptRecord, OutputFile, shorten_commands
from shared.domain.ids import base32
from shared.domain.output_names import name_variables, output_key
from shared.domain.subtask import CONDITION_NOT_MET, Lease, Subtask
from shared.domain.task import STOP_FAILURES, Source, Task
from shared.domain.tenant import key_in_tenant, tenant_prefix
from shared.errors import (
    AttemptFailed,
    Interrupted,
    LimitExceeded,
    MediaRejected,
    NewerVersion,
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
from shared.worker.inputs import AttemptFiles, room_for_outputs
from shared.worker.overload import blame_machine_if_overloaded, cpu_seconds
from shared.worker.results import Admitted, AttemptResult, failure_of
from shared.worker.retries import final_failure, retry_after
from shared.worker.workspace import workspace

# The part of a function's time that ffmpeg may not use: to upload the outputs and to conclude takes time, too.
CLOSING_SECONDS = 20

RENEW_AFTER = 1 / 3  # of the lease: two thirds are left to try again if DynamoDB does not answer

CHUNK = 1024**2  # bytes read at once
STARTING = AttemptProgress(0, "starting")


def perform(services: Services, admitted: Admitted, seconds_left: float) -> AttemptResult:
    """Make the attempt; return what it came to. `seconds_left` is the time that this function still has."""
    attempt = Attempt(services, admitted.task, admitted.lease, seconds_left)
    record, error = attempt.run()
    retry = None
    if error:
        now, claimed = services.now(), admitted.subtask
        retry = retry_after(error, claimed, services.settings.max_attempts, now)
        record = replace(record, failure=failure_of(error) if retry else final_failure(error, claimed, now))
    return AttemptResult(attempt.task, record, tuple(attempt.outputs), retry)


@dataclass
class Attempt:
    """A running attempt: the newest state of its task that it has seen, and what it has made so far."""

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
    lease_until: int = 0  # as set by the last successful heartbeat, in epoch milliseconds
    counted_at: int = 0  # its time up to then is counted in the day's budget, in epoch milliseconds
    uncounted: tuple[int, str] | None = None  # the end and the token of a time whose count DynamoDB has not confirmed

    @property
    def subtask(self) -> Subtask:
        """The subtask of the attempt."""
        return self.task.subtasks[self.lease.no - 1]

    def run(self) -> tuple[AttemptRecord, AttemptFailed | None]:
        """Do the work; return its record, and the error if it failed. No other exception leaves this method."""
        started = self.counted_at = self.services.now()
        self.lease_until = self.subtask.lease_until
        failed: AttemptFailed | None = None
        cpu = cpu_seconds()
        try:
            with workspace() as folder, heartbeat(self._beat):
                self.skipped = self._reason_to_skip()
                if not self.skipped:
                    self._work(folder)
        except LimitExceeded as error:
            failed = blame_machine_if_overloaded(error, cpu_seconds() - cpu, self.seconds.get("operation", 0))
        except AttemptFailed as error:
            failed = error
        except ServiceBusy as error:
            failed = Interrupted(error.message, code="InternalError.ServiceBusy")
        except NewerVersion as error:
            failed = Interrupted(error.message, code="InternalError.NewerVersion")
        except ServiceRefused as error:
            failed = OperationFailed(error.message, code="InternalError.ServiceRefused")
        except Exception:  # noqa: BLE001 - a bug in Reelmill: the task must end, and the log must say why
            logger().exception("attempt failed unexpectedly", task_id=self.lease.task_id, no=self.lease.no)
            failed = WorkerFailed(
                "internal error: the log of the function RunSubtask has the details under the task's ID",
                code="InternalError.Unexpected",
            )
        self._count_time()
        record = AttemptRecord(
            started_at=started,
            ended_at=self.services.now(),
            outputs=() if failed else tuple(self.outputs),
            result=self.result,
            warnings=tuple(self.warnings),
            skipped=None if failed else self.skipped,
            commands=shorten_commands([shlex.join(command) for command in self.ffmpeg.commands]) if self.ffmpeg else (),
            log_tail=self.ffmpeg.log_tail if self.ffmpeg else "",
            seconds={phase: round(seconds, 3) for phase, seconds in self.seconds.items()},
        )
        return record, failed

    def _reason_to_skip(self) -> str | None:
        """Return why there is nothing to do: its condition isn't met, or a predecessor was skipped."""
        subtasks = {number: self.task.subtasks[number - 1] for number in self.subtask.needs}
        if any(predecessor.skipped for predecessor in subtasks.values()):
            return CONDITION_NOT_MET
        if not self.subtask.when:
            return None
        from shared.domain.condition import is_met, parse_condition  # noqa: PLC0415 - few subtasks have a condition

        results = {s.name: self._result_of(s) for s in subtasks.values()}
        return None if is_met(parse_condition(self.subtask.when), results) else CONDITION_NOT_MET

    def _result_of(self, predecessor: Subtask) -> Mapping[str, object]:
        record = self.services.tasks.get_record(self.task.id, predecessor.record or "")
        return (record.result if record else None) or {}

    def _work(self, folder: Path) -> None:
        files = AttemptFiles(self.services, self.task, self.subtask, folder, lambda: self._timed("download"))
        made_by = self._made_by(files.input_object)
        limits = Limits(
            wall_seconds=max(1.0, self.seconds_left - CLOSING_SECONDS),
            output_bytes=room_for_outputs(folder, files.input_object.size),
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

    def _made_by(self, source: Source) -> tuple[str, ...]:
        """Return the orchestrations that made the outputs; raise MediaRejected if one of them would come twice."""
        before, orchestration = self.services.objects.made_by(source), self.task.orchestration
        if orchestration is None or source != self.task.source:  # the output of a predecessor already has them all
            return before
        own = f"{self.task.tenant}/{orchestration.name}"
        if own in before:
            message = (
                f"this file is a copy of an output of the orchestration {orchestration.name}, which would process its "
                "own outputs in a loop; copy them to a prefix that no trigger matches"
            )
            raise MediaRejected(message, code="SourceFileError.OwnOutput")
        return (*before, own)

    def _store(self, product: Produced, made_by: Sequence[str]) -> None:
        self._advance(self.progress)
        key = self._key(product)
        output = OutputFile(
            bucket=self.services.settings.require("output_bucket"),
            key=key,
            size=product.path.stat().st_size,
            content_type=product.content_type,
            number=product.number,
            facts=dict(product.facts),
            crc32=checksum_of_file(product.path),  # a zip of several files needs it before their content
        )
        self.services.objects.upload(product.path, output, made_by)
        self.outputs.append(output)

    def _key(self, product: Produced) -> str:
        """Return the key of an output: the file name that the user chose, in a folder of this attempt only."""
        subtask = self.subtask
        variables = {
            **name_variables(key_in_tenant(self.task.tenant, self.task.source.key)),
            "taskId": self.task.id,
            "run": str(self.lease.run),
            "subtask": subtask.name,
            "template": subtask.template or "",
            "format": product.path.suffix.removeprefix("."),
            "width": str(product.facts.get("width", "")),
            "height": str(product.facts.get("height", "")),
        }
        folder = attempt_token(self.lease)
        prefix = tenant_prefix(self.task.tenant) + self.task.output_prefix
        if product.path_name:
            folder = f"{folder}/{product.path_name}".rpartition("/")[0]
            key = output_key(prefix, folder, product.path.name, variables, None)
        else:
            key = output_key(prefix, folder, subtask.file_name, variables, product.number)
        if self.services.tenant_of(key) != self.task.tenant:
            message = f"the output {key} would be in the folder of another tenant; choose another output prefix"
            raise ParametersRejected(message, code="ParameterError.OutputName")
        return key

    def _beat(self) -> bool:
        """Keep the lease and report progress; return False once this attempt no longer owns its subtask."""
        now, tasks = self.services.now(), self.services.tasks
        lease_ms = self.services.settings.lease_seconds * 1000
        lease_until = self.lease_until
        if lease_until - now > lease_ms * (1 - RENEW_AFTER):
            seen = tasks.get(self.lease.task_id)
        else:  # A write costs more than a reading, and up to 200 times as much if the task is large.
            lease_until = now + lease_ms
            seen = tasks.renew(self.lease, lease_until)
        if seen is None or not seen.has_lease(self.lease):
            self.lost = True
            return False
        self.task, self.lease_until = seen, lease_until
        self.services.progress.put(self.lease, self.progress.percent, self.progress.phase)
        self._count_time()
        return True

    def _count_time(self) -> None:
        """Count the time since the last call in the day's budget. If the worker dies, little stays uncounted."""
        if not self.services.settings.daily_compute_seconds:
            return
        now = self.services.now()
        while self.counted_at < now:
            until, token = self.uncounted or (now, uuid4().hex)
            self.uncounted = until, token
            try:
                self.services.budget.add_compute(until, until - self.counted_at, token)
            except ServiceBusy as error:  # it may have been counted: the same request comes again
                logger().warning(
                    "time not counted yet", task_id=self.lease.task_id, no=self.lease.no, reason=error.message
                )
                return
            self.counted_at, self.uncounted = until, None

    def _advance(self, progress: AttemptProgress) -> None:
        """Set the progress; raise Interrupted if the lease is lost, or was not renewed in time."""
        self.progress = progress
        # A few heartbeats may fail, since the lease is longer. Once it has expired, another attempt may have begun.
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
        """Add the duration of the block to a phase, without the time of phases inside it."""
        outer, self.progress = self.progress, AttemptProgress(self.progress.percent, phase)
        before, started = sum(self.seconds.values()), time.monotonic()
        try:
            yield
        finally:
            inner = sum(self.seconds.values()) - before
            self.seconds[phase] = self.seconds.get(phase, 0) + time.monotonic() - started - inner
            self.progress = AttemptProgress(self.progress.percent, outer.phase)


def checksum_of_file(path: Path) -> int:
    """Return the CRC-32 of a file."""
    found = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found = zlib.crc32(chunk, found)
    return found


def attempt_token(lease: Lease) -> str:
    """Return the name of an attempt's output folder: 50 bits of a hash, so that no other attempt has the same."""
    digest = hashlib.sha256(f"{lease.task_id}/{lease.record}".encode()).digest()
    return base32(int.from_bytes(digest[:8]), 10).lower()
