"""The worker for hostile files: it makes real attempts, one after the other, on an emulated S3.

`python -m tests.security.worker CASES RESULTS` reads cases and writes results, each a JSON object a line. It runs as a
process of its own, so that all that it and its children do can be traced.
"""

import faulthandler
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import shared.worker.heartbeat
from shared.domain.attempt_record import AttemptRecord
from shared.domain.subtask import Lease, Subtask, SubtaskType
from shared.domain.task import Source, Task
from shared.errors import AttemptFailed
from shared.services import Services
from shared.worker.attempt import CLOSING_SECONDS, Attempt
from shared.worker.inputs import as_source
from tests.support.deployment import client, emulated, put
from tests.support.peak_memory import PeakMemory

SECRET = "canary-Q7zvKX2m-secret"  # noqa: S105 - what must be found nowhere
SECRET_NAMES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "REELMILL_TEST_SECRET")
MARK = "/reelmill-case/"  # Nothing is there; that it was asked for stands in the trace.
WALL_SECONDS = 10.0
WARM_UP_SECONDS = 120.0  # for an attempt at a good film, which must not fail because the machine is busy
# The sizes of a function take turns, so that each family of files meets each: a small one, the default, the largest.
SIZES = (1024, 3008, 10240)
MEMORY_FACTOR = 1.5  # times its size is the most that a function's processes may take together
HANGING_SECONDS = 60  # An attempt that takes so much longer than it may is ended, and all with it.
PLAYLISTS = (".m3u8", ".mpd")


@dataclass(frozen=True)
class Case:
    """One attempt: the number of the case, the file, as what it is handed in, and what is done with it."""

    no: int
    path: str
    key: str
    kind: str
    params: dict[str, Any]
    good_source: bool = False  # then the file is an asset that the parameters name


@dataclass
class Outcome:
    """How an attempt ended: its code ("SUCCESS" for a success), and all that it did not keep to."""

    no: int
    code: str
    seconds: float
    size: int = 0  # of the function, in megabytes
    megabytes: int = 0  # the most that the worker took, and the most that one of its children took
    message: str = ""
    escapes: list[str] = field(default_factory=list)


def main(cases: Path, results: Path) -> None:
    """Make the attempts."""
    shared.worker.heartbeat.FIRST_BEAT = 24 * 3600.0  # moto has no locks: no heart beats meanwhile
    good = Path(os.environ["REELMILL_GOOD_SOURCE"]).read_bytes()
    with emulated() as settings, results.open("w") as lines:
        changes = {"ai_provider": "local"}
        sized = [Services(settings.model_copy(update={**changes, "function_megabytes": size})) for size in SIZES]
        wanted = [Case(**json.loads(line)) for line in cases.read_text().splitlines()]
        warm_up(sized[-1], wanted, good)
        for case in wanted:
            faulthandler.dump_traceback_later(WALL_SECONDS + HANGING_SECONDS, exit=True)
            _touch(case.no)
            lines.write(json.dumps(asdict(attempted(sized[case.no % len(sized)], case, good))) + "\n")
            lines.flush()
        faulthandler.cancel_dump_traceback_later()
        _touch("end")


def warm_up(services: Services, cases: Iterable[Case], good: bytes) -> None:
    """Do with a good film what will be done with bad ones: models are loaded, and each operation is seen to work."""
    for case in {case.kind: case for case in cases if not case.good_source}.values():
        outcome = attempted(services, replace(case, good_source=True), good, WARM_UP_SECONDS)
        if (outcome.code, outcome.escapes) != ("SUCCESS", []):
            raise RuntimeError(outcome)


def _touch(what: object) -> None:
    """Leave a mark in the trace."""
    try:
        os.close(os.open(f"{MARK}{what}", os.O_RDONLY))
    except FileNotFoundError:
        return


def attempted(services: Services, case: Case, good: bytes, seconds: float = WALL_SECONDS) -> Outcome:
    """Make one attempt within these seconds, and look at what it left."""
    content = Path(case.path).read_bytes()
    source = put("good.mp4" if case.good_source else case.key, good if case.good_source else content)
    if case.good_source:
        put(case.key, content)
    started = time.monotonic()
    with PeakMemory() as peak:
        record, failure = attempt(services, case, source, seconds).run()
    outcome = Outcome(case.no, failure.code if failure else "SUCCESS", time.monotonic() - started)
    outcome.size, outcome.megabytes = services.settings.function_megabytes, peak.megabytes
    outcome.message = failure.message if failure else ""
    outcome.escapes += escapes(record, failure)
    if outcome.seconds > seconds + CLOSING_SECONDS:
        outcome.escapes.append(f"it took {outcome.seconds:.0f} s")
    if outcome.megabytes > MEMORY_FACTOR * outcome.size:
        outcome.escapes.append(f"it took {outcome.megabytes} MB of memory in a function of {outcome.size} MB")
    forget([source, *([put(case.key, b"")] if case.good_source else []), *map(as_source, record.outputs)])
    return outcome


def attempt(services: Services, case: Case, source: Source, seconds: float) -> Attempt:
    """Return an attempt at the one subtask of a task."""
    kind = SubtaskType(case.kind)
    an_hour = 3600 * 1000  # more than any attempt takes, so that its lease lasts
    subtask = Subtask(1, "hostile", kind, case.params, lease_until=services.now() + an_hour)
    task = Task(
        id=f"{case.no:026}",
        source=source,
        subtasks=(subtask,),
        created_at=services.now(),
        output_prefix="{inputDir}/{inputName}/",
    )
    return Attempt(services, task, Lease(task.id, 1, 1, task.tenant, attempt=1), seconds + CLOSING_SECONDS)


def escapes(record: AttemptRecord, failure: AttemptFailed | None) -> Iterator[str]:
    """Yield violations: untyped errors, files left on the disk, secrets, and addresses in playlists."""
    if type(failure) is AttemptFailed or (failure and failure.code == "InternalError.Unexpected"):
        yield f"no typed error: {failure.code}"
    if left := [path.name for path in Path(tempfile.gettempdir()).iterdir()]:
        yield f"left behind: {left}"
    if not failure and not record.outputs and record.result is None:
        yield "a success without anything"
    yield from said(record, failure)
    for output in record.outputs:
        content = client("s3").get_object(Bucket=output.bucket, Key=output.key)["Body"].read()
        if SECRET.encode() in content or b"root:x:0:0" in content:
            yield f"{output.key} contains a secret"
        if output.key.endswith(PLAYLISTS) and b"://canary" in content:
            yield f"{output.key} names an address that the source gave"


def said(record: AttemptRecord, failure: AttemptFailed | None) -> Iterator[str]:
    """Yield what must not stand in the record of an attempt, or in its error."""
    try:
        told = json.dumps(asdict(record), allow_nan=False, default=dict)
    except ValueError as error:
        yield f"the record is no JSON: {error}"
        return
    if SECRET in told or (failure and SECRET in failure.message):
        yield "the secret stands in the record"
    if "/reelmill-" in told:
        yield "a path of this machine stands in the record"


def forget(files: Iterable[Source]) -> None:
    """Delete what lies in the buckets, which are in memory."""
    for file in files:
        client("s3").delete_object(
            Bucket=file.bucket, Key=file.key, **({"VersionId": file.version_id} if file.version_id else {})
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
