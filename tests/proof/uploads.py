"""A bucket that is written to, and its events: late, twice, in any order, and with processes that die."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from unittest.mock import patch
from urllib.parse import quote_plus

from functions.on_upload.handler import handler
from shared.domain.matching import match_upload
from shared.domain.task import Task
from shared.domain.upload import Upload, UploadDecision
from shared.stores.decision_store import DecisionFilter
from shared.stores.task_codec import TASK, TaskItem
from shared.use_cases.backfill import BackfillScope, process_listed_object
from shared.use_cases.catalog import read_catalog
from shared.use_cases.planning import Planner
from tests.proof.interleavings import SETTINGS
from tests.support.deployment import BEGINNING, ClockedServices
from tests.support.functions import Context, an_event
from tests.support.in_memory_table import Answer, InMemoryTables, Request
from tests.support.outages import Crash

Form = Literal["notification", "EventBridge", "failed notification", "failed EventBridge"]
FORMS: tuple[Form, ...] = ("notification", "EventBridge", "failed notification", "failed EventBridge")
# By key, which orchestrations take it: `web-video` takes all media under uploads/, `covers` only Matroska.
TAKERS = {
    "uploads/a b+ü%.mp4": {"web-video"},
    "uploads/b.mkv": {"covers", "web-video"},
    "uploads/c.txt": set(),
    "elsewhere/d.mp4": set(),
}


@dataclass(frozen=True)
class Write:
    """A write of a key; the same `content` has the same ETag and size, and that of nothing has none."""

    key: str
    content: int
    at: int
    sequencer: str
    version_id: str | None

    @property
    def e_tag(self) -> str:
        """The ETag of the content."""
        return f"content {self.content}"

    @property
    def takers(self) -> set[str]:
        """The orchestrations that are to make a task of it."""
        return TAKERS[self.key] if self.content else set()


@dataclass(frozen=True)
class Moment:
    """One call to AWS of a process, before AWS has done it or after."""

    call: int
    done: bool


def told(write: Write, form: Form) -> dict[str, Any]:
    """Return the event that reports a write."""
    if form.startswith("failed"):
        inner: Form = "notification" if form.endswith("notification") else "EventBridge"
        event = an_event("failed-upload")
        body = json.loads(event["Records"][0]["body"]) | {"requestPayload": told(write, inner)}
        event["Records"][0]["body"] = json.dumps(body)
        return event
    time = datetime.fromtimestamp(write.at / 1000, UTC)
    if form == "EventBridge":  # whose times are whole seconds, and whose keys are plain
        event = an_event("eventbridge-object-created")
        event["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ")
        thing = {"key": write.key, "size": write.content, "etag": write.e_tag, "sequencer": write.sequencer}
        event["detail"]["object"] = thing | ({"version-id": write.version_id} if write.version_id else {})
        return event
    event = an_event("s3-put")
    (record,) = event["Records"]
    record["eventTime"] = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    thing = {"key": quote_plus(write.key, safe="/"), "size": write.content, "eTag": write.e_tag}
    version = {"versionId": write.version_id} if write.version_id else {}
    record["s3"]["object"] = thing | {"sequencer": write.sequencer} | version
    return event


@contextmanager
def at_call(
    in_memory_tables: InMemoryTables, moment: Moment | None, action: Callable[[], object]
) -> Iterator[list[str]]:
    """Let something happen at one call to AWS of what is done in between; lend the names of all of them."""
    calls: list[str] = []
    serve = in_memory_tables.answer

    def answer(operation: str, request: Request) -> Answer:
        calls.append(operation)
        come = moment is not None and len(calls) == moment.call + 1
        if come and moment and not moment.done:
            action()
        try:
            return serve(operation, request)
        finally:
            if come and moment and moment.done:
                action()

    with patch.object(in_memory_tables, "answer", answer):
        yield calls


def die() -> None:
    """Be killed."""
    raise Crash


class Stage(ClockedServices):
    """The services on the in-memory table, for many buckets one after the other: clients are dear to make."""

    def __init__(self, in_memory_tables: InMemoryTables) -> None:
        """Stand on those tables."""
        super().__init__(SETTINGS)
        self.in_memory_tables = in_memory_tables


@dataclass
class Bucket:
    """What was written, what the functions said to each event, and how to see what came of it."""

    services: Stage
    versioned: bool
    writes: list[Write] = field(default_factory=list)
    answers: dict[int, list[list[dict[str, Any]]]] = field(default_factory=dict)

    def write(self, key: str, content: int, later: int, zeros: int) -> None:
        """Put an object, some milliseconds later than the one before; S3 ends its sequencer with any zeros."""
        number = len(self.writes) + 1
        self.services.time += later
        self.writes.append(
            Write(
                key=key,
                content=content,
                at=self.services.time,
                sequencer=f"{0x5500000000 + number * 0x10:X}".rstrip("0") + "0" * zeros,
                version_id=f"version {number}" if self.versioned else None,
            )
        )

    def deliver(self, number: int, form: Form, death: Moment | None = None) -> bool:
        """Bring an event of a write; False when OnUpload died of it."""
        with suppress(Crash), at_call(self.services.in_memory_tables, death, die):
            answer = handler(told(self.writes[number], form), Context())
            self.answers.setdefault(number, []).append(answer)
            return True
        return False

    def backfill(self, death: Moment | None = None) -> bool:
        """Offer what is there now, which takes a second; return False if the process died.

        S3's listing shows times in seconds, and for a large object the time when its upload began.
        """
        self.services.time += 1000
        newest = {write.key: write for write in self.writes}
        wanted = BackfillScope(self.name)
        with suppress(Crash), at_call(self.services.in_memory_tables, death, die):
            documents, templates = read_catalog(self.services, "main")
            for write in newest.values():
                begun = (write.at - 30_000 * (write.content % 2)) // 1000 * 1000
                upload = Upload(self.name, write.key, write.content, write.e_tag, begun, write.version_id)
                candidates = Planner(templates).plan(match_upload(upload, documents, "output"))
                process_listed_object(self.services, upload, candidates, wanted)
            return True
        return False

    @property
    def name(self) -> str:
        """The bucket's name, as the events have it."""
        return "reelmill-input"

    def undelivered(self) -> list[int]:
        """Return the writes without an event that was served to its end."""
        return [number for number in range(len(self.writes)) if number not in self.answers]

    def tasks(self) -> list[Task]:
        """Return all tasks that there are."""
        items = self.services.in_memory_tables.tables["TasksTable"].items
        rows = [TaskItem.from_raw_data(item) for item in items.values() if item["sk"] == {"S": TASK}]
        return [self.services.tasks.read(row) for row in rows]

    def verdicts(self) -> Sequence[UploadDecision]:
        """Return all verdicts that stand."""
        page = self.services.decisions.page(DecisionFilter(), 1000)
        assert page.next_token is None
        return page.items


def a_bucket(stage: Stage, *, versioned: bool) -> Bucket:
    """Return an empty bucket, as long ago as all tests begin."""
    stage.in_memory_tables.clear()
    stage.time = BEGINNING
    return Bucket(stage, versioned)
