"""Make the subtasks of a task from documents: fill in templates and defaults, and check everything. No I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.domain.condition import condition_fields, parse_condition
from shared.domain.matching import Candidate
from shared.domain.orchestration import MAX_FAULTS, SubtaskDocument, Template, list_faults, numbers_by_name
from shared.domain.subtask import Subtask, SubtaskType
from shared.domain.upload import Verdict
from shared.domain.validation_messages import relevant_errors, validation_message
from shared.errors import NewerVersion, RequestRejected
from shared.operations import OPERATIONS
from shared.stores.task_codec import MAX_PLAN_BYTES, plan_size

# By name; the error stands for a template that only a newer version of Reelmill can read.
Templates = Mapping[str, Template | NewerVersion]


class Planner:
    """Plans each orchestration once, with templates that were read before."""

    def __init__(self, templates: Templates) -> None:
        """Plan with these templates."""
        self._templates = templates
        self._plans: dict[str, tuple[Subtask, ...] | RequestRejected] = {}

    def plan(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Return the candidates; each that matches has its subtasks, or the reason why it can't be planned."""
        return [self._with_plan(one) if one.match.verdict is Verdict.MATCHED else one for one in candidates]

    def _with_plan(self, candidate: Candidate) -> Candidate:
        name = candidate.orchestration.name
        if name not in self._plans:
            self._plans[name] = candidate.unreadable or self._subtasks(candidate)
        plan = self._plans[name]
        if isinstance(plan, RequestRejected):  # the orchestration was valid when it was stored
            invalid = candidate.with_verdict(Verdict.INVALID_ORCHESTRATION, plan.message)
            return replace(invalid, unreadable=plan if isinstance(plan, NewerVersion) else None)
        return replace(candidate, subtasks=plan)

    def _subtasks(self, candidate: Candidate) -> tuple[Subtask, ...] | RequestRejected:
        try:
            return plan_subtasks(self._templates, candidate.orchestration.subtasks)
        except RequestRejected as error:
            return error


def plan_subtasks(templates: Templates, documents: Iterable[SubtaskDocument]) -> tuple[Subtask, ...]:
    """Return the subtasks that the documents describe, with templates and defaults filled in.

    Raise RequestRejected if a document is invalid or the subtasks together are too large for a task's item,
    NewerVersion if this version can't read a template.
    """
    documents = tuple(documents)
    numbers = numbers_by_name(documents)
    planned: list[Subtask] = []
    faults: list[RequestRejected] = []
    size = 0
    for document in documents:
        params: Mapping[str, Any] = {}
        with collect_faults(faults):
            params = merge_params(templates, document)
        with collect_faults(faults):
            check_condition_fields(document, documents)
        subtask = Subtask(
            no=numbers[document.name],
            name=document.name,
            type=document.type,
            params=params,
            template=document.template,
            needs=tuple(sorted(numbers[name] for name in document.predecessors)),
            input=numbers[document.input] if document.input else None,
            file_name=document.file_name,
            when=document.when,
        )
        planned.append(subtask)
        size += plan_size(subtask)
        if size > MAX_PLAN_BYTES:  # checked here, because planning fifty huge subtasks to the end would take seconds
            message = (
                f"the subtasks up to {document.name} take {size // 1024} KB with their templates, and the limit of a "
                f"task is {MAX_PLAN_BYTES // 1024} KB: shorten the parameters, or divide the subtasks among several "
                "orchestrations or tasks"
            )
            raise RequestRejected(message, code="TaskTooLarge")
    if faults:
        raise join_faults(faults)
    return tuple(planned)


@contextmanager
def collect_faults(faults: list[RequestRejected]) -> Iterator[None]:
    """Append what is found invalid inside to the faults; a document that this version can't read ends the search."""
    try:
        yield
    except NewerVersion:
        raise
    except RequestRejected as error:
        faults.append(error)


def join_faults(faults: Sequence[RequestRejected]) -> RequestRejected:
    """Return one error for all faults of a document: a person who mends one should not find the next one only then."""
    if len(faults) == 1:
        return faults[0]
    parts = [{"code": fault.code, "message": fault.message, **(fault.details or {})} for fault in faults[:MAX_FAULTS]]
    sentence = list_faults([fault.message for fault in faults])
    return RequestRejected(sentence, code=faults[0].code, details={"faults": parts})


def check_condition_fields(document: SubtaskDocument, documents: Iterable[SubtaskDocument]) -> None:
    """Raise RequestRejected if a subtask's condition names a field that its predecessor never returns."""
    types = {other.name: other.type for other in documents}
    for field in condition_fields(parse_condition(document.when)) if document.when else ():
        kind = types[field.subtask]
        result = OPERATIONS[kind].result
        known = {info.alias or name for name, info in result.model_fields.items()} if result else set()
        if field.name not in known:
            choice = f"{kind} returns {', '.join(sorted(known))}" if known else f"{kind} returns no fields"
            message = f"subtask {document.name}: the result of {field.subtask} has no field {field.name}; {choice}"
            raise RequestRejected(message, code="InvalidCondition")


def merge_params(templates: Templates, document: SubtaskDocument) -> Mapping[str, Any]:
    """Return a subtask's parameters, checked: those of its template, with its own in their place."""
    where = f"subtask {document.name}"
    base: Mapping[str, Any] = {}
    if document.template:
        template = templates.get(document.template)
        if template is None:
            message = f"{where}: there is no template {document.template}; store it first, or name another"
            raise RequestRejected(message, code="UnknownTemplate")
        if isinstance(template, NewerVersion):
            raise template
        if template.operation is not document.type:
            message = (
                f"{where} has the type {document.type}, but the template {template.name} is for {template.operation}; "
                "change one of them"
            )
            raise RequestRejected(message, code="WrongTemplate")
        base = template.params
    return check_params(document.type, overlay_params(base, document.params), where)


def overlay_params(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `over` in their place, group by group."""
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[name] = overlay_params(below, value)
        else:
            merged[name] = value
    return merged


def check_params(operation: SubtaskType, params: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the parameters that are set, in the API's spelling; raise RequestRejected if one is invalid."""
    model: type[BaseModel] = OPERATIONS[operation].params
    try:
        checked = model.model_validate(params)
    except ValidationError as error:
        problems = parameter_problems(error, params)
        sentence = "; ".join(
            f"{one['where']}: {one['problem']}" if one["where"] else one["problem"] for one in problems
        )
        message = f"{where} has invalid parameters: {sentence}"
        raise RequestRejected(message, code="InvalidParameters", details={"parameters": problems}) from error
    return checked.model_dump(mode="json", by_alias=True, exclude_unset=True)


def parameter_problems(error: ValidationError, document: object) -> list[dict[str, str]]:
    """Return each problem of a document and its place; what pydantic adds about its own types is left out."""
    found = relevant_errors(error.errors(include_url=False))
    # Pydantic reports a value of several forms once per form. That it isn't the single word is the least helpful.
    helpful = [e for e in found if not (e["type"] == "literal_error" and str(e["loc"][-1]).startswith("literal"))]
    return [{"where": ".".join(_path(e["loc"], document)), "problem": validation_message(e)} for e in helpful or found]


def _path(steps: Iterable[str | int], document: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield those of pydantic's steps that lead through the document: the others name forms that pydantic tried."""
    for step in steps:
        known = isinstance(document, Mapping | list | tuple)
        if known and step in (document if isinstance(document, Mapping) else range(len(document))):
            document = document[step]
            yield str(step)
