"""Matching of uploads with orchestrations, and the decision on uploads that none accepts. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from shared.domain.camel_case import CamelCaseModel
from shared.domain.orchestration import MEDIA_FORMATS, Orchestration, UnreadableDocument
from shared.domain.output_names import format_of
from shared.domain.subtask import Subtask
from shared.domain.tenant import key_in_tenant
from shared.domain.upload import REFUSALS, Upload, UploadDecision, Verdict
from shared.errors import NewerVersion


class TriggerMatch(CamelCaseModel):
    """The verdict of one orchestration's trigger on an upload, and the reason."""

    orchestration: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Candidate:
    """An orchestration, its trigger's match with an upload, and the subtasks that the upload's task would have.

    `unreadable` is set if a newer version of Reelmill stored the orchestration. This version can then match it, but not
    plan it.
    """

    orchestration: Orchestration
    match: TriggerMatch
    subtasks: tuple[Subtask, ...] = ()
    unreadable: NewerVersion | None = None

    @property
    def accepts(self) -> bool:
        """Whether the orchestration accepts the upload, even if no task can be created."""
        return self.match.verdict not in REFUSALS

    def with_verdict(self, verdict: Verdict, reason: str) -> "Candidate":
        """Return the candidate with another verdict."""
        return replace(self, match=self.match.model_copy(update={"verdict": verdict, "reason": reason}))


def match_upload(
    upload: Upload, documents: Iterable[Orchestration | UnreadableDocument], output_bucket: str | None
) -> list[Candidate]:
    """Return a candidate for each orchestration; those that accept the upload are not planned yet."""
    candidates = []
    for document in documents:
        unreadable = document.error if isinstance(document, UnreadableDocument) else None
        orchestration = document.readable_orchestration() if isinstance(document, UnreadableDocument) else document
        match = match_trigger(orchestration, upload, output_bucket)
        candidates.append(Candidate(orchestration, match, unreadable=unreadable))
    return candidates


def match_trigger(orchestration: Orchestration, upload: Upload, output_bucket: str | None) -> TriggerMatch:
    """Return whether an orchestration accepts an upload, and why."""
    verdict, reason = _verdict(orchestration, upload, output_bucket)
    return TriggerMatch(orchestration=orchestration.name, verdict=verdict, reason=reason)


def _verdict(  # noqa: PLR0911 - one return per rule
    orchestration: Orchestration, upload: Upload, output_bucket: str | None
) -> tuple[Verdict, str]:
    trigger, key = orchestration.trigger, key_in_tenant(upload.tenant, upload.key)
    if upload.bucket == output_bucket:
        return Verdict.OWN_OUTPUT, "outputs never start tasks"
    if upload.size == 0 or upload.key.endswith("/"):
        return Verdict.EMPTY_OBJECT, "the object is empty or a folder"
    if not orchestration.enabled:
        return Verdict.NO_MATCH, "the orchestration is disabled"
    if trigger.bucket and trigger.bucket != upload.bucket:
        return (
            Verdict.NO_MATCH,
            f"the trigger accepts objects from bucket {trigger.bucket}, not from {upload.bucket}",
        )
    if not key.startswith(trigger.prefix):
        return Verdict.NO_MATCH, f"the trigger accepts keys that begin with {trigger.prefix!r}"
    wanted = frozenset(trigger.formats) or MEDIA_FORMATS
    found = format_of(key)
    if found not in wanted:
        problem = f"unsupported format {found!r}" if found else "the file name has no extension"
        return Verdict.WRONG_FORMAT, f"{problem}; the trigger accepts {', '.join(sorted(wanted))}"
    return Verdict.MATCHED, f"the key begins with {trigger.prefix!r} and its format is {found}"


def refusal_decision(upload: Upload, candidates: Sequence[Candidate]) -> UploadDecision:
    """Return the decision on an upload that no orchestration accepts: the verdict of the closest match."""
    matches = {candidate.match.verdict: candidate.match for candidate in reversed(candidates)}
    for verdict in (Verdict.OWN_OUTPUT, Verdict.EMPTY_OBJECT):
        if verdict in matches:
            return UploadDecision(upload, verdict, matches[verdict].reason)
    if closest := matches.get(Verdict.WRONG_FORMAT):
        return UploadDecision(upload, Verdict.WRONG_FORMAT, closest.reason, closest.orchestration)
    return UploadDecision(upload, Verdict.NO_MATCH, "no enabled orchestration matches this bucket and key")


def predicted_decision(upload: Upload, candidates: Sequence[Candidate]) -> UploadDecision:
    """Return the decision that planned candidates would lead to."""
    accepting = [candidate for candidate in candidates if candidate.accepts]
    planned = [candidate for candidate in accepting if candidate.subtasks]
    if not accepting:
        return refusal_decision(upload, candidates)
    if not planned:
        match = accepting[0].match
        return UploadDecision(upload, match.verdict, match.reason, match.orchestration)
    reason = f"{len(planned)} task{'s' if len(planned) > 1 else ''} would be created"
    only = planned[0].orchestration.name if len(planned) == 1 else None
    return UploadDecision(upload, Verdict.MATCHED, reason, only)
