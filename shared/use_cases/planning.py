"""Subtask rules become the subtasks of a task: templates and defaults filled in, and everything checked. No I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.domain.condition import fields_in, parsed
from shared.domain.matching import Candidate
from shared.domain.orchestration import SubtaskRule, Template, by_name
from shared.domain.subtask import Subtask, SubtaskType
from shared.domain.upload import Verdict
from shared.domain.validation_messages import in_words, true_ones
from shared.errors import NewerVersion, RequestRejected
from shared.operations import OPERATIONS
from shared.stores.task_codec import MAX_PLAN_BYTES, stored_size

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
        return [self._planned(one) if one.match.verdict is Verdict.MATCHED else one for one in candidates]

    def _planned(self, candidate: Candidate) -> Candidate:
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


def plan_subtasks(templates: Templates, rules: Iterable[SubtaskRule]) -> tuple[Subtask, ...]:
    """Return the subtasks that the rules ask for, templates and defaults filled in.

    Raise RequestRejected if a rule is wrong or the subtasks together are too large for a task's item, NewerVersion if
    a template can't be read.
    """
    rules = tuple(rules)
    numbers = by_name(rules)
    planned: list[Subtask] = []
    size = 0
    for rule in rules:
        subtask = Subtask(
            no=numbers[rule.name],
            name=rule.name,
            type=rule.type,
            params=planned_params(templates, rule),
            template=rule.template,
            needs=tuple(sorted(numbers[name] for name in rule.predecessors)),
            input=numbers[rule.input] if rule.input else None,
            file_name=rule.file_name,
            when=checked_when(rule, rules),
        )
        planned.append(subtask)
        size += stored_size(subtask)
        if size > MAX_PLAN_BYTES:  # checked here, because planning fifty huge subtasks to the end would take seconds
            message = (
                f"the subtasks up to {rule.name} take {size // 1024} KB with their templates, and a task may take "
                f"{MAX_PLAN_BYTES // 1024} KB: shorten the parameters, or divide the subtasks among several "
                "orchestrations or tasks"
            )
            raise RequestRejected(message, code="TaskTooLarge")
    return tuple(planned)


def checked_when(rule: SubtaskRule, rules: Iterable[SubtaskRule]) -> str | None:
    """Return a subtask's condition; raise RequestRejected if it asks for a field that its predecessor never returns."""
    types = {other.name: other.type for other in rules}
    for field in fields_in(parsed(rule.when)) if rule.when else ():
        result = OPERATIONS[types[field.subtask]].result
        known = {info.alias or name for name, info in result.model_fields.items()} if result else set()
        if field.name not in known:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            message = f"subtask {rule.name}: {field.subtask}, a {types[field.subtask]}, finds no {field.name}; {has}"
            raise RequestRejected(message, code="InvalidRule")
    return rule.when


def planned_params(templates: Templates, rule: SubtaskRule) -> Mapping[str, Any]:
    """Return a subtask's parameters: the template's, overlaid by its own, checked."""
    where = f"subtask {rule.name}"
    base: Mapping[str, Any] = {}
    if rule.template:
        template = templates.get(rule.template)
        if template is None:
            message = f"{where}: there is no template {rule.template}"
            raise RequestRejected(message, code="UnknownTemplate")
        if isinstance(template, NewerVersion):
            raise template
        if template.operation is not rule.type:
            message = f"{where} is a {rule.type}, but the template {template.name} is for {template.operation}"
            raise RequestRejected(message, code="WrongTemplate")
        base = template.params
    return checked_params(rule.type, overlaid_params(base, rule.params), where)


def overlaid_params(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `over` in it, group by group."""
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[name] = overlaid_params(below, value)
        else:
            merged[name] = value
    return merged


def checked_params(operation: SubtaskType, params: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return parameters in the API's spelling, as far as they are set; raise RequestRejected if one is wrong."""
    model: type[BaseModel] = OPERATIONS[operation].params
    try:
        checked = model.model_validate(params)
    except ValidationError as error:
        wrong = problems(error, params)
        sentence = "; ".join(f"{one['where']}: {one['problem']}" if one["where"] else one["problem"] for one in wrong)
        message = f"{where} has wrong parameters: {sentence}"
        raise RequestRejected(message, code="InvalidParameters", details={"parameters": wrong}) from error
    return checked.model_dump(mode="json", by_alias=True, exclude_unset=True)


def problems(error: ValidationError, document: object) -> list[dict[str, str]]:
    """Return where a document is wrong, and how; what pydantic adds about its own types is left out."""
    found = true_ones(error.errors(include_url=False))
    # Pydantic reports a value of several forms once per form; that it isn't the one word says the least.
    telling = [e for e in found if not (e["type"] == "literal_error" and str(e["loc"][-1]).startswith("literal"))]
    return [{"where": ".".join(_path(e["loc"], document)), "problem": in_words(e)} for e in telling or found]


def _path(steps: Iterable[str | int], document: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield those of pydantic's steps that lead through the document: the others name forms that it tried."""
    for step in steps:
        known = isinstance(document, Mapping | list | tuple)
        if known and step in (document if isinstance(document, Mapping) else range(len(document))):
            document = document[step]
            yield str(step)
