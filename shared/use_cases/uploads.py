"""The use cases of uploads: a new object becomes tasks, and so do objects that were there before."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.domain.ids import sortable_id
from shared.domain.orchestration import MAX_KEY_BYTES, Match, Orchestration, Verdict, match
from shared.domain.page_token import read_token, write_token
from shared.domain.task import DEFAULT_TENANT, OrchestrationRef, Source, Subtask, Task
from shared.domain.tenant import HOMES, home, within
from shared.domain.upload import CLOCKS_MS, REFUSALS, Upload, UploadDecision
from shared.errors import NewerVersion, NotAllowed, RequestRejected, ServiceBusy
from shared.services import Services
from shared.stores.task_queries import TaskFilter
from shared.telemetry import count
from shared.use_cases.catalog import Plan, list_plans
from shared.use_cases.dispatch import enqueue

SUPERSEDED = "a later write of this key has been seen, and the bucket keeps no versions"
MADE_BEFORE = "its task was made before"
SHOWN = 100  # characters of a key in a refusal


@dataclass(frozen=True)
class Backfill:
    """Which objects of a bucket are to be offered to the orchestrations, and how.

    `modified_after` is epoch milliseconds; `priority` None leaves it to each orchestration; a dry run makes nothing.
    """

    bucket: str
    prefix: str = ""
    modified_after: int | None = None
    priority: int | None = None
    dry_run: bool = False
    tenant: str = DEFAULT_TENANT


@dataclass(frozen=True)
class BackfillPage:
    """What became of some objects, or would, and the token that asks for the next ones; None at the end."""

    judgements: tuple[UploadDecision, ...]
    next_token: str | None


@dataclass(frozen=True)
class Answer:
    """What an orchestration says to an upload, and the subtasks that its task would have.

    `unread` says that a newer version of Reelmill could make the task, but this one can't.
    """

    orchestration: Orchestration
    match: Match
    subtasks: tuple[Subtask, ...] = ()
    unread: bool = False

    def but(self, verdict: Verdict, reason: str) -> "Answer":
        """Return the answer with another verdict."""
        return replace(self, match=Match(orchestration=self.orchestration.name, verdict=verdict, reason=reason))


def accept_upload(services: Services, upload: Upload) -> list[UploadDecision]:
    """Make a task for each orchestration that takes the upload; the same event again makes none and loses none.

    There is a judgement for each orchestration that took it, or a single one when none did. Raise ServiceBusy, so that
    the event comes again, when one that took it can only be read by a newer version; the others have their tasks then.
    """
    upload, superseded = services.verdicts.recognise(upload, services.now())
    answers = ask(services, upload, list_plans(services, upload.tenant))
    taking = takers(answers)
    if not taking:
        return [refuse(services, refusal(upload, answers))]
    if superseded:
        taking = [answer.but(Verdict.SUPERSEDED, SUPERSEDED) if answer.subtasks else answer for answer in taking]
    judgements = [take(services, upload, answer, upload.at) for answer in taking]
    if later := next((answer for answer in taking if answer.unread), None):
        raise ServiceBusy(later.match.reason)
    return judgements


def predict(services: Services, upload: Upload) -> tuple[list[Match], UploadDecision]:
    """Say what each orchestration would make of an upload, and what would become of it; nothing is kept."""
    answers = ask(services, upload, list_plans(services, upload.tenant))
    taking = takers(answers)
    matches = [answer.match for answer in answers]
    makers = [answer for answer in taking if answer.subtasks]
    if not taking:
        return matches, refusal(upload, answers)
    if not makers:
        return matches, UploadDecision(
            upload, taking[0].match.verdict, taking[0].match.reason, taking[0].match.orchestration
        )
    reason = f"{len(makers)} task{'s' if len(makers) > 1 else ''} would be made"
    only = makers[0].orchestration.name if len(makers) == 1 else None
    return matches, UploadDecision(upload, Verdict.MATCHED, reason, only)


def backfill(services: Services, tenant: str, wanted: Backfill, limit: int, token: str | None) -> BackfillPage:
    """Offer some objects that are in a bucket already, in the order of their keys; those that have their task keep it.

    A page may show fewer than `limit`, or none, and yet not be the last. Raise NotFound when there is no such bucket,
    RequestRejected for a token that this backfill didn't give.
    """
    refuse_beyond_home(services, tenant, wanted.prefix)
    place = replace(wanted, tenant=tenant)
    after = None if token is None else read_token(token, place, is_key)
    # The prefix keeps all others within their homes; who has none must not hear of what lies in those, by a token say.
    without = HOMES if services.settings.tenant_claim and not home(tenant) else ("", "")
    listing = services.media.list_newest(wanted.bucket, wanted.prefix, limit, after, without=without)
    plans = list_plans(services, tenant)
    judgements: list[UploadDecision] = []
    for upload in listing.uploads:
        if wanted.modified_after is None or upload.at >= wanted.modified_after:
            judgements += offer(services, replace(upload, tenant=tenant), plans, wanted)
    return BackfillPage(tuple(judgements), write_token(listing.last_key, place) if listing.last_key else None)


def offer(services: Services, upload: Upload, plans: Iterable[Plan], wanted: Backfill) -> list[UploadDecision]:
    """Offer an object that was there before to the orchestrations."""
    if not wanted.dry_run:
        upload, _ = services.verdicts.recognise(upload, services.now())
    answers = ask(services, upload, plans)
    taking = takers(answers)
    if not taking:
        refused = refusal(upload, answers)
        return [refused if wanted.dry_run else refuse(services, refused)]
    made = made_of(services, upload)
    judgements = []
    for answer in taking:
        name = answer.orchestration.name
        first = made.get(name)
        if first and not wanted.dry_run:
            enqueue(services, first)  # whose maker may have died between the write and the messages
        if first:
            judgements.append(UploadDecision(upload, Verdict.DUPLICATE, MADE_BEFORE, name, first.id))
        elif wanted.dry_run:
            reason = "a task would be made" if answer.subtasks else answer.match.reason
            judgements.append(UploadDecision(upload, answer.match.verdict, reason, name))
        else:  # the task is of today, however old its source may be
            judgements.append(take(services, upload, answer, services.now(), wanted.priority))
    return judgements


def ask(services: Services, upload: Upload, plans: Iterable[Plan]) -> list[Answer]:
    """Return what each orchestration says to an upload, by all that is known without looking for earlier ones."""
    return [answer_of(services, upload, plan) for plan in plans]


def answer_of(services: Services, upload: Upload, plan: Plan) -> Answer:
    """Return what an orchestration says to an upload."""
    orchestration = plan.orchestration
    answer = Answer(orchestration, match(orchestration, upload.bucket, within(upload.tenant, upload.key)))
    if upload.bucket == services.settings.output_bucket:
        return answer.but(Verdict.OWN_OUTPUT, "outputs start no tasks")
    if upload.size == 0 or upload.key.endswith("/"):
        return answer.but(Verdict.EMPTY_OBJECT, "the object is empty or a folder")
    if answer.match.verdict is not Verdict.MATCHED:
        return answer
    try:
        return replace(answer, subtasks=plan.subtasks)
    except RequestRejected as error:  # it was sound when it was stored; the others still take the upload
        unread = isinstance(error, NewerVersion)
        return replace(answer.but(Verdict.INVALID_ORCHESTRATION, error.message), unread=unread)


def takers(answers: Iterable[Answer]) -> list[Answer]:
    """Return the answers of the orchestrations that take the upload."""
    return [answer for answer in answers if answer.match.verdict not in REFUSALS]


def refusal(upload: Upload, answers: Iterable[Answer]) -> UploadDecision:
    """Return the judgement on an upload that no orchestration takes: that of the one that came closest."""
    said = {answer.match.verdict: answer.match for answer in reversed(list(answers))}
    for verdict in (Verdict.OWN_OUTPUT, Verdict.EMPTY_OBJECT):
        if verdict in said:
            return UploadDecision(upload, verdict, said[verdict].reason)
    if closest := said.get(Verdict.WRONG_FORMAT):
        return UploadDecision(upload, Verdict.WRONG_FORMAT, closest.reason, closest.orchestration)
    return UploadDecision(upload, Verdict.NO_MATCH, "no enabled orchestration takes objects of this bucket and prefix")


def refuse(services: Services, judgement: UploadDecision) -> UploadDecision:
    """Keep that no orchestration takes an upload, unless one took it before."""
    standing = services.verdicts.note(judgement, services.now())
    return replace(standing, verdict=Verdict.DUPLICATE, reason=MADE_BEFORE) if standing.task_id else standing


def take(services: Services, upload: Upload, answer: Answer, at: int, priority: int | None = None) -> UploadDecision:
    """Make the task of one upload and one orchestration that takes it, or find that it was made before.

    Where there can be none, keep why. `at` is the time that goes into the task's ID, in epoch milliseconds.
    """
    orchestration = answer.orchestration
    judgement = UploadDecision(upload, answer.match.verdict, answer.match.reason, orchestration.name)
    if judgement.verdict is Verdict.MATCHED:
        identifier = sortable_id(at, upload.identity(orchestration.name))
        judgement = replace(judgement, reason="a task was made", task_id=identifier)
    # The verdict comes first, and names the task: whoever is told of the same upload later, by whatever clock,
    # makes that task or none.
    standing = services.verdicts.note(judgement, services.now())
    if standing.task_id is None:
        return standing
    task = Task(
        id=standing.task_id,
        source=Source(upload.bucket, upload.key, upload.size, upload.e_tag, upload.version_id),
        subtasks=answer.subtasks,
        created_at=services.now(),
        output_prefix=orchestration.output.prefix,
        orchestration=OrchestrationRef(orchestration.name, orchestration.version),
        tenant=upload.tenant,
        priority=orchestration.priority if priority is None else priority,
    ).begun()
    if answer.subtasks and services.tasks.create(task):
        count("TasksCreated")
        enqueue(services, task)
        return standing
    first = services.tasks.get(standing.task_id)
    if first is None:  # whoever was to make it died, and now it can't be planned any more
        return judgement
    enqueue(services, first)  # whose maker may have died between the write and the messages
    return replace(standing, verdict=Verdict.DUPLICATE, reason=MADE_BEFORE)


def made_of(services: Services, upload: Upload) -> dict[str, Task]:
    """Return the tasks that were made of just this object, by their orchestrations' names."""
    since = upload.at - CLOCKS_MS
    wanted = TaskFilter(tenant=upload.tenant, source_key=upload.key, created_after=since)
    same: dict[str, Task] = {}
    token = None
    while True:
        page = services.lists.page(wanted, 100, token)
        for task in page.tasks:
            source = task.source
            if source.bucket == upload.bucket and task.orchestration and upload.is_of(source.version_id, source.e_tag):
                same[task.orchestration.name] = task
        token = page.next_token
        if token is None:
            return same


def refuse_beyond_home(services: Services, tenant: str, key: str) -> None:
    """Raise NotAllowed when an object of that key, or all that begin so, would be another tenant's."""
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
