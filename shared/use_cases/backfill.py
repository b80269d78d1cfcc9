"""Use cases of backfills: process the objects that are already in a bucket."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.domain.matching import Candidate, match_upload, refusal_decision
from shared.domain.output_names import MAX_KEY_BYTES
from shared.domain.page import Page
from shared.domain.page_token import read_token, write_token
from shared.domain.subtask import DEFAULT_TENANT
from shared.domain.task import Task
from shared.domain.tenant import PREFIX_RANGE, tenant_prefix
from shared.domain.upload import CLOCKS_MS, Upload, UploadDecision, Verdict
from shared.services import Services
from shared.stores.task_queries import TaskFilter
from shared.use_cases.catalog import read_catalog
from shared.use_cases.dispatch import enqueue
from shared.use_cases.planning import Planner
from shared.use_cases.uploads import ALREADY_CREATED, commit_candidate, commit_refusal, refuse_other_tenants_key


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


def is_object_key(text: object) -> bool:
    """Whether a value is a valid key of an object."""
    try:
        return isinstance(text, str) and 0 < len(text.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair from JSON
        return False
