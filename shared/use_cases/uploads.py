"""Use cases of uploads: read the catalog, identify the object, match and plan, then commit decisions and tasks."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from shared.domain.ids import sortable_id
from shared.domain.matching import Candidate, TriggerMatch, match_upload, predicted_decision, refusal_decision
from shared.domain.orchestration import MAX_KEY_BYTES
from shared.domain.page import Page
from shared.domain.page_token import read_token, write_token
from shared.domain.subtask import DEFAULT_TENANT
from shared.domain.task import OrchestrationRef, Source, Task
from shared.domain.tenant import PREFIX_RANGE, tenant_prefix
from shared.domain.upload import CLOCKS_MS, Upload, UploadDecision, Verdict
from shared.errors import NewerVersion, NotAllowed, RequestRejected, ServiceBusy
from shared.services import Services
from shared.stores.presigned_links import SINGLE_UPLOAD_BYTES, UploadPlan
from shared.stores.task_queries import TaskFilter
from shared.telemetry import count
from shared.use_cases.catalog import read_catalog
from shared.use_cases.dispatch import enqueue
from shared.use_cases.links import expiry_after
from shared.use_cases.planning import Planner

SUPERSEDED = "a later upload of this key was processed first, and the bucket keeps no versions"
ALREADY_CREATED = "its task already exists"
UPLOAD_SECONDS = 6 * 3600  # A large file over a slow line.
MAX_SHOWN = 100  # characters of a key in an error message


@dataclass(frozen=True)
class BackfillScope:
    """The objects of a bucket to process with the orchestrations, and how.

    `modified_after` is epoch milliseconds. Without a `priority`, that of each orchestration applies. A dry run writes
    nothing.
    """

    bucket: str
    prefix: str = ""
    modified_after: int | None = None
    priority: int | None = None
    dry_run: bool = False
    tenant: str = DEFAULT_TENANT


@dataclass(frozen=True)
class NewUpload:
    """A new upload: its presigned requests, which are valid until `expires_at`, in epoch milliseconds."""

    bucket: str
    plan: UploadPlan
    expires_at: int


def begin_upload(services: Services, tenant: str, key: str, size: int, content_type: str) -> NewUpload:
    """Return the requests that upload a file to the input bucket; raise NotAllowed if the key is another tenant's."""
    refuse_other_tenants_key(services, tenant, key)
    bucket = services.settings.require("input_bucket")
    plan = services.links.plan_upload(bucket, key, size, content_type, UPLOAD_SECONDS)
    return NewUpload(bucket, plan, expiry_after(services, UPLOAD_SECONDS))


def renew_upload(services: Services, tenant: str, key: str, size: int, upload_id: str) -> NewUpload:
    """Return new requests for an upload in parts that has begun; the parts that it already has stay.

    Raise NotAllowed if the key is another tenant's, RequestRejected if a file of that size is not uploaded in parts.
    """
    refuse_other_tenants_key(services, tenant, key)
    if size <= SINGLE_UPLOAD_BYTES:
        message = f"a file of {size} bytes is uploaded in one request, so there is nothing to renew; begin a new upload"
        raise RequestRejected(message, code="NotInParts")
    bucket = services.settings.require("input_bucket")
    plan = services.links.plan_parts(bucket, key, size, upload_id, UPLOAD_SECONDS)
    return NewUpload(bucket, plan, expiry_after(services, UPLOAD_SECONDS))


def accept_upload(services: Services, upload: Upload) -> list[UploadDecision]:
    """Create a task for each orchestration that accepts the upload; a second delivery of its event creates no more.

    Return a decision for each orchestration that accepted it, or a single one if none did. If only a newer version can
    read an orchestration that accepts it, create the tasks of the others and raise ServiceBusy, so that the event is
    delivered again.
    """
    documents, templates = read_catalog(services, upload.tenant)
    upload, superseded = services.decisions.identify(upload, services.now())
    candidates = match_upload(upload, documents, services.settings.output_bucket)
    accepting = Planner(templates).plan(one for one in candidates if one.accepts)
    if not accepting:
        return [commit_refusal(services, refusal_decision(upload, candidates))]
    if superseded:
        accepting = [one.with_verdict(Verdict.SUPERSEDED, SUPERSEDED) if one.subtasks else one for one in accepting]
    decisions = [commit_candidate(services, upload, one, upload.at) for one in accepting]
    if later := next((one for one in accepting if one.unreadable), None):
        raise ServiceBusy(later.match.reason)
    return decisions


def predict_decision(services: Services, upload: Upload) -> tuple[list[TriggerMatch], UploadDecision]:
    """Return the match of each orchestration with an upload, and the predicted decision; write nothing."""
    documents, templates = read_catalog(services, upload.tenant)
    candidates = Planner(templates).plan(match_upload(upload, documents, services.settings.output_bucket))
    return [candidate.match for candidate in candidates], predicted_decision(upload, candidates)


def predict_upload(
    services: Services, tenant: str, bucket: str | None, key: str, size: int | None
) -> tuple[list[TriggerMatch], UploadDecision]:
    """Predict the decision on such an object: in the input bucket if none is given, and not empty if no size is given.

    Raise NotAllowed if the key belongs to another tenant.
    """
    refuse_other_tenants_key(services, tenant, key)
    bucket = bucket or services.settings.require("input_bucket")
    size = 1 if size is None else size
    return predict_decision(services, Upload(bucket, key, size, e_tag="", at=services.now(), tenant=tenant))


def backfill_objects(
    services: Services, tenant: str, wanted: BackfillScope, limit: int, token: str | None
) -> Page[UploadDecision]:
    """Process a page of the objects that are already in a bucket, in the order of their keys; existing tasks are kept.

    A page may have fewer than `limit` decisions, or none, without being the last. Raise NotFound if there is no such
    bucket, RequestRejected if the token is from another backfill.
    """
    refuse_other_tenants_key(services, tenant, wanted.prefix)
    scope = replace(wanted, tenant=tenant)
    after = None if token is None else read_token(token, scope, is_object_key)
    # The check above keeps other tenants within their prefix. The first tenant has none and must not see their objects.
    excluded = PREFIX_RANGE if services.settings.tenant_claim and not tenant_prefix(tenant) else ("", "")
    listing = services.objects.list_newest(wanted.bucket, wanted.prefix, limit, after, without=excluded)
    decisions: list[UploadDecision] = []
    documents, templates = read_catalog(services, tenant)
    planner = Planner(templates)
    for listed in listing.uploads:
        if wanted.modified_after is None or listed.at >= wanted.modified_after:
            upload = replace(listed, tenant=tenant)
            candidates = match_upload(upload, documents, services.settings.output_bucket)
            decisions += process_listed_object(services, upload, planner.plan(candidates), wanted)
    return Page(tuple(decisions), write_token(listing.last_key, scope) if listing.last_key else None)


def process_listed_object(
    services: Services, upload: Upload, candidates: Sequence[Candidate], wanted: BackfillScope
) -> list[UploadDecision]:
    """Create the tasks of an object from a listing; return the decisions on it."""
    if not wanted.dry_run:
        upload, _ = services.decisions.identify(upload, services.now())
    accepting = [candidate for candidate in candidates if candidate.accepts]
    if not accepting:
        refused = refusal_decision(upload, candidates)
        return [refused if wanted.dry_run else commit_refusal(services, refused)]
    existing = find_tasks(services, upload)
    decisions = []
    for candidate in accepting:
        name = candidate.orchestration.name
        first = existing.get(name)
        if first and not wanted.dry_run:
            enqueue(services, first)  # its creator may have crashed between the write and the messages
        if first:
            decisions.append(UploadDecision(upload, Verdict.DUPLICATE, ALREADY_CREATED, name, first.id))
        elif wanted.dry_run:
            reason = "a task would be created" if candidate.subtasks else candidate.match.reason
            decisions.append(UploadDecision(upload, candidate.match.verdict, reason, name))
        else:  # the task gets today's time, even if its source is old
            decisions.append(commit_candidate(services, upload, candidate, services.now(), wanted.priority))
    return decisions


def commit_refusal(services: Services, decision: UploadDecision) -> UploadDecision:
    """Store that no orchestration accepts an upload, unless one accepted it before."""
    winner = services.decisions.put_if_absent(decision, services.now())
    return replace(winner, verdict=Verdict.DUPLICATE, reason=ALREADY_CREATED) if winner.task_id else winner


def commit_candidate(
    services: Services, upload: Upload, candidate: Candidate, at: int, priority: int | None = None
) -> UploadDecision:
    """Create the task of one upload and one orchestration that accepts it, or find the task that already exists.

    If no task can be created, store the reason. `at` is the time in the task's ID, in epoch milliseconds.
    """
    orchestration = candidate.orchestration
    decision = UploadDecision(upload, candidate.match.verdict, candidate.match.reason, orchestration.name)
    if decision.verdict is Verdict.MATCHED:
        identifier = sortable_id(at, upload.identity(orchestration.name))
        decision = replace(decision, reason="task created", task_id=identifier)
    # The decision is stored first, with the task's ID. So every later event of this upload, by any clock, finds it,
    # and creates this task or none.
    winner = services.decisions.put_if_absent(decision, services.now())
    if winner.task_id is None:
        return winner
    task = Task(
        id=winner.task_id,
        source=Source(upload.bucket, upload.key, upload.size, upload.e_tag, upload.version_id),
        subtasks=candidate.subtasks,
        created_at=services.now(),
        output_prefix=orchestration.output.prefix,
        orchestration=OrchestrationRef(orchestration.name, orchestration.version),
        tenant=upload.tenant,
        priority=orchestration.priority if priority is None else priority,
    ).with_pending()
    if candidate.subtasks and services.tasks.create(task):
        count("TasksCreated")
        enqueue(services, task)
        return winner
    with suppress(NewerVersion):  # then its task exists, and only a newer version can send its messages
        first = services.tasks.get(winner.task_id)
        if first is None:  # its creator crashed, and now the task can no longer be planned
            return decision
        enqueue(services, first)  # its creator may have crashed between the write and the messages
    return replace(winner, verdict=Verdict.DUPLICATE, reason=ALREADY_CREATED)


def find_tasks(services: Services, upload: Upload) -> dict[str, Task]:
    """Return the tasks of exactly this object, by the names of their orchestrations."""
    since = upload.at - CLOCKS_MS
    wanted = TaskFilter(tenant=upload.tenant, source_key=upload.key, created_after=since)
    same: dict[str, Task] = {}
    token = None
    while True:
        page = services.task_queries.page(wanted, 100, token)
        for task in page.items:
            source = task.source
            if source.bucket == upload.bucket and task.orchestration and upload.is_of(source.version_id, source.e_tag):
                same[task.orchestration.name] = task
        token = page.next_token
        if token is None:
            return same


def refuse_other_tenants_key(services: Services, tenant: str, key: str) -> None:
    """Raise NotAllowed if a key, or a key with that prefix, belongs to another tenant."""
    if services.tenant_of(key) != tenant:
        prefix = tenant_prefix(tenant)
        place = f"below {prefix}" if prefix else "outside of tenants/"
        message = f"{key[:MAX_SHOWN]!r} belongs to another tenant; use a key {place}"
        raise NotAllowed(message)


def is_object_key(text: object) -> bool:
    """Whether a value is a valid key of an object."""
    try:
        return isinstance(text, str) and 0 < len(text.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair from JSON
        return False
