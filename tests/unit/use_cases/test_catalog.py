"""The catalog: presets, versions, templates under a subtask's own parameters, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from shared.domain.orchestration import DocumentOrigin, SubtaskDocument
from shared.domain.subtask import Subtask
from shared.errors import Conflict, NotFound, RequestRejected, ServiceBusy
from shared.stores.presets import preset_orchestrations, preset_templates
from shared.use_cases.catalog import (
    ORCHESTRATION,
    TEMPLATE,
    delete_document,
    get_document,
    list_documents,
    read_templates,
    store_orchestration,
    store_template,
    switch_orchestration,
)
from shared.use_cases.planning import check_params, overlay_params, plan_subtasks
from tests.support.deployment import ClockedServices
from tests.support.factories import make_orchestration, make_template
from tests.support.outages import outage

PRESET = "web-video"
SUBTASK = {"name": "hd", "type": "TRANSCODE"}
LOOK = {"name": "look", "type": "INSPECT"}


def plan_rules(services: ClockedServices, rules: tuple[SubtaskDocument, ...]) -> tuple[Subtask, ...]:
    return plan_subtasks(read_templates(services, "main", rules), rules)


def planned(services: ClockedServices, **fields: Any) -> Any:  # noqa: ANN401
    """Return the parameters that a subtask would run with."""
    (subtask,) = plan_rules(services, make_orchestration(subtasks=[{**SUBTASK, **fields}]).subtasks)
    return subtask.params


@pytest.mark.parametrize("name", preset_orchestrations())
def test_every_orchestration_that_ships_can_be_planned(services: ClockedServices, name: str) -> None:
    found = get_document(services, ORCHESTRATION, "main", name)

    assert len(plan_rules(services, found.subtasks)) == len(found.subtasks)
    assert (found.kind, found.version) == (DocumentOrigin.PRESET, 1)


def test_a_condition_makes_a_subtask_wait_for_the_subtask_that_it_names(services: ClockedServices) -> None:
    rules = make_orchestration(subtasks=[LOOK, {**SUBTASK, "when": "look.score >= 80"}]).subtasks

    look, hd = plan_rules(services, rules)

    assert (hd.needs, hd.when, look.when) == ((1,), "look.score >= 80", None)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("look.beauty > 3", "the result of look has no field beauty; INSPECT returns .*score"),
        ("sd.score > 3", "the result of sd has no field score"),
    ],
)
def test_a_condition_that_asks_for_what_is_never_found_is_refused(
    services: ClockedServices, rule: str, problem: str
) -> None:
    others = [LOOK, {**SUBTASK, "name": "sd"}]
    document = make_orchestration(subtasks=[*others, {**SUBTASK, "when": rule}])

    with pytest.raises(RequestRejected, match=problem) as refused:
        store_orchestration(services, "main", document)

    assert refused.value.code == "InvalidCondition"


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("nobody.score > 3", "needs nobody, which is not one of the subtasks"),
        ("hd.score > 3", "in a circle"),
        ("look.score is good", "the condition isn.t valid at .is good."),
    ],
)
def test_a_condition_about_an_unknown_subtask_itself_or_nothing_is_refused(rule: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        make_orchestration(subtasks=[LOOK, {**SUBTASK, "when": rule}])


@pytest.mark.parametrize("name", preset_templates())
def test_every_template_that_ships_says_exactly_what_its_operation_takes(name: str) -> None:
    preset = preset_templates()[name]

    assert check_params(preset.operation, preset.params, name) == preset.params
    assert preset.summary


def test_a_stored_orchestration_is_found_as_it_was_put(services: ClockedServices) -> None:
    stored = store_orchestration(services, "main", make_orchestration(description="Überblick 😀"))

    assert (stored.version, stored.kind, stored.updated_at) == (1, DocumentOrigin.CUSTOM, services.now())
    assert get_document(services, ORCHESTRATION, "main", "mine") == stored
    assert [o.name for o in list_documents(services, ORCHESTRATION, "main").items] == sorted(
        ["mine", *preset_orchestrations()]
    )


def test_each_put_counts_one_up_and_the_last_one_stands(services: ClockedServices) -> None:
    versions = [store_orchestration(services, "main", make_orchestration(description=text)).version for text in "abc"]

    assert versions == [1, 2, 3]
    assert get_document(services, ORCHESTRATION, "main", "mine").description == "c"


def test_a_version_never_stands_for_two_documents(services: ClockedServices) -> None:
    store_orchestration(services, "main", make_orchestration(description="first"))
    store_template(services, "main", make_template())
    delete_document(services, ORCHESTRATION, "main", "mine")
    delete_document(services, TEMPLATE, "main", "small")

    assert store_orchestration(services, "main", make_orchestration(description="second")).version == 2
    assert store_template(services, "main", make_template()).version == 2


def test_a_preset_can_be_overridden_and_comes_back(services: ClockedServices) -> None:
    own = store_orchestration(services, "main", make_orchestration(PRESET))

    assert (own.version, own.kind) == (2, DocumentOrigin.CUSTOM)
    assert [found for found in list_documents(services, ORCHESTRATION, "main").items if found.name == PRESET] == [own]
    delete_document(services, ORCHESTRATION, "main", PRESET)
    assert get_document(services, ORCHESTRATION, "main", PRESET) == preset_orchestrations()[PRESET]
    assert store_orchestration(services, "main", make_orchestration(PRESET)).version == 3


def test_a_preset_cannot_be_deleted_but_disabled(services: ClockedServices) -> None:
    with pytest.raises(Conflict, match="disable it instead") as refused:
        delete_document(services, ORCHESTRATION, "main", PRESET)

    assert refused.value.code == "PresetIsReadOnly"
    assert not switch_orchestration(services, "main", PRESET, enabled=False).enabled
    assert not get_document(services, ORCHESTRATION, "main", PRESET).enabled


def test_switching_makes_a_version_only_when_it_changes_something(services: ClockedServices) -> None:
    store_orchestration(services, "main", make_orchestration(description="kept"))

    versions = [
        switch_orchestration(services, "main", "mine", enabled=enabled).version
        for enabled in (True, False, False, True)
    ]

    assert versions == [1, 2, 2, 3]
    assert get_document(services, ORCHESTRATION, "main", "mine").description == "kept"


def test_an_orchestration_whose_template_is_gone_can_be_disabled_but_not_enabled(services: ClockedServices) -> None:
    store_template(services, "main", make_template())
    store_orchestration(services, "main", make_orchestration(subtasks=[{**SUBTASK, "template": "small"}]))
    delete_document(services, TEMPLATE, "main", "small")

    assert not switch_orchestration(services, "main", "mine", enabled=False).enabled
    with pytest.raises(RequestRejected, match="subtask hd: there is no template small; store it first") as refused:
        switch_orchestration(services, "main", "mine", enabled=True)
    assert refused.value.code == "UnknownTemplate"


def test_one_tenant_sees_nothing_of_another(services: ClockedServices) -> None:
    store_orchestration(services, "other", make_orchestration())
    store_template(services, "other", make_template())

    assert [o.name for o in list_documents(services, ORCHESTRATION, "main").items] == sorted(preset_orchestrations())
    with pytest.raises(NotFound, match="there is no orchestration mine"):
        get_document(services, ORCHESTRATION, "main", "mine")
    with pytest.raises(NotFound, match="there is no template small"):
        get_document(services, TEMPLATE, "main", "small")


def test_what_is_not_there_cannot_be_read_switched_or_deleted(services: ClockedServices) -> None:
    for act in (get_document, delete_document):
        with pytest.raises(NotFound) as missing:
            act(services, ORCHESTRATION, "main", "nope")
        assert missing.value.code == "OrchestrationNotFound"
        with pytest.raises(NotFound) as missing:
            act(services, TEMPLATE, "main", "nope")
        assert missing.value.code == "TemplateNotFound"
    with pytest.raises(NotFound):
        switch_orchestration(services, "main", "nope", enabled=True)


def test_an_upgrade_that_ships_a_name_leaves_the_stored_document_in_place(services: ClockedServices) -> None:
    """The preset is new: a user stored a template under its name before."""
    stored = store_template(services, "main", make_template())
    shipped = stored.model_copy(update={"kind": DocumentOrigin.PRESET, "params": {}})
    upgraded = replace(TEMPLATE, presets=lambda: {"small": shipped})

    assert get_document(services, upgraded, "main", "small") == stored
    assert list_documents(services, upgraded, "main").items == (stored,)
    assert get_document(services, upgraded, "other", "small") == shipped


def test_templates_that_ship_are_read_only(services: ClockedServices) -> None:
    name = next(iter(preset_templates()))

    for act in (
        lambda: store_template(services, "main", make_template(name)),
        lambda: delete_document(services, TEMPLATE, "main", name),
    ):
        with pytest.raises(Conflict, match="ships with Reelmill") as refused:
            act()
        assert refused.value.code == "PresetIsReadOnly"
    assert get_document(services, TEMPLATE, "main", name).kind is DocumentOrigin.PRESET


def test_templates_are_listed_with_those_that_ship(services: ClockedServices) -> None:
    stored = store_template(services, "main", make_template("aaa"))

    listed = list_documents(services, TEMPLATE, "main").items

    assert listed[0] == stored
    assert [t.name for t in listed[1:]] == sorted(preset_templates())


def test_a_subtask_overrides_its_template_value_by_value(services: ClockedServices) -> None:
    store_template(services, "main", make_template())

    assert planned(services, template="small") == {"video": {"width": 640, "crf": 30}}
    assert planned(services, template="small", params={"video": {"crf": 20}, "container": "mkv"}) == {
        "container": "mkv",
        "video": {"width": 640, "crf": 20},
    }


def test_null_takes_a_value_of_the_template_back(services: ClockedServices) -> None:
    store_template(services, "main", make_template())

    assert planned(services, template="small", params={"video": {"crf": None, "bitrate": 900}}) == {
        "video": {"width": 640, "crf": None, "bitrate": 900}
    }


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": {"b": 1}}, {"a": "none"}, {"a": "none"}),
        ({"a": "none"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
    ],
)
def test_groups_are_overlaid_and_everything_else_replaced(
    base: dict[str, Any], over: dict[str, Any], merged: dict[str, Any]
) -> None:
    before = repr(base)

    assert overlay_params(base, over) == merged
    assert repr(base) == before


@pytest.mark.parametrize(
    ("fields", "place", "told"),
    [
        ({"params": {"video": {"crf": 99}}}, "video.crf", "must be at most 63"),
        ({"params": {"video": {"color": "red"}}}, "video.color", "unknown field"),
        ({"params": {"video": {"frame-rate": 5}}}, "video.frame-rate", "unknown field"),
        ({"params": {"audio": {"codec": "aiff"}}}, "audio.codec", "'aac'"),
        ({"params": {"container": "avi"}}, "container", "'mp4'"),
        (
            {"params": {"container": "webm", "video": {"codec": "h264"}}},
            "",
            "webm holds vp9 or av1, not h264",
        ),
        ({"params": {"video": "none", "audio": "none"}}, "", "request at least one of them"),
        ({"type": "SCREENSHOT", "params": {"at": [0, "soon"]}}, "at.1", "'soon' is not a valid time"),
    ],
)
def test_wrong_parameters_are_refused_with_their_place(
    services: ClockedServices, fields: dict[str, Any], place: str, told: str
) -> None:
    with pytest.raises(RequestRejected, match="subtask hd has invalid parameters") as refused:
        store_orchestration(services, "main", make_orchestration(subtasks=[{**SUBTASK, **fields}]))

    assert refused.value.code == "InvalidParameters"
    assert told in refused.value.message
    assert refused.value.details
    places = refused.value.details["parameters"]
    assert isinstance(places, list)
    (wrong,) = [one for one in places if told in one["problem"]]
    assert wrong["where"] == place
    assert "Value error" not in refused.value.message
    assert [o.name for o in list_documents(services, ORCHESTRATION, "main").items] == sorted(preset_orchestrations())


def test_what_only_the_template_and_the_subtask_together_get_wrong_is_refused(services: ClockedServices) -> None:
    store_template(services, "main", make_template())

    with pytest.raises(RequestRejected, match="give crf or bitrate, not both"):
        planned(services, template="small", params={"video": {"bitrate": 900}})


def test_an_orchestration_that_would_take_outputs_is_refused(services: ClockedServices) -> None:
    with pytest.raises(RequestRejected, match="outputs never start tasks") as refused:
        store_orchestration(services, "main", make_orchestration(trigger={"bucket": "output"}))

    assert refused.value.code == "OwnOutput"
    assert [o.name for o in list_documents(services, ORCHESTRATION, "main").items] == sorted(preset_orchestrations())


def test_a_template_with_wrong_parameters_is_not_stored(services: ClockedServices) -> None:
    with pytest.raises(RequestRejected, match="template small has invalid parameters: container"):
        store_template(services, "main", make_template(params={"container": "avi"}))

    assert len(list_documents(services, TEMPLATE, "main").items) == len(preset_templates())


def test_a_template_serves_its_own_operation_alone(services: ClockedServices) -> None:
    with pytest.raises(
        RequestRejected, match="has the type SCREENSHOT, but the template h264-720p is for TRANSCODE"
    ) as refused:
        planned(services, type="SCREENSHOT", template="h264-720p")

    assert refused.value.code == "WrongTemplate"


def test_parameters_are_stored_in_one_spelling_and_only_as_far_as_they_are_set(services: ClockedServices) -> None:
    assert planned(services, params={"copy_when_fits": True, "video": {"frame_rate": 25}}) == {
        "copyWhenFits": True,
        "video": {"frameRate": 25.0},
    }


def test_names_of_subtasks_become_numbers(services: ClockedServices) -> None:
    document = make_orchestration(
        subtasks=[
            {"name": "cover", "type": "SCREENSHOT", "input": "hd", "needs": ["sd"]},
            {"name": "sd", "type": "TRANSCODE"},
            {"name": "hd", "type": "TRANSCODE", "fileName": "x.{format}"},
        ]
    )

    cover, sd, hd = plan_rules(services, document.subtasks)

    assert (cover.no, cover.needs, cover.input) == (1, (2, 3), 3)
    assert (sd.no, sd.needs, sd.input) == (2, (), None)
    assert (hd.no, hd.file_name) == (3, "x.{format}")


def test_a_tenant_has_only_so_many_orchestrations_and_templates(
    services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.use_cases.catalog.MAX_STORED", 2)
    for name in ("a", "b"):
        store_orchestration(services, "main", make_orchestration(name))
        store_template(services, "main", make_template(name))

    with pytest.raises(Conflict, match="2 orchestrations are stored, which is the limit") as refused:
        store_orchestration(services, "main", make_orchestration("c"))
    with pytest.raises(Conflict, match="2 templates are stored, which is the limit"):
        store_template(services, "main", make_template("c"))

    assert refused.value.code == "CatalogFull"
    assert store_orchestration(services, "main", make_orchestration("a")).version == 2
    assert store_template(services, "main", make_template("a")).version == 2
    assert store_orchestration(services, "other", make_orchestration("c")).version == 1
    assert not switch_orchestration(services, "main", PRESET, enabled=False).enabled
    delete_document(services, ORCHESTRATION, "main", "b")
    delete_document(services, ORCHESTRATION, "main", PRESET)
    assert store_orchestration(services, "main", make_orchestration("c")).version == 1


def test_all_that_a_tenant_stores_takes_only_so_many_bytes(
    services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.use_cases.catalog.MAX_STORED_BYTES", 2000)
    store_orchestration(services, "main", make_orchestration("a", description="é" * 100))

    with pytest.raises(Conflict, match="all orchestrations together would take 2 KB, and") as refused:
        store_orchestration(services, "main", make_orchestration("b", description="é" * 100))

    assert refused.value.code == "CatalogFull"
    monkeypatch.setattr("shared.use_cases.catalog.MAX_STORED_BYTES", 0)
    assert store_orchestration(services, "main", make_orchestration("a", description="é")).version == 2
    with pytest.raises(Conflict):
        store_orchestration(services, "main", make_orchestration("a", description="é" * 100))


def test_of_two_changes_of_the_same_version_one_is_refused(services: ClockedServices) -> None:
    stored = store_orchestration(services, "main", make_orchestration())
    rivals = [stored.model_copy(update={"version": 2, "description": text}) for text in ("one", "two")]

    services.catalog.put("main", rivals[0])
    with pytest.raises(Conflict, match="another request changed") as refused:
        services.catalog.put("main", rivals[1])

    assert refused.value.code == "ChangedMeanwhile"
    assert get_document(services, ORCHESTRATION, "main", "mine").description == "one"


def test_a_late_writer_does_not_hide_a_newer_version(services: ClockedServices) -> None:
    first = store_orchestration(services, "main", make_orchestration())
    second, third = (first.model_copy(update={"version": version}) for version in (2, 3))

    services.catalog.put("main", third)
    services.catalog.put("main", second)

    assert get_document(services, ORCHESTRATION, "main", "mine") == third


def test_a_put_that_broke_off_halfway_does_not_block_the_next_one(services: ClockedServices) -> None:
    store_orchestration(services, "main", make_orchestration(description="a"))
    with outage("UpdateItem"), pytest.raises(ServiceBusy):
        store_orchestration(services, "main", make_orchestration(description="b"))

    assert get_document(services, ORCHESTRATION, "main", "mine").description == "a"
    assert store_orchestration(services, "main", make_orchestration(description="c")).version == 3
    assert get_document(services, ORCHESTRATION, "main", "mine").description == "c"


@pytest.mark.parametrize(
    ("call", "act"),
    [
        ("Query", lambda services: list_documents(services, ORCHESTRATION, "main")),
        ("GetItem", lambda services: get_document(services, ORCHESTRATION, "main", PRESET)),
        ("PutItem", lambda services: store_orchestration(services, "main", make_orchestration())),
        ("DeleteItem", lambda services: delete_document(services, ORCHESTRATION, "main", PRESET)),
    ],
)
def test_when_dynamodb_does_not_answer_the_caller_gets_a_temporary_error(
    services: ClockedServices, call: str, act: Callable[[ClockedServices], object]
) -> None:
    with outage(call), pytest.raises(ServiceBusy, match="DynamoDB did not answer"):
        act(services)


def test_all_faults_of_the_subtasks_are_told_at_once(services: ClockedServices) -> None:
    rules = [
        {"name": "a", "type": "SCREENSHOT", "params": {"at": ["10%"], "width": -1, "color": "red"}},
        {"name": "b", "type": "SCREENSHOT", "template": "nope"},
        {"name": "good", "type": "SCREENSHOT", "params": {"at": ["10%"]}},
        {"name": "c", "type": "SCREENSHOT", "params": {"at": ["110%"]}, "needs": ["good"], "when": "good.depth > 1"},
    ]

    with pytest.raises(RequestRejected) as refused:
        plan_rules(services, tuple(SubtaskDocument.model_validate(rule) for rule in rules))

    for fault in ("subtask a has invalid parameters", "width", "color", "no template nope", "has no field depth"):
        assert fault in refused.value.message
    assert refused.value.code == "InvalidParameters"
    assert refused.value.details
    faults: Any = refused.value.details["faults"]
    assert [(one["code"], one["message"].split()[1].rstrip(":")) for one in faults] == [
        ("InvalidParameters", "a"),
        ("UnknownTemplate", "b"),
        ("InvalidParameters", "c"),
        ("InvalidCondition", "c"),
    ]


def test_of_many_faults_a_message_names_the_first_ten(services: ClockedServices) -> None:
    rules = [{"name": f"s{no}", "type": "SCREENSHOT", "template": "nope"} for no in range(12)]

    with pytest.raises(RequestRejected, match=r"subtask s0.*subtask s9.*; and 2 more$") as refused:
        plan_rules(services, tuple(SubtaskDocument.model_validate(rule) for rule in rules))

    assert "subtask s10" not in refused.value.message
