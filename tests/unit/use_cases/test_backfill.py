"""BackfillScope: existing objects get their tasks once each, page by page, also when events arrive for them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import time_prefix
from shared.domain.orchestration import TemplateDocument
from shared.domain.output_names import MAX_KEY_BYTES
from shared.domain.page import Page
from shared.domain.page_token import write_token
from shared.domain.task import Source, Task
from shared.domain.upload import Upload, UploadDecision, Verdict
from shared.errors import NotFound, RequestRejected, ServiceBusy
from shared.stores.decision_store import DecisionFilter
from shared.stores.task_queries import TaskFilter
from shared.use_cases.backfill import BackfillScope, backfill_objects, is_object_key
from shared.use_cases.catalog import store_orchestration, store_template, switch_orchestration
from shared.use_cases.tasks import NewTask, create_task
from shared.use_cases.uploads import accept_upload
from tests.support.attempts import sent
from tests.support.deployment import ClockedServices, client, put
from tests.support.factories import make_triggered_orchestration
from tests.support.outages import calls, outage, refusal

WEB = "web-video"
SHOT = {"name": "cover", "type": "SCREENSHOT"}
VIDEO = "uploads/clip.mp4"


@pytest.fixture
def plain(services: ClockedServices) -> str:
    """Make a bucket that keeps no versions."""
    assert services
    client("s3").create_bucket(Bucket="plain")
    return "plain"


@pytest.fixture(params=["input", "plain"])
def bucket(request: pytest.FixtureRequest, plain: str) -> str:
    """Lend a bucket with versions, and one without."""
    return plain if request.param == "plain" else "input"


def pages(services: ClockedServices, wanted: BackfillScope, limit: int = 100) -> list[Page[UploadDecision]]:
    """Go through all pages."""
    found = [backfill_objects(services, "main", wanted, limit, None)]
    while found[-1].next_token:
        found.append(backfill_objects(services, "main", wanted, limit, found[-1].next_token))
    return found


def offered(services: ClockedServices, bucket: str = "input", limit: int = 100, **wanted: Any) -> list[UploadDecision]:  # noqa: ANN401
    """Return the decisions on all objects."""
    return [decision for page in pages(services, BackfillScope(bucket, **wanted), limit) for decision in page.items]


def told(decisions: list[UploadDecision]) -> list[tuple[str, Verdict]]:
    return [(decision.upload.key, decision.verdict) for decision in decisions]


def tasks(services: ClockedServices) -> tuple[Task, ...]:
    return services.task_queries.page(TaskFilter(), 100).items


def written(services: ClockedServices, bucket: str, key: str = VIDEO, body: bytes = b"film") -> Upload:
    """Put an object; return it as its event describes it, some milliseconds after S3's whole second."""
    source = put(key, body, bucket)
    head = client("s3").head_object(Bucket=bucket, Key=key)
    at = int(head["LastModified"].timestamp() * 1000) + 345
    services.time = at + 5000
    return Upload(bucket, key, source.size, source.e_tag, at, source.version_id, "0A")


def delete(bucket: str, key: str) -> None:
    client("s3").delete_object(Bucket=bucket, Key=key)


def test_an_object_that_was_there_before_gets_its_task(services: ClockedServices, bucket: str) -> None:
    source = put(VIDEO, b"film", bucket)

    (decision,) = offered(services, bucket)

    (task,) = tasks(services)
    assert (decision.verdict, decision.orchestration, decision.task_id) == (Verdict.MATCHED, WEB, task.id)
    assert task.source == source
    assert [ref.no for ref in sent(services)] == [1, 2, 3]
    assert services.decisions.page(DecisionFilter(), 10).items == (decision,)


def test_a_task_of_an_old_object_is_as_young_as_it_is(services: ClockedServices) -> None:
    upload = written(services, "input")
    services.time += 10**9

    (decision,) = offered(services)

    assert str(decision.task_id).startswith(time_prefix(services.now()))
    assert decision.upload.at == upload.at - 345
    assert decision.id.startswith(time_prefix(upload.at - 345))


def test_objects_that_have_their_task_by_an_event_keep_it(services: ClockedServices, bucket: str) -> None:
    upload = written(services, bucket)
    (first,) = accept_upload(services, upload)

    (found,) = offered(services, bucket)

    assert (found.verdict, found.task_id) == (Verdict.DUPLICATE, first.task_id)
    assert len(tasks(services)) == 1


def test_an_event_that_comes_after_the_backfill_makes_no_second_task(services: ClockedServices, bucket: str) -> None:
    upload = written(services, bucket)
    (first,) = offered(services, bucket)

    for _ in range(2):
        (found,) = accept_upload(services, upload)
        assert (found.verdict, found.task_id) == (Verdict.DUPLICATE, first.task_id)

    assert len(tasks(services)) == len(services.decisions.page(DecisionFilter(), 10).items) == 1


def test_a_second_backfill_makes_nothing_more(services: ClockedServices, bucket: str) -> None:
    written(services, bucket)
    (first,) = offered(services, bucket)

    (again,) = offered(services, bucket)

    assert (again.verdict, again.task_id) == (Verdict.DUPLICATE, first.task_id)


def test_an_object_that_was_overwritten_since_gets_the_task_of_what_it_is_now(
    services: ClockedServices, bucket: str
) -> None:
    accept_upload(services, written(services, bucket))
    now = written(services, bucket, body=b"another film")

    (found,) = offered(services, bucket)

    assert found.verdict is Verdict.MATCHED
    task = services.tasks.get(str(found.task_id))
    assert task
    assert task.source == Source(bucket, VIDEO, 12, now.e_tag, now.version_id)
    (event,) = accept_upload(services, replace(now, sequencer="0B"))
    assert (event.verdict, event.task_id) == (Verdict.DUPLICATE, task.id)


def test_objects_that_have_their_task_by_a_request_that_named_the_orchestration_keep_it(
    services: ClockedServices, bucket: str
) -> None:
    written(services, bucket)
    made, _ = create_task(services, "main", NewTask(bucket, VIDEO, orchestration=WEB), bytes)

    (found,) = offered(services, bucket)

    assert (found.verdict, found.task_id) == (Verdict.DUPLICATE, made.id)


def test_a_task_of_no_orchestration_does_not_stand_for_one(services: ClockedServices, bucket: str) -> None:
    written(services, bucket)
    create_task(services, "main", NewTask(bucket, VIDEO, subtasks=make_triggered_orchestration("any").subtasks), bytes)

    assert told(offered(services, bucket)) == [(VIDEO, Verdict.MATCHED)]


def test_a_task_of_an_older_version_does_not_stand_for_the_newest(services: ClockedServices) -> None:
    old = put(VIDEO, b"old")
    written(services, "input", body=b"new")
    create_task(services, "main", NewTask("input", VIDEO, old.version_id, orchestration=WEB), bytes)

    assert told(offered(services)) == [(VIDEO, Verdict.MATCHED)]


def test_a_task_whose_maker_died_before_its_messages_is_sent(services: ClockedServices) -> None:
    upload = written(services, "input")
    with outage("SendMessageBatch"):
        accept_upload(services, upload)

    assert told(offered(services, dry_run=True)) == [(VIDEO, Verdict.DUPLICATE)]
    assert sent(services) == []
    assert told(offered(services)) == [(VIDEO, Verdict.DUPLICATE)]
    assert [ref.no for ref in sent(services)] == [1, 2, 3]


def test_a_dry_run_shows_what_would_happen_to_each_object_and_stores_nothing(
    services: ClockedServices, bucket: str
) -> None:
    accept_upload(services, written(services, bucket, "uploads/a.mp4"))
    for key in ("uploads/b.mp4", "uploads/c.txt", "elsewhere/d.mp4"):
        written(services, bucket, key)
    put("uploads/e/", b"", bucket)
    before = (tasks(services), services.decisions.page(DecisionFilter(), 10))
    sent(services)

    with calls() as made:
        found = offered(services, bucket, dry_run=True)

    assert told(found) == [
        ("elsewhere/d.mp4", Verdict.NO_MATCH),
        ("uploads/a.mp4", Verdict.DUPLICATE),
        ("uploads/b.mp4", Verdict.MATCHED),
        ("uploads/c.txt", Verdict.WRONG_FORMAT),
        ("uploads/e/", Verdict.EMPTY_OBJECT),
    ]
    assert [decision.reason for decision in found if decision.verdict is Verdict.MATCHED] == ["a task would be created"]
    assert set(made) <= {"ListObjectVersions", "Query", "BatchGetItem"}
    assert (tasks(services), services.decisions.page(DecisionFilter(), 10), sent(services)) == (
        *before,
        [],
    )


def test_a_backfill_does_what_a_dry_run_predicts(services: ClockedServices, bucket: str) -> None:
    store_orchestration(services, "main", make_triggered_orchestration("covers", prefix="uploads/b"))
    for key in ("uploads/b.mp4", "uploads/c.mp4", "uploads/c.txt", "elsewhere/d.mp4"):
        written(services, bucket, key)

    foretold = offered(services, bucket, dry_run=True)
    done = offered(services, bucket)

    assert [(j.upload.key, j.verdict, j.orchestration) for j in foretold] == [
        (j.upload.key, j.verdict, j.orchestration) for j in done
    ]


def test_a_new_orchestration_gets_its_tasks_of_what_had_others_or_none(services: ClockedServices, bucket: str) -> None:
    accept_upload(services, written(services, bucket, "uploads/a.mp4"))
    refused = written(services, bucket, "films/b.mp4")
    accept_upload(services, refused)
    store_orchestration(services, "main", make_triggered_orchestration("covers", prefix=""))

    found = offered(services, bucket)

    assert [(j.upload.key, j.orchestration, j.verdict) for j in found] == [
        ("films/b.mp4", "covers", Verdict.MATCHED),
        ("uploads/a.mp4", "covers", Verdict.MATCHED),
        ("uploads/a.mp4", WEB, Verdict.DUPLICATE),
    ]
    assert [j.verdict for j in services.decisions.page(DecisionFilter(key=refused.key), 10).items] == [Verdict.MATCHED]


def test_what_is_refused_has_its_verdict_kept(services: ClockedServices) -> None:
    put("elsewhere/a.mp4", b"film")

    (found,) = offered(services)

    assert found.verdict is Verdict.NO_MATCH
    assert services.decisions.page(DecisionFilter(), 10).items == (found,)


def test_nothing_becomes_of_what_reelmill_wrote_itself(services: ClockedServices) -> None:
    put(VIDEO, b"film", "output")

    assert told(offered(services, "output")) == [(VIDEO, Verdict.OWN_OUTPUT)]
    assert tasks(services) == ()


def test_a_disabled_orchestration_takes_nothing(services: ClockedServices) -> None:
    put(VIDEO, b"film")
    switch_orchestration(services, "main", WEB, enabled=False)

    assert told(offered(services)) == [(VIDEO, Verdict.NO_MATCH)]


@pytest.mark.parametrize(("own", "asked", "priority"), [(4, None, 4), (4, -3, -3), (0, 0, 0), (4, 0, 0)])
def test_a_backfill_may_have_a_priority_of_its_own(
    services: ClockedServices, own: int, asked: int | None, priority: int
) -> None:
    store_orchestration(services, "main", make_triggered_orchestration(WEB, priority=own))
    put(VIDEO, b"film")

    offered(services, priority=asked)

    assert [task.priority for task in tasks(services)] == [priority]


def test_what_was_deleted_is_left_out(services: ClockedServices, bucket: str) -> None:
    for name in "abc":
        put(f"uploads/{name}.mp4", b"film", bucket)
    delete(bucket, "uploads/b.mp4")

    assert [key for key, _ in told(offered(services, bucket))] == ["uploads/a.mp4", "uploads/c.mp4"]
    assert [key for key, _ in told(offered(services, bucket, limit=1))] == ["uploads/a.mp4", "uploads/c.mp4"]


def test_what_was_written_again_after_it_was_deleted_counts_as_it_is_now(services: ClockedServices) -> None:
    put(VIDEO, b"old")
    delete("input", VIDEO)
    now = put(VIDEO, b"new one")

    offered(services)

    assert [task.source for task in tasks(services)] == [now]


def test_only_keys_of_the_prefix_are_offered(services: ClockedServices) -> None:
    for key in ("uploads/2024/a.mp4", "uploads/2025/a.mp4", "uploads/2025/b.mp4", "uploads/2026/a.mp4"):
        put(key, b"film")

    found = offered(services, prefix="uploads/2025/", limit=1)

    assert [key for key, _ in told(found)] == ["uploads/2025/a.mp4", "uploads/2025/b.mp4"]
    assert offered(services, prefix="nothing/") == []


def test_only_what_was_written_since_then_is_offered(services: ClockedServices, bucket: str) -> None:
    upload = written(services, bucket)
    modified = upload.at - 345

    assert offered(services, bucket, modified_after=modified + 1) == []
    assert told(offered(services, bucket, modified_after=modified)) == [(VIDEO, Verdict.MATCHED)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_every_object_is_offered_exactly_once_however_long_the_pages_are(
    services: ClockedServices, bucket: str, limit: int
) -> None:
    names = ["a", "a b", "a+b", "a%20b", "ü 予告編", "😀", "z"]
    for name in names:
        put(f"films/{name}.mp4", b"film", bucket)

    found = pages(services, BackfillScope(bucket), limit)

    keys = [decision.upload.key for page in found for decision in page.items]
    assert keys == sorted(f"films/{name}.mp4" for name in names)
    assert all(len(page.items) <= limit for page in found)
    assert len(found) == -(-len(names) // limit)


def test_a_page_reads_templates_once_however_many_objects_it_is_for(services: ClockedServices, bucket: str) -> None:
    template = {"name": "mine", "operation": "SCREENSHOT", "params": {"at": [1]}}
    store_template(services, "main", TemplateDocument.model_validate(template))
    store_orchestration(services, "main", make_triggered_orchestration(WEB, subtasks=[{**SHOT, "template": "mine"}]))
    for number in range(3):
        put(f"uploads/{number}.mp4", b"film", bucket)

    with calls() as made:
        decisions = offered(services, bucket, dry_run=True)

    assert [decision.verdict for decision in decisions] == [Verdict.MATCHED] * 3
    assert "GetItem" not in made
    assert made.count("Query") == 1 + 3  # the catalog once, and the tasks of each key


def test_a_backfill_that_broke_off_goes_on_where_it_was(services: ClockedServices) -> None:
    for number in range(4):
        put(f"uploads/{number}.mp4", b"film")
    first = backfill_objects(services, "main", BackfillScope("input"), 2, None)
    with (
        outage("PutItem", after=3),
        pytest.raises(ServiceBusy),
    ):  # of the third's verdict, plan and task, the fourth's verdict
        backfill_objects(services, "main", BackfillScope("input"), 2, first.next_token)

    rest = backfill_objects(services, "main", BackfillScope("input"), 2, first.next_token)

    assert [verdict for _, verdict in told(list(rest.items))] == [Verdict.DUPLICATE, Verdict.MATCHED]
    assert rest.next_token is None
    assert sorted(task.source.key for task in tasks(services)) == [f"uploads/{n}.mp4" for n in range(4)]


def test_a_key_is_one_object_however_many_versions_it_has(services: ClockedServices) -> None:
    put("uploads/a.mp4", b"film")
    for number in range(110):
        newest = client("s3").put_object(Bucket="input", Key=VIDEO, Body=f"{number}".encode())
    put("uploads/z.mp4", b"film")

    found = pages(services, BackfillScope("input"), 50)

    decisions = [decision for page in found for decision in page.items]
    assert [key for key, _ in told(decisions)] == ["uploads/a.mp4", VIDEO, "uploads/z.mp4"]
    assert decisions[1].upload.version_id == newest["VersionId"]
    assert len(found) <= 3


def test_the_listing_begins_after_the_key_that_it_ended_with(services: ClockedServices) -> None:
    """S3 itself then leaves out that key's other versions; moto does not, and must not keep the listing there."""
    for key in ("a", "b", "c"):
        for body in (b"1", b"2", b"3"):
            put(key, body)

    listings = [services.objects.list_newest("input", "", 2, after) for after in (None, "a", "b", "c")]

    assert [[upload.key for upload in listing.uploads] for listing in listings] == [["a"], ["b"], ["c"], []]
    assert [listing.last_key for listing in listings] == ["a", "b", "c", None]


@pytest.mark.parametrize("name", ["nope", "not a bucket", "x" * 300])
def test_a_bucket_that_is_not_there_is_not_found(services: ClockedServices, name: str) -> None:
    with pytest.raises(NotFound, match="there is no bucket") as missing:
        offered(services, name)

    assert missing.value.code == "BucketNotFound"


def test_a_bucket_that_may_not_be_listed_is_not_found(services: ClockedServices) -> None:
    with outage("ListObjectVersions", error=refusal("AccessDenied", 403)), pytest.raises(NotFound):
        offered(services)


@pytest.mark.parametrize("error", [None, refusal("InternalError", 500), refusal("SlowDown", 503)])
def test_when_s3_does_not_answer_the_caller_gets_a_temporary_error(
    services: ClockedServices, error: Exception | None
) -> None:
    with outage("ListObjectVersions", error=error), pytest.raises(ServiceBusy, match="S3 did not answer"):
        offered(services)


@pytest.mark.parametrize(
    "changes",
    [{"bucket": "output"}, {"prefix": "uploads/"}, {"modified_after": 5}, {"priority": 1}, {"dry_run": True}],
)
def test_a_token_fits_no_other_backfill(services: ClockedServices, changes: dict[str, Any]) -> None:
    put("a.mp4", b"film")
    put("b.mp4", b"film")
    wanted = BackfillScope("input")
    token = backfill_objects(services, "main", wanted, 1, None).next_token
    assert token

    with pytest.raises(RequestRejected, match="nextToken") as refused:
        backfill_objects(services, "main", replace(wanted, **changes), 1, token)

    assert refused.value.code == "InvalidNextToken"


@pytest.mark.parametrize("last", ["", "\ud800", "k" * 1025, None, 5, ["a"]])
def test_a_forged_token_names_no_key_that_s3_would_choke_on(services: ClockedServices, last: Any) -> None:  # noqa: ANN401
    with pytest.raises(RequestRejected, match="nextToken"):
        backfill_objects(services, "main", BackfillScope("input"), 1, write_token(last, BackfillScope("input")))


@given(st.text(min_size=1))
def test_what_s3_takes_as_a_key_is_one(text: str) -> None:
    assert is_object_key(text) == (len(text.encode()) <= MAX_KEY_BYTES)


def test_a_key_may_be_as_long_as_s3_allows_and_its_token_goes_through_the_api(services: ClockedServices) -> None:
    longest = "😀" * 256
    put(longest, b"film")
    put("😀" * 255 + "😁", b"film")

    page = backfill_objects(services, "main", BackfillScope("input"), 1, None)

    assert len(str(page.next_token)) < 10_000
    assert len(backfill_objects(services, "main", BackfillScope("input"), 1, page.next_token).items) == 1
