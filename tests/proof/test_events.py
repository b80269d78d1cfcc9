"""Events come late, twice and in any order, from S3, EventBridge and the failure queue: each task is made once."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import count
from random import Random
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from functions.on_upload.handler import handler
from shared.domain.orchestration import Orchestration, OrchestrationDocument
from shared.domain.output_names import MAX_KEY_BYTES
from shared.domain.task import Task
from shared.domain.upload import REFUSALS, Upload, Verdict
from shared.stores.decision_store import DecisionFilter
from shared.stores.subtask_queue import parse_message_body
from shared.telemetry import logger
from shared.use_cases.catalog import store_orchestration, switch_orchestration
from shared.use_cases.uploads import accept_upload, predict_decision
from tests.proof.interleavings import SETTINGS
from tests.proof.uploads import FORMS, TAKERS, Bucket, Form, Moment, Stage, a_bucket, at_call
from tests.support.functions import Context, an_event
from tests.support.in_memory_table import in_memory_tables
from tests.support.profile import LONG
from tests.support.tallies import Tally

BATCHES = 1000 if LONG else 30
KEYS = 2000 if LONG else 100
OUTLOOKS = 1000 if LONG else 60

pytestmark = pytest.mark.timeout(1800 if LONG else 120)

SHOT = {"name": "cover", "type": "SCREENSHOT"}
COVERS = {"name": "covers", "trigger": {"prefix": "uploads/", "formats": ["mkv"]}, "subtasks": [SHOT]}

deaths = st.builds(Moment, st.integers(0, 8), st.booleans())
steps = st.one_of(
    st.tuples(
        st.just("write"),
        st.sampled_from(sorted(TAKERS)),
        st.sampled_from([1, 2, 3, 4, 0]),
        st.sampled_from([1, 999, 40_000, 3_600_000]),
        st.integers(0, 3),
    ),
    st.tuples(st.just("deliver"), st.integers(0, 20), st.sampled_from(FORMS), st.none() | deaths),
    st.tuples(st.just("backfill"), st.none() | deaths),
)
batches = st.lists(steps, min_size=10, max_size=24)
often = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Lend the services on the in-memory table, for all batches: clients are dear to make."""
    with in_memory_tables() as lent, pytest.MonkeyPatch.context() as patch:
        services = Stage(lent)
        patch.setenv("POWERTOOLS_SERVICE_NAME", "on_upload")
        patch.setattr("functions.on_upload.handler.services", lambda: services)
        logger()  # it keeps the first stdout that it sees, and pytest closes that of a test
        yield services


def begin(stage: Stage, *, versioned: bool) -> Bucket:
    """Return an empty bucket in a deployment that has two orchestrations."""
    bucket = a_bucket(stage, versioned=versioned)
    store_orchestration(bucket.services, "main", OrchestrationDocument.model_validate(COVERS))
    return bucket


def interleaving(bucket: Bucket, batch: list[tuple[Any, ...]], seed: int) -> None:
    """Make the steps; in the end bring what was not brought yet, in any order, and some of it again."""
    for step, *details in batch:
        if step == "write":
            bucket.write(*details)
        elif step == "backfill":
            bucket.backfill(*details)
        elif bucket.writes:
            number, form, death = details
            bucket.deliver(number % len(bucket.writes), form, death)
    random = Random(seed)  # noqa: S311 - it must be the same for the same seed
    again = [number for number in range(len(bucket.writes)) if random.random() < 0.5]
    last = [*bucket.undelivered(), *again]
    random.shuffle(last)
    for number in last:
        bucket.deliver(number, random.choice(FORMS))


def told_tasks(bucket: Bucket, number: int) -> dict[str, set[str]]:
    """Return which tasks a write was said to have, by orchestration; a write that has one must never have another."""
    found: dict[str, set[str]] = defaultdict(set)
    for answer in bucket.answers[number]:
        for verdict in answer:
            assert verdict["key"] == bucket.writes[number].key
            if verdict["taskId"]:
                found[verdict["orchestration"]].add(verdict["taskId"])
    return found


def by_maker(tasks: list[Task]) -> dict[tuple[str, str], list[Task]]:
    """Return the tasks by their sources' keys and the orchestrations that made them."""
    found = defaultdict(list)
    for task in tasks:
        assert task.orchestration
        found[task.source.key, task.orchestration.name].append(task)
    return found


def check_all(bucket: Bucket) -> None:
    """Check what holds in every bucket: each task is sent, and has the verdict that names it."""
    tasks = bucket.tasks()
    messages = {
        parse_message_body(body) for queue in bucket.services.in_memory_tables.messages.values() for body in queue
    }
    assert not [task for task in tasks if task.unsent]
    assert {(ref.task_id, ref.no) for ref in messages} == {(task.id, s.no) for task in tasks for s in task.subtasks}
    named = [verdict.task_id for verdict in bucket.verdicts() if verdict.verdict is Verdict.MATCHED]
    assert sorted(map(str, named)) == sorted(task.id for task in tasks)
    for number in range(len(bucket.writes)):
        told = told_tasks(bucket, number)
        assert all(len(ids) == 1 for ids in told.values())
        assert told.keys() <= bucket.writes[number].takers


@given(batch=batches, seed=st.integers(0, 2**32))
@settings(often, max_examples=BATCHES)
def test_each_version_gets_exactly_one_task_by_each_orchestration_that_takes_it(
    stage: Stage, tally: Tally, batch: list[tuple[Any, ...]], seed: int
) -> None:
    bucket = begin(stage, versioned=True)
    interleaving(bucket, batch, seed)

    check_all(bucket)
    expected = sorted((write.version_id, name) for write in bucket.writes for name in write.takers)
    made = [(task.source.version_id, task.orchestration.name) for task in bucket.tasks() if task.orchestration]
    assert sorted(made, key=str) == sorted(expected, key=str)
    refused = [verdict.upload.version_id for verdict in bucket.verdicts() if verdict.verdict in REFUSALS]
    assert sorted(map(str, refused)) == sorted(str(write.version_id) for write in bucket.writes if not write.takers)
    assert len(bucket.verdicts()) == len(made) + len(refused)
    tally("batches of events: versioned", 1)
    tally("events delivered", sum(map(len, bucket.answers.values())))


# The same write is reported with and without milliseconds, right after an object with the same content was listed.
REPORTED_IN_TWO_FORMS = [
    ("write", "uploads/b.mkv", 1, 1, 0),
    ("backfill", None),
    ("write", "uploads/b.mkv", 1, 1, 0),
    ("backfill", None),
    ("write", "uploads/b.mkv", 1, 1, 0),
    ("deliver", 2, "notification", None),
    ("deliver", 1, "notification", None),
    ("deliver", 1, "EventBridge", None),
]


@given(batch=batches, seed=st.integers(0, 2**32))
@example(batch=REPORTED_IN_TWO_FORMS, seed=0)
@settings(often, max_examples=BATCHES)
def test_without_versions_the_newest_object_gets_its_task_and_none_gets_two(
    stage: Stage, tally: Tally, batch: list[tuple[Any, ...]], seed: int
) -> None:
    bucket = begin(stage, versioned=False)
    interleaving(bucket, batch, seed)

    check_all(bucket)
    tasks = {task.id: task for task in bucket.tasks()}
    newest = {write.key: number for number, write in enumerate(bucket.writes)}
    for number, write in enumerate(bucket.writes):
        told = told_tasks(bucket, number)
        if newest[write.key] == number:
            assert told.keys() == write.takers
        for (identifier,) in told.values():
            assert (tasks[identifier].source.key, tasks[identifier].source.e_tag) == (write.key, write.e_tag)
    for (key, _), made in by_maker(list(tasks.values())).items():
        written = Counter(write.e_tag for write in bucket.writes if write.key == key)
        assert Counter(task.source.e_tag for task in made) <= written
    tally("batches of events: unversioned", 1)
    tally("events delivered", sum(map(len, bucket.answers.values())))


@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize("before", ["nothing", "an older write", "a backfill", "both"])
def test_a_delivery_that_dies_at_any_call_is_made_good_by_the_next_one(
    stage: Stage, tally: Tally, before: str, *, versioned: bool
) -> None:
    for call in count():
        for done in (False, True):
            bucket = begin(stage, versioned=versioned)
            if before in {"an older write", "both"}:
                bucket.write("uploads/b.mkv", 1, 1, 0)
                bucket.deliver(0, "notification")
            bucket.write("uploads/b.mkv", 2, 1, 0)
            if before in {"a backfill", "both"}:
                bucket.backfill()
            number = len(bucket.writes) - 1

            lived = bucket.deliver(number, "notification", Moment(call, done))
            bucket.deliver(number, FORMS[call % len(FORMS)])

            check_all(bucket)
            assert len(bucket.tasks()) == 2 * len(bucket.writes)
            tally("deaths of OnUpload, made good by the next delivery", not lived)
        if lived:
            break
    assert call > 4


@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize("told_before", [True, False])
@pytest.mark.parametrize("mended_by", ["event", "backfill"])
def test_a_backfill_that_dies_at_any_call_is_made_good_by_the_event_or_the_next_backfill(
    stage: Stage, tally: Tally, mended_by: str, *, versioned: bool, told_before: bool
) -> None:
    for call in count():
        for done in (False, True):
            bucket = begin(stage, versioned=versioned)
            bucket.write("uploads/b.mkv", 2, 1, 0)
            if told_before:
                bucket.deliver(0, "notification", Moment(3, done=False))

            lived = bucket.backfill(Moment(call, done))
            bucket.answers[0] = []
            if mended_by == "event":
                bucket.deliver(0, "notification")
            else:
                bucket.backfill()

            check_all(bucket)
            assert len(bucket.tasks()) == 2
            tally("deaths of a backfill, made good", not lived)
        if lived:
            break
    assert call > 4


@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize(
    ("one", "other"),
    [("event", "event"), ("event", "backfill"), ("backfill", "event"), ("backfill", "backfill")],
)
def test_two_reports_of_an_object_make_one_task_at_any_call_where_they_meet(
    stage: Stage, tally: Tally, one: str, other: str, *, versioned: bool
) -> None:
    def tell(bucket: Bucket, who: str, form: Form) -> None:
        if who == "event":
            bucket.deliver(0, form)
        else:
            bucket.backfill()

    for call in count():
        for done in (False, True):
            bucket = begin(stage, versioned=versioned)
            bucket.write("uploads/b.mkv", 2, 1, 0)
            bucket.answers[0] = []

            with at_call(
                stage.in_memory_tables, Moment(call, done), partial(tell, bucket, other, "EventBridge")
            ) as calls:
                tell(bucket, one, "notification")

            check_all(bucket)
            assert len(bucket.tasks()) == len(bucket.verdicts()) == 2
            tally("meetings of events and backfills", 1)
        if len(calls) <= call:
            break
    assert call > 4


CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
NAMES = st.text(st.sampled_from("+ %&=?#/ü é予告編😀\u0301\u200d~*'\"\\<>") | CHARACTERS, min_size=1, max_size=60)


@given(name=NAMES, spare=st.sampled_from(["/", "/*", "/*~-._", ""]))
@example(name="a+b c%20d%2Be%", spare="/")
@example(name="100%+%", spare="/")
@example(name="é e\u0301 予告編 👩‍👩‍👧", spare="/")
@settings(often, max_examples=KEYS)
def test_every_key_goes_there_and_back(stage: Stage, tally: Tally, name: str, spare: str) -> None:
    """S3 encodes the keys in its own events as forms do, except some characters; EventBridge's keys are plain."""
    key = f"uploads/{name}1.mp4"
    assume(len(key.encode()) <= MAX_KEY_BYTES)
    bucket = begin(stage, versioned=True)
    by_s3, by_eventbridge = an_event("s3-put"), an_event("eventbridge-object-created")
    thing = by_s3["Records"][0]["s3"]["object"]

    for text in (quote_plus(key, safe=spare), quote(key, safe=spare)):
        thing["key"], thing["versionId"] = text, text
        (verdict,) = handler(json.loads(json.dumps(by_s3)), Context())
        assert verdict["key"] == key
    by_eventbridge["detail"]["object"]["key"] = key
    (verdict,) = handler(json.loads(json.dumps(by_eventbridge)), Context())

    assert verdict["key"] == key
    found = stage.decisions.page(DecisionFilter(key=key), 10).items
    assert {decision.upload.key for decision in found} == {key}
    tasks = [stage.tasks.get(str(decision.task_id)) for decision in found]
    assert {task.source.key for task in tasks if task} == {key}
    assert len(tasks) == len(bucket.tasks())
    tally("keys there and back", 1)


@given(
    bucket=st.sampled_from(["reelmill-input", SETTINGS.output_bucket, "another"]),
    key=st.sampled_from([*TAKERS, "uploads/b/", "films/a.mkv", "a", "uploads/A.MKV", "uploads/.mp4"]),
    size=st.sampled_from([0, 1, 1000]),
    disabled=st.sets(st.sampled_from(["covers", "films", "web-video"])),
    broken=st.booleans(),
    version_id=st.sampled_from(["v1", None]),
)
@settings(often, max_examples=OUTLOOKS)
def test_what_was_predicted_is_what_happens(  # noqa: PLR0913, PLR0917 - all that a verdict depends on
    stage: Stage,
    tally: Tally,
    bucket: str,
    key: str,
    size: int,
    disabled: set[str],
    broken: bool,  # noqa: FBT001 - Hypothesis gives it
    version_id: str | None,
) -> None:
    services = begin(stage, versioned=True).services
    films = COVERS | {"name": "films", "trigger": {"bucket": "reelmill-input", "formats": ["mkv", "mp4"]}}
    store_orchestration(services, "main", OrchestrationDocument.model_validate(films))
    for name in disabled:
        switch_orchestration(services, "main", name, enabled=False)
    if broken:
        lost = {**SHOT, "template": "gone"}
        document = OrchestrationDocument.model_validate(COVERS | {"name": "broken", "subtasks": [lost]})
        stored = services.catalog.get(Orchestration, "main", "covers")
        assert stored
        changes = {"name": "broken", "subtasks": document.subtasks, "enabled": True}
        services.catalog.put("main", stored.model_copy(update=changes))
    upload = Upload(bucket, key, size, "etag", services.now(), version_id, "0A")

    matches, outlook = predict_decision(services, upload)
    found = accept_upload(services, upload)

    if found[0].accepted_by:
        took = [(one.orchestration, one.verdict) for one in matches if one.verdict not in REFUSALS]
        assert [(decision.orchestration, decision.verdict) for decision in found] == took
        makers = [decision for decision in found if decision.task_id]
        assert (outlook.verdict is Verdict.MATCHED) == bool(makers)
        assert outlook.reason.startswith(f"{len(makers)} task") == bool(makers)
    else:
        assert found == [outlook]
        assert {one.verdict for one in matches} <= REFUSALS
    tally("outlooks on uploads", 1)


def test_the_writes_of_a_bucket_are_in_the_order_of_their_sequencers(stage: Stage) -> None:
    bucket = begin(stage, versioned=False)
    for number in range(40):
        bucket.write("uploads/b.mkv", 1, 1, number % 4)

    orders = [Upload("b", "k", 1, "e", 1, sequencer=write.sequencer).order for write in bucket.writes]

    assert orders == sorted(orders)
    assert len(set(orders)) == 40
