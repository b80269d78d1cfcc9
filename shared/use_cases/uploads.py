"""Use cases of uploads: read the catalog, identify the object, match and plan, then commit decisions and tasks."""

from contextlib import suppress
from dataclasses import replace

from shared.domain.ids import sortable_id
from shared.domain.matching import Candidate, TriggerMatch, match_upload, predicted_decision, refusal_decision
from shared.domain.task import OrchestrationRef, Source, Task
from shared.domain.tenant import tenant_prefix
from shared.domain.upload import Upload, UploadDecision, Verdict
from shared.errors import NewerVersion, NotAllowed, ServiceBusy
from shared.services import Services
from shared.telemetry import count
from shared.use_cases.catalog import read_catalog
from shared.use_cases.dispatch import enqueue
from shared.use_cases.planning import Planner

SUPERSEDED = "a later upload of this key was processed first, and the bucket keeps no versions"
ALREADY_CREATED = "its task already exists"
MAX_SHOWN = 100  # characters of a key in an error message


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


def refuse_other_tenants_key(services: Services, tenant: str, key: str) -> None:
    """Raise NotAllowed if a key, or a key with that prefix, belongs to another tenant."""
    if services.tenant_of(key) != tenant:
        prefix = tenant_prefix(tenant)
        place = f"below {prefix}" if prefix else "outside of tenants/"
        message = f"{key[:MAX_SHOWN]!r} belongs to another tenant; use a key {place}"
        raise NotAllowed(message)
