"""Use cases of uploads: read the catalog, identify the object, match, plan, then commit decisions and tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.domain.ids import sortable_id
from shared.domain.matching import Candidate, TriggerMatch, match_upload, prediction, refusal
from shared.domain.orchestration import MAX_KEY_BYTES
from shared.domain.page import Page
from shared.domain.page_token import read_token, write_token
from shared.domain.subtask import DEFAULT_TENANT
from shared.domain.task import OrchestrationRef, Source, Task
from shared.domain.tenant import HOMES, home
from shared.domain.upload import CLOCKS_MS, Upload, UploadDecision, Verdict
from shared.errors import NotAllowed, ServiceBusy
from shared.services import Services
from shared.stores.presigned_links import UploadPlan
from shared.stores.task_queries import TaskFilter
from shared.telemetry import count
from shared.use_cases.catalog import read_catalog
from shared.use_cases.dispatch import enqueue
from shared.use_cases.planning import Planner

SUPERSEDED = "a later write of this key has been seen, and the bucket keeps no versions"
MADE_BEFORE = "its task was made before"
UPLOAD_SECONDS = 6 * 3600  # A large file over a slow line.
SHOWN = 100  # characters of a key in a refusal


@dataclass(frozen=True)
class Backfill:
    """Which objects of a bucket are offered to the orchestrations, and how.

    `modified_after` is epoch milliseconds; `priority` None leaves it to each orchestration; a dry run writes nothing.
    """

    bucket: str
    prefix: str = ""
    modified_after: int | None = None
    priority: int | None = None
    dry_run: bool = False
    tenant: str = DEFAULT_TENANT


@dataclass(frozen=True)
class NewUpload:
    """An upload that may begin: the presigned calls that make it, which work until `expires_at`, in milliseconds."""

    bucket: str
    plan: UploadPlan
    expires_at: int


def begin_upload(services: Services, tenant: str, key: str, size: int, content_type: str) -> NewUpload:
    """Return the calls that upload a file into the input bucket; raise NotAllowed for another tenant's key."""
    refuse_beyond_home(services, tenant, key)
    bucket = services.settings.need("input_bucket")
    plan = services.links.plan_upload(bucket, key, size, content_type, UPLOAD_SECONDS)
    return NewUpload(bucket, plan, services.now() + UPLOAD_SECONDS * 1000)


def accept_upload(services: Services, upload: Upload) -> list[UploadDecision]:
    """Make a task for each orchestration that accepts the upload; a second delivery of its event makes no more.

    Return a decision for each orchestration that accepted it, or a single one if none did. Raise ServiceBusy, so that
    the event comes again, if only a newer version can read an orchestration that accepts it; the others have their
    tasks by then.
    """
    documents, templates = read_catalog(services, upload.tenant)
    upload, superseded = services.verdicts.identify(upload, services.now())
    candidates = match_upload(upload, documents, services.settings.output_bucket)
    accepting = Planner(templates).plan(one for one in candidates if one.accepts)
    if not accepting:
        return [commit_refusal(services, refusal(upload, candidates))]
    if superseded:
        accepting = [one.with_verdict(Verdict.SUPERSEDED, SUPERSEDED) if one.subtasks else one for one in accepting]
    decisions = [commit_candidate(services, upload, one, upload.at) for one in accepting]
    if later := next((one for one in accepting if one.unreadable), None):
        raise ServiceBusy(later.match.reason)
    return decisions


def predict(services: Services, upload: Upload) -> tuple[list[TriggerMatch], UploadDecision]:
    """Return what each orchestration would say about an upload, and the decision on it; nothing is written."""
    documents, templates = read_catalog(services, upload.tenant)
    candidates = Planner(templates).plan(match_upload(upload, documents, services.settings.output_bucket))
    return [candidate.match for candidate in candidates], prediction(upload, candidates)


def predict_upload(
    services: Services, tenant: str, bucket: str | None, key: str, size: int | None
) -> tuple[list[TriggerMatch], UploadDecision]:
    """Predict the upload of such an object: into the input bucket without a bucket, and not empty without a size.

    Raise NotAllowed for another tenant's key.
    """
    refuse_beyond_home(services, tenant, key)
    bucket = bucket or services.settings.need("input_bucket")
    size = 1 if size is None else size
    return predict(services, Upload(bucket, key, size, e_tag="", at=services.now(), tenant=tenant))


def backfill(services: Services, tenant: str, wanted: Backfill, limit: int, token: str | None) -> Page[UploadDecision]:
    """Offer some objects that are in a bucket already, in the order of their keys; those that have a task keep it.

    A page may show fewer than `limit`, or none, and yet not be the last. Raise NotFound if there is no such bucket,
    RequestRejected for another backfill's token.
    """
    refuse_beyond_home(services, tenant, wanted.prefix)
    place = replace(wanted, tenant=tenant)
    after = None if token is None else read_token(token, place, is_key)
    # A tenant's prefix keeps it within its home. The first tenant has no home, and must not see into those of others.
    without = HOMES if services.settings.tenant_claim and not home(tenant) else ("", "")
    listing = services.objects.list_newest(wanted.bucket, wanted.prefix, limit, after, without=without)
    decisions: list[UploadDecision] = []
    documents, templates = read_catalog(services, tenant)
    planner = Planner(templates)
    for listed in listing.uploads:
        if wanted.modified_after is None or listed.at >= wanted.modified_after:
            upload = replace(listed, tenant=tenant)
            candidates = match_upload(upload, documents, services.settings.output_bucket)
            decisions += offer_object(services, upload, planner.plan(candidates), wanted)
    return Page(tuple(decisions), write_token(listing.last_key, place) if listing.last_key else None)


def offer_object(
    services: Services, upload: Upload, candidates: Sequence[Candidate], wanted: Backfill
) -> list[UploadDecision]:
    """Make the tasks of an object that was in the bucket before; return the decisions on it."""
    if not wanted.dry_run:
        upload, _ = services.verdicts.identify(upload, services.now())
    accepting = [candidate for candidate in candidates if candidate.accepts]
    if not accepting:
        refused = refusal(upload, candidates)
        return [refused if wanted.dry_run else commit_refusal(services, refused)]
    existing = find_tasks(services, upload)
    decisions = []
    for candidate in accepting:
        name = candidate.orchestration.name
        first = existing.get(name)
        if first and not wanted.dry_run:
            enqueue(services, first)  # its creator may have died between the write and the messages
        if first:
            decisions.append(UploadDecision(upload, Verdict.DUPLICATE, MADE_BEFORE, name, first.id))
        elif wanted.dry_run:
            reason = "a task would be made" if candidate.subtasks else candidate.match.reason
            decisions.append(UploadDecision(upload, candidate.match.verdict, reason, name))
        else:  # the task is of today, however old its source may be
            decisions.append(commit_candidate(services, upload, candidate, services.now(), wanted.priority))
    return decisions


def commit_refusal(services: Services, decision: UploadDecision) -> UploadDecision:
    """Store that no orchestration accepts an upload, unless one accepted it before."""
    winner = services.verdicts.put_if_absent(decision, services.now())
    return replace(winner, verdict=Verdict.DUPLICATE, reason=MADE_BEFORE) if winner.task_id else winner


def commit_candidate(
    services: Services, upload: Upload, candidate: Candidate, at: int, priority: int | None = None
) -> UploadDecision:
    """Make the task of one upload and one orchestration that accepts it, or find that it was made before.

    If there can be no task, store why. `at` is the time in the task's ID, in epoch milliseconds.
    """
    orchestration = candidate.orchestration
    decision = UploadDecision(upload, candidate.match.verdict, candidate.match.reason, orchestration.name)
    if decision.verdict is Verdict.MATCHED:
        identifier = sortable_id(at, upload.identity(orchestration.name))
        decision = replace(decision, reason="a task was made", task_id=identifier)
    # The decision is stored first, and names the task: every later event of this upload, by whatever clock, finds it
    # and makes this task or none.
    winner = services.verdicts.put_if_absent(decision, services.now())
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
    ).begun()
    if candidate.subtasks and services.tasks.create(task):
        count("TasksCreated")
        enqueue(services, task)
        return winner
    first = services.tasks.get(winner.task_id)
    if first is None:  # its creator died, and now it can't be planned any more
        return decision
    enqueue(services, first)  # its creator may have died between the write and the messages
    return replace(winner, verdict=Verdict.DUPLICATE, reason=MADE_BEFORE)


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


def refuse_beyond_home(services: Services, tenant: str, key: str) -> None:
    """Raise NotAllowed if the object of that key, or one that the prefix includes, would be another tenant's."""
    if services.owner_of(key) != tenant:
        own = home(tenant) or "outside of tenants/"
        message = (
            f"{key[:SHOWN]!r} is not this tenant's to name: its objects lie {'under ' if home(tenant) else ''}{own}"
        )
        raise NotAllowed(message)


def is_key(text: object) -> bool:
    """Whether an object can have that key."""
    try:
        return isinstance(text, str) and 0 < len(text.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:  # half of a character that takes two in JSON
        return False
