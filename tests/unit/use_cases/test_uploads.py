"""Uploads become tasks, each object once, also with several events for it and when a step fails."""

from typing import Any

import pytest

from shared.domain.ids import time_prefix
from shared.domain.orchestration import SubtaskDocument, TemplateDocument
from shared.domain.subtask import SubtaskRef
from shared.domain.task import OrchestrationRef, Source, Task, TaskStatus
from shared.domain.upload import Upload, UploadDecision, Verdict
from shared.errors import ServiceBusy
from shared.stores.decision_store import DecisionFilter
from shared.stores.presets import preset_orchestrations
from shared.stores.task_queries import TaskFilter
from shared.use_cases.catalog import (
    TEMPLATE,
    delete_document,
    store_orchestration,
    store_template,
    switch_orchestration,
)
from shared.use_cases.tasks import read_task
from shared.use_cases.uploads import accept_upload, predict_decision
from tests.support.attempts import accepted, sent, swept
from tests.support.deployment import ClockedServices
from tests.support.factories import make_triggered_orchestration, make_upload
from tests.support.outages import calls, outage

SHOT = SubtaskDocument.model_validate({"name": "cover", "type": "SCREENSHOT"})
WEB = "web-video"


def break_one(services: ClockedServices, name: str = "broken") -> None:
    """Store an orchestration, and take away the template that it names."""
    template = {"name": "mine", "operation": "SCREENSHOT", "params": {}}
    store_template(services, "main", TemplateDocument.model_validate(template))
    store_orchestration(
        services, "main", make_triggered_orchestration(name, subtasks=[SHOT.model_copy(update={"template": "mine"})])
    )
    delete_document(services, TEMPLATE, "main", "mine")


def unversioned(services: ClockedServices, sequencer: str = "0A", **changes: Any) -> Upload:  # noqa: ANN401
    return make_upload(version_id=None, sequencer=sequencer, **{"at": services.now(), **changes})


def verdicts(found: list[UploadDecision]) -> list[tuple[str | None, Verdict]]:
    return [(decision.orchestration, decision.verdict) for decision in found]


def tasks(services: ClockedServices) -> tuple[Task, ...]:
    return services.task_queries.page(TaskFilter(), 100).items


def standing(services: ClockedServices) -> list[tuple[str | None, Verdict]]:
    """Return the verdicts that lists show."""
    return verdicts(list(services.decisions.page(DecisionFilter(), 100).items))


def test_an_upload_becomes_a_task_of_the_orchestration_that_takes_it(services: ClockedServices) -> None:
    (decision,) = accept_upload(services, make_upload(at=services.now()))

    task = services.tasks.get(decision.task_id or "")
    assert task
    assert (decision.verdict, decision.orchestration) == (Verdict.MATCHED, WEB)
    assert task.orchestration == OrchestrationRef(WEB, 1)
    assert task.source == Source("input", "uploads/clip.mp4", 1000, "etag", "v1")
    assert (task.status, task.created_at, task.unsent) == (TaskStatus.WAITING, services.now(), frozenset())
    assert sent(services) == [SubtaskRef(task.id, 1, 1), SubtaskRef(task.id, 1, 2), SubtaskRef(task.id, 1, 3)]
    assert services.decisions.page(DecisionFilter(), 10).items == (decision,)


def test_a_task_and_its_verdict_have_the_id_of_its_event_which_has_the_events_time(services: ClockedServices) -> None:
    at = services.now() - 5000

    (decision,) = accept_upload(services, make_upload(at=at))

    assert decision.task_id == decision.id
    assert decision.id.startswith(time_prefix(at))


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({"key": "elsewhere/clip.mp4"}, Verdict.NO_MATCH, "no enabled orchestration"),
        ({"bucket": "another", "key": "films/clip.mp4"}, Verdict.NO_MATCH, "no enabled orchestration"),
        ({"key": "uploads/notes.txt"}, Verdict.WRONG_FORMAT, "unsupported format 'txt'"),
        ({"size": 0}, Verdict.EMPTY_OBJECT, "empty"),
        ({"size": 0, "key": "elsewhere/notes.txt"}, Verdict.EMPTY_OBJECT, "empty"),
        ({"key": "uploads/new folder/"}, Verdict.EMPTY_OBJECT, "folder"),
        ({"size": 0, "key": "uploads/.mp4/"}, Verdict.EMPTY_OBJECT, "folder"),
        ({"bucket": "output"}, Verdict.OWN_OUTPUT, "outputs never start tasks"),
        ({"bucket": "output", "size": 0}, Verdict.OWN_OUTPUT, "outputs never start tasks"),
    ],
)
def test_an_upload_that_no_orchestration_takes_gets_a_verdict_and_no_task(
    services: ClockedServices, changes: dict[str, Any], verdict: Verdict, reason: str
) -> None:
    upload = make_upload(**{"at": services.now(), **changes})

    (found,) = accept_upload(services, upload)
    (again,) = accept_upload(services, upload)

    assert found == again
    assert (found.verdict, found.task_id) == (verdict, None)
    assert found.orchestration == (WEB if verdict is Verdict.WRONG_FORMAT else None)
    assert reason in found.reason
    assert sent(services) == []
    assert services.decisions.page(DecisionFilter(), 10).items == (found,)


def test_the_same_event_again_makes_no_second_task(services: ClockedServices) -> None:
    task = accepted(services)
    services.time += 5000

    (again,) = accept_upload(services, make_upload(at=task.created_at))

    assert (again.verdict, again.task_id) == (Verdict.DUPLICATE, task.id)
    assert tasks(services) == (task,)
    assert len(sent(services)) == 3
    assert standing(services) == [(WEB, Verdict.MATCHED)]


def test_another_report_of_the_same_version_by_another_clock_makes_no_second_task(services: ClockedServices) -> None:
    task = accepted(services)

    (again,) = accept_upload(services, make_upload(at=services.now() - 999, sequencer="", e_tag=""))

    assert (again.verdict, again.task_id) == (Verdict.DUPLICATE, task.id)
    assert tasks(services) == (task,)


@pytest.mark.parametrize(
    "changes",
    [
        {"version_id": "v2"},
        {"version_id": None, "sequencer": "0B"},
        {"key": "uploads/b.mp4"},
        {"bucket": "another"},
    ],
)
def test_another_object_at_the_same_moment_makes_another_task(
    services: ClockedServices, changes: dict[str, Any]
) -> None:
    first = accepted(services)

    assert accepted(services, make_upload(**{"at": services.now(), **changes})).id != first.id


def test_every_orchestration_that_takes_an_upload_makes_its_own_task(services: ClockedServices) -> None:
    store_orchestration(services, "main", make_triggered_orchestration("covers"))
    store_orchestration(services, "main", make_triggered_orchestration("texts", trigger={"formats": ["txt"]}))

    found = accept_upload(services, make_upload(at=services.now()))

    assert verdicts(found) == [("covers", Verdict.MATCHED), (WEB, Verdict.MATCHED)]
    assert len({decision.task_id for decision in found}) == len(tasks(services)) == 2
    assert sorted(standing(services), key=str) == verdicts(found)


@pytest.mark.parametrize(("own", "lane"), [(3, "urgent"), (0, "standard"), (-1, "background")])
def test_a_task_has_the_priority_of_its_orchestration(services: ClockedServices, own: int, lane: str) -> None:
    store_orchestration(services, "main", make_triggered_orchestration(WEB, priority=own))

    task = accepted(services)

    assert (task.priority, task.lane.lower()) == (own, lane)


def test_an_orchestration_that_has_lost_its_template_does_not_stop_the_others(services: ClockedServices) -> None:
    break_one(services)

    found = accept_upload(services, make_upload(at=services.now()))

    assert verdicts(found) == [("broken", Verdict.INVALID_ORCHESTRATION), (WEB, Verdict.MATCHED)]
    assert found[0].reason == "subtask cover: there is no template mine; store it first, or name another"
    assert verdicts(accept_upload(services, make_upload(at=services.now()))) == [
        ("broken", Verdict.INVALID_ORCHESTRATION),
        (WEB, Verdict.DUPLICATE),
    ]


def test_an_orchestration_that_was_repaired_makes_its_task_when_the_event_comes_again(
    services: ClockedServices,
) -> None:
    break_one(services)
    accept_upload(services, make_upload(at=services.now()))
    store_orchestration(services, "main", make_triggered_orchestration("broken"))

    found = accept_upload(services, make_upload(at=services.now()))

    assert verdicts(found) == [("broken", Verdict.MATCHED), (WEB, Verdict.DUPLICATE)]
    assert sorted(standing(services), key=str) == [("broken", Verdict.MATCHED), (WEB, Verdict.MATCHED)]


def test_a_disabled_orchestration_takes_nothing(services: ClockedServices) -> None:
    switch_orchestration(services, "main", WEB, enabled=False)

    (found,) = accept_upload(services, make_upload(at=services.now()))
    matches, _ = predict_decision(services, make_upload(at=services.now()))

    assert found.verdict is Verdict.NO_MATCH
    assert {(match.verdict, match.reason) for match in matches} == {(Verdict.NO_MATCH, "the orchestration is disabled")}


def test_an_upload_that_has_its_task_keeps_it_when_no_orchestration_would_take_it_any_more(
    services: ClockedServices,
) -> None:
    task = accepted(services)
    switch_orchestration(services, "main", WEB, enabled=False)

    (again,) = accept_upload(services, make_upload(at=services.now()))

    assert (again.verdict, again.task_id) == (Verdict.DUPLICATE, task.id)
    assert standing(services) == [(WEB, Verdict.MATCHED)]


def test_an_upload_that_no_orchestration_took_is_matched_once_one_does(services: ClockedServices) -> None:
    upload = make_upload(key="films/clip.mp4", at=services.now())
    accept_upload(services, upload)
    store_orchestration(services, "main", make_triggered_orchestration("films", trigger={"prefix": "films/"}))

    (found,) = accept_upload(services, upload)

    assert found.verdict is Verdict.MATCHED
    assert standing(services) == [("films", Verdict.MATCHED)]


def test_a_task_whose_messages_were_not_taken_is_sent_by_the_next_delivery(services: ClockedServices) -> None:
    with outage("SendMessageBatch"):
        task = accepted(services)
    assert task.unsent == {1, 2, 3}

    (again,) = accept_upload(services, make_upload(at=services.now()))

    assert again.verdict is Verdict.DUPLICATE
    assert [ref.no for ref in sent(services)] == [1, 2, 3]
    assert read_task(services, "main", task.id).unsent == frozenset()


def test_a_task_whose_messages_were_not_taken_is_sent_by_the_sweeper(services: ClockedServices) -> None:
    with outage("SendMessageBatch"):
        task = accepted(services)
    assert swept(services) == 0
    services.time += 60_000

    assert swept(services) == 1

    assert sent(services) == [SubtaskRef(task.id, 1, no) for no in (1, 2, 3)]
    assert read_task(services, "main", task.id).unsent == frozenset()
    assert swept(services) == 0


@pytest.mark.parametrize("after", [0, 1, 2])  # the verdict, the plan, the task
@pytest.mark.parametrize("done", [False, True])
def test_an_upload_that_dynamodb_did_not_take_raises_so_that_its_event_comes_again(
    services: ClockedServices, after: int, *, done: bool
) -> None:
    with outage("PutItem", after=after, done=done), pytest.raises(ServiceBusy):
        accept_upload(services, make_upload(at=services.now()))
    assert sent(services) == []

    (found,) = accept_upload(services, make_upload(at=services.now()))

    assert found.verdict is (Verdict.DUPLICATE if after == 2 and done else Verdict.MATCHED)
    assert [task.id for task in tasks(services)] == [found.task_id]
    assert len(sent(services)) == 3


def test_an_overwritten_object_whose_event_comes_late_is_superseded(services: ClockedServices) -> None:
    late, newest = unversioned(services, "0A", e_tag="old"), unversioned(services, "0B")
    task = accepted(services, newest)

    (found,) = accept_upload(services, late)

    assert (found.verdict, found.task_id) == (Verdict.SUPERSEDED, None)
    assert "a later upload of this key" in found.reason
    assert tasks(services) == (task,)
    assert set(standing(services)) == {(WEB, Verdict.MATCHED), (WEB, Verdict.SUPERSEDED)}
    assert accept_upload(services, late) == [found]


def test_with_versions_an_event_that_comes_late_makes_its_task_all_the_same(services: ClockedServices) -> None:
    accepted(services, make_upload(version_id="v2", sequencer="0B", at=services.now()))

    assert accepted(services, make_upload(version_id="v1", sequencer="0A", at=services.now())).source.version_id == "v1"


def test_a_task_that_a_verdict_names_is_made_even_if_a_later_write_came_before_it(services: ClockedServices) -> None:
    early, newest = unversioned(services, "0A", e_tag="old"), unversioned(services, "0B")
    with outage("PutItem", after=1), pytest.raises(ServiceBusy):  # of the verdict, and the task
        accept_upload(services, early)
    accepted(services, newest)

    (found,) = accept_upload(services, early)

    assert found.verdict is Verdict.MATCHED
    assert {task.id for task in tasks(services)} >= {found.task_id}
    assert standing(services) == [(WEB, Verdict.MATCHED)] * 2


def test_a_broken_orchestration_is_broken_also_for_an_overwritten_object(services: ClockedServices) -> None:
    switch_orchestration(services, "main", WEB, enabled=False)
    break_one(services)
    accept_upload(services, unversioned(services, "0B"))

    assert verdicts(accept_upload(services, unversioned(services, "0A"))) == [("broken", Verdict.INVALID_ORCHESTRATION)]


def test_a_task_that_can_no_longer_be_planned_is_not_claimed_to_be_there(services: ClockedServices) -> None:
    switch_orchestration(services, "main", WEB, enabled=False)
    store_orchestration(services, "main", make_triggered_orchestration("broken"))
    with outage("PutItem", after=1), pytest.raises(ServiceBusy):
        accept_upload(services, make_upload(at=services.now()))
    break_one(services)

    (found,) = accept_upload(services, make_upload(at=services.now()))
    assert (found.verdict, found.task_id) == (Verdict.INVALID_ORCHESTRATION, None)

    store_orchestration(services, "main", make_triggered_orchestration("broken"))
    assert verdicts(accept_upload(services, make_upload(at=services.now()))) == [("broken", Verdict.MATCHED)]


def test_a_duplicate_makes_no_task_when_its_orchestration_is_broken_by_now(services: ClockedServices) -> None:
    store_orchestration(services, "main", make_triggered_orchestration("broken"))
    first = accept_upload(services, make_upload(at=services.now()))
    break_one(services)

    again = accept_upload(services, make_upload(at=services.now()))

    assert [decision.task_id for decision in again] == [decision.task_id for decision in first]
    assert {decision.verdict for decision in again} == {Verdict.DUPLICATE}


def test_an_upload_takes_as_many_calls_as_it_always_did(services: ClockedServices) -> None:
    with calls() as first:
        accept_upload(services, make_upload(at=services.now()))
    with calls() as again:
        accept_upload(services, make_upload(at=services.now()))

    assert first == ["Query", "PutItem", "PutItem", "PutItem", "SendMessageBatch", "UpdateItem"]
    assert again == ["Query", "PutItem", "GetItem", "PutItem", "PutItem", "GetItem"]


def test_the_decision_on_an_upload_is_predicted_without_storing_anything(services: ClockedServices) -> None:
    store_orchestration(services, "main", make_triggered_orchestration("covers"))
    store_orchestration(services, "main", make_triggered_orchestration("texts", trigger={"formats": ["txt"]}))

    matches, outlook = predict_decision(services, make_upload(at=services.now()))

    assert {one.orchestration: one.verdict for one in matches} == {
        **dict.fromkeys(preset_orchestrations(), Verdict.NO_MATCH),
        "covers": Verdict.MATCHED,
        "texts": Verdict.WRONG_FORMAT,
        WEB: Verdict.MATCHED,
    }
    assert (outlook.verdict, outlook.reason) == (Verdict.MATCHED, "2 tasks would be created")
    assert (tasks(services), standing(services), sent(services)) == ((), [], [])


def test_what_a_single_orchestration_would_make_names_it(services: ClockedServices) -> None:
    _, outlook = predict_decision(services, make_upload(at=services.now()))

    assert (outlook.orchestration, outlook.reason, outlook.task_id) == (WEB, "1 task would be created", None)


def test_that_an_orchestration_is_broken_is_known_beforehand(services: ClockedServices) -> None:
    switch_orchestration(services, "main", WEB, enabled=False)
    break_one(services)

    matches, outlook = predict_decision(services, make_upload(at=services.now()))

    assert {one.orchestration: one.verdict for one in matches} == {
        **dict.fromkeys(preset_orchestrations(), Verdict.NO_MATCH),
        "broken": Verdict.INVALID_ORCHESTRATION,
    }
    assert (outlook.verdict, outlook.orchestration) == (Verdict.INVALID_ORCHESTRATION, "broken")
    assert outlook.reason == "subtask cover: there is no template mine; store it first, or name another"


def test_templates_are_read_with_the_orchestrations_in_one_query(services: ClockedServices) -> None:
    template = {"name": "mine", "operation": "SCREENSHOT", "params": {"at": [1]}}
    store_template(services, "main", TemplateDocument.model_validate(template))
    rules = [{"name": f"s{no}", "type": "SCREENSHOT", "template": "mine"} for no in range(5)]
    for name in ("one", "two"):
        store_orchestration(services, "main", make_triggered_orchestration(name, subtasks=rules))

    with calls() as made:
        predict_decision(services, make_upload(at=services.now()))

    assert made == ["Query"]
