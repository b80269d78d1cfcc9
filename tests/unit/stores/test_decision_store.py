"""Verdicts on uploads: one per upload, however it is reported, and lists by time and by key."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.ids import sortable_id
from shared.domain.page_token import write_token
from shared.domain.upload import REFUSALS, Upload, UploadDecision, Verdict
from shared.errors import RequestRejected, ServiceBusy
from shared.stores.decision_store import KEPT_SECONDS, MAX_CONFLICTS, READ_PER_PAGE, DecisionFilter
from tests.support.deployment import BEGINNING, ClockedServices, client
from tests.support.factories import make_decision, make_upload
from tests.support.outages import calls, meanwhile, outage

NO_MATCH = Verdict.NO_MATCH
MATCHED = Verdict.MATCHED
UNMADE = (Verdict.INVALID_ORCHESTRATION, Verdict.SUPERSEDED)  # taken, but no task came of it


def a_refusal(services: ClockedServices, verdict: Verdict = NO_MATCH, **changes: Any) -> UploadDecision:  # noqa: ANN401
    return make_decision(make_upload(**{"at": services.now(), **changes}), verdict=verdict)


def a_match(services: ClockedServices, name: str = "web", task_id: str = "T1", **changes: Any) -> UploadDecision:  # noqa: ANN401
    upload = make_upload(**{"at": services.now(), **changes})
    return make_decision(upload, verdict=MATCHED, reason="task created", orchestration=name, task_id=task_id)


def noted(services: ClockedServices, *decisions: UploadDecision) -> list[UploadDecision]:
    """Note each; return what stood then."""
    return [services.decisions.put_if_absent(decision, services.now()) for decision in decisions]


def listed(services: ClockedServices, limit: int = 100, **wanted: Any) -> list[UploadDecision]:  # noqa: ANN401
    """Return all pages of a list."""
    found: list[UploadDecision] = []
    token = None
    while True:
        page = services.decisions.page(DecisionFilter(**wanted), limit, token)
        found += page.items
        token = page.next_token
        if token is None:
            return found


def items() -> list[dict[str, Any]]:
    """Return what lies in the table."""
    found: list[dict[str, Any]] = client("dynamodb").scan(TableName="UploadsTable")["Items"]
    return found


@pytest.mark.parametrize(
    "decision",
    [
        UploadDecision(Upload("input", "a.mp4", 0, "", 0), NO_MATCH, ""),
        UploadDecision(
            Upload("input", "Ü +%/予告編 😀.mp4", 5, "etag", BEGINNING, "v1", "0A", "", "other"), NO_MATCH, "why"
        ),
        UploadDecision(
            Upload("input", "a.mp4", 5 * 1024**4, "e-9", BEGINNING, None, "0A", "x@1"), MATCHED, "", "web", "T"
        ),
        UploadDecision(Upload("input", "k" * 1024, 1, "", BEGINNING), Verdict.WRONG_FORMAT, "r" * 2000, "closest"),
    ],
)
def test_a_verdict_is_found_as_it_was_noted(services: ClockedServices, decision: UploadDecision) -> None:
    assert noted(services, decision) == [decision]

    assert listed(services, tenant=decision.upload.tenant) == [decision]
    assert listed(services, tenant=decision.upload.tenant, key=decision.upload.key) == [decision]


def test_an_empty_text_lies_there_empty_and_what_is_missing_does_not_lie_there(services: ClockedServices) -> None:
    noted(services, a_refusal(services, sequencer="", e_tag="", version_id=None))

    (item,) = items()
    assert (item["sequencer"], item["e_tag"], item["alias"]) == ({"S": ""}, {"S": ""}, {"S": ""})
    assert not item.keys() & {"version_id", "orchestration", "task_id"}


def test_a_verdict_is_kept_for_ninety_days_from_when_it_is_noted_however_old_its_upload_is(
    services: ClockedServices,
) -> None:
    noted(services, a_refusal(services, at=0))
    services.decisions.identify(make_upload(version_id=None, at=0), services.now())

    assert {item["expires_at"]["N"] for item in items()} == {str(services.now() // 1000 + KEPT_SECONDS)}
    assert KEPT_SECONDS == 90 * 24 * 3600


def test_the_same_upload_has_one_verdict_for_every_reporter(services: ClockedServices) -> None:
    by_event = a_match(services, task_id="T1")
    by_another_clock = a_match(services, task_id="T2", at=services.now() - 123, sequencer="")

    assert noted(services, by_event, by_another_clock, by_event) == [by_event] * 3
    assert listed(services) == [by_event]


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.DUPLICATE])
def test_what_was_matched_stays_matched_to_its_first_task(services: ClockedServices, verdict: Verdict) -> None:
    first = a_match(services)
    again = replace(first, verdict=verdict, reason="another", task_id="T2" if verdict is MATCHED else None)

    assert noted(services, first, again) == [first, first]
    assert listed(services) == [first]


@pytest.mark.parametrize("verdict", [*REFUSALS, *UNMADE])
def test_what_had_no_task_is_matched_when_it_gets_one(services: ClockedServices, verdict: Verdict) -> None:
    before = replace(a_match(services), verdict=verdict, task_id=None)
    match = a_match(services)

    assert noted(services, before, match) == [before, match]
    assert listed(services) == [match]


def test_a_refusal_takes_the_place_of_another(services: ClockedServices) -> None:
    refusals = [a_refusal(services, verdict) for verdict in (NO_MATCH, Verdict.WRONG_FORMAT, NO_MATCH)]

    assert noted(services, *refusals) == refusals
    assert listed(services) == refusals[-1:]


def test_a_refusal_that_was_stored_without_a_schema_version_is_replaced_too(services: ClockedServices) -> None:
    refused = a_refusal(services)
    noted(services, refused)
    (item,) = items()
    del item["schema_version"]
    client("dynamodb").put_item(TableName="UploadsTable", Item=item)

    assert noted(services, a_match(services))[0].verdict is Verdict.MATCHED


@pytest.mark.parametrize("verdict", [MATCHED, *UNMADE])
def test_an_upload_that_an_orchestration_took_is_not_refused_later(services: ClockedServices, verdict: Verdict) -> None:
    taken = replace(a_match(services), verdict=verdict, task_id="T" if verdict is MATCHED else None)

    assert noted(services, taken, a_refusal(services)) == [taken, taken]
    assert listed(services) == [taken]


def test_each_orchestration_that_takes_an_upload_has_its_own_verdict(services: ClockedServices) -> None:
    matches = [a_match(services, name, task_id=name) for name in ("a", "b", "c")]
    broken = UploadDecision(make_upload(at=services.now()), Verdict.INVALID_ORCHESTRATION, "its template is gone", "d")

    noted(services, a_refusal(services), *matches, broken)

    assert noted(services, broken, *reversed(matches)) == [broken, *reversed(matches)]
    assert sorted(listed(services), key=lambda found: found.orchestration or "") == [*matches, broken]


def test_two_that_could_make_no_task_do_not_hide_each_other(services: ClockedServices) -> None:
    broken = [replace(a_match(services, name), verdict=UNMADE[0], task_id=None) for name in ("a", "b")]

    noted(services, *broken, *broken)

    assert sorted(listed(services), key=lambda found: found.orchestration or "") == broken


@pytest.mark.parametrize("name", ["web", "other"])
def test_of_two_decisions_noted_at_the_same_moment_the_first_one_stands(services: ClockedServices, name: str) -> None:
    first, second = a_match(services), a_match(services, name, task_id="T2")

    with meanwhile("PutItem", lambda: noted(services, first)):
        found = noted(services, second)

    assert found == ([first] if name == "web" else [second])
    assert set(listed(services)) == {first, *found}


def test_a_verdict_whose_time_is_over_between_two_looks_makes_way(services: ClockedServices) -> None:
    match = a_match(services)
    noted(services, replace(match, task_id="T0"))

    def forget() -> None:
        for item in items():
            client("dynamodb").delete_item(TableName="UploadsTable", Key={"pk": item["pk"]})

    with meanwhile("GetItem", forget):
        assert noted(services, match) == [match]


def test_an_answer_that_was_lost_changes_nothing(services: ClockedServices) -> None:
    match = a_match(services)
    with outage("PutItem", done=True), pytest.raises(ServiceBusy):
        noted(services, match)

    assert noted(services, a_match(services, task_id="T2")) == [match]


def test_verdicts_are_listed_by_the_time_of_their_uploads_the_newest_first(services: ClockedServices) -> None:
    matches = [a_match(services, version_id=f"v{n}", at=services.now() + n) for n in range(30)]
    noted(services, *matches[::2], *matches[1::2])

    for limit in (1, 7, 30, 100):
        assert listed(services, limit) == matches[::-1]


def test_a_page_is_as_long_as_was_asked_for_and_only_the_last_one_has_no_token(services: ClockedServices) -> None:
    noted(services, *(a_refusal(services, version_id=f"v{n}") for n in range(5)))

    page = services.decisions.page(DecisionFilter(), 3)
    rest = services.decisions.page(DecisionFilter(), 3, page.next_token)

    assert (len(page.items), len(rest.items)) == (3, 2)
    assert (page.next_token is None, rest.next_token) == (False, None)
    assert services.decisions.page(DecisionFilter(), 5).next_token is None


def test_verdicts_are_listed_by_key(services: ClockedServices) -> None:
    versions = [a_refusal(services, key="uploads/a.mp4", version_id=f"v{n}", at=services.now() + n) for n in range(4)]
    elsewhere = a_refusal(services, key="uploads/a.mp4", bucket="other")
    noted(services, *versions, elsewhere, a_refusal(services, key="uploads/a.mp4.mp4"))

    assert listed(services, 3, key="uploads/a.mp4")[:-2] == versions[:0:-1]
    assert set(listed(services, 3, key="uploads/a.mp4")) == {*versions, elsewhere}
    assert listed(services, key="uploads/") == []
    assert listed(services, key="") == []
    assert listed(services, key="ü" * 1024) == []


def test_verdicts_are_listed_between_two_times(services: ClockedServices) -> None:
    matches = [a_match(services, version_id=f"v{n}", at=services.now() + n) for n in range(10)]
    noted(services, *matches)

    for key in (None, matches[0].upload.key):
        between = listed(services, 2, key=key, after=services.now() + 3, before=services.now() + 6)
        assert between == matches[6:2:-1]
        assert listed(services, key=key, after=services.now() + 10) == []
        assert listed(services, key=key, after=services.now() + 6, before=services.now() + 3) == []
        assert listed(services, key=key, after=-(10**9), before=-1) == []


def test_verdicts_are_listed_by_what_they_say(services: ClockedServices) -> None:
    verdicts = [NO_MATCH, Verdict.EMPTY_OBJECT, NO_MATCH, Verdict.WRONG_FORMAT, NO_MATCH]
    noted(services, *(a_refusal(services, v, version_id=f"v{n}", at=BEGINNING + n) for n, v in enumerate(verdicts)))

    assert [found.upload.version_id for found in listed(services, 2, verdict=NO_MATCH)] == ["v4", "v2", "v0"]
    assert [found.upload.version_id for found in listed(services, verdict=Verdict.EMPTY_OBJECT)] == ["v1"]
    assert listed(services, verdict=MATCHED) == []


def test_a_page_reads_only_so_many_verdicts_in_search_of_the_right_ones(
    services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.stores.decision_store.READ_PER_PAGE", 10)
    noted(
        services,
        a_match(services),
        *(a_refusal(services, version_id=f"n{n}", at=services.now() + 1 + n) for n in range(25)),
    )

    pages = [services.decisions.page(DecisionFilter(verdict=MATCHED), 5)]
    while pages[-1].next_token:
        pages.append(services.decisions.page(DecisionFilter(verdict=MATCHED), 5, pages[-1].next_token))

    assert [len(page.items) for page in pages] == [0, 0, 1]
    assert READ_PER_PAGE == 1000


def test_a_page_costs_the_same_however_many_verdicts_there_are(services: ClockedServices) -> None:
    def cost(**wanted: Any) -> list[str]:  # noqa: ANN401
        with calls() as made:
            services.decisions.page(DecisionFilter(**wanted), 5)
        return made

    noted(services, *(a_refusal(services, version_id=f"v{n}") for n in range(40)))
    few = [cost(), cost(key="uploads/clip.mp4")]
    noted(services, *(a_refusal(services, version_id=f"v{n}") for n in range(40, 240)))

    assert [cost(), cost(key="uploads/clip.mp4")] == few == [["Query"] * 4, ["Query"]]


def test_one_tenant_sees_nothing_of_another(services: ClockedServices) -> None:
    other = a_refusal(services, tenant="other")
    noted(services, a_refusal(services), other)

    assert listed(services, tenant="other") == [other]
    assert listed(services, tenant="other", key=other.upload.key) == [other]
    assert len(listed(services)) == 1


def test_verdicts_that_come_while_one_pages_neither_hide_nor_repeat_any(services: ClockedServices) -> None:
    before = [a_refusal(services, version_id=f"v{n}", at=services.now() + n) for n in range(6)]
    noted(services, *before)

    page = services.decisions.page(DecisionFilter(), 3)
    noted(services, *(a_refusal(services, version_id=f"w{n}", at=services.now() + n) for n in range(10, 20)))
    rest = services.decisions.page(DecisionFilter(), 100, page.next_token)

    assert [*page.items, *rest.items] == before[::-1]


@pytest.mark.parametrize("wanted", [{"key": "a"}, {"verdict": MATCHED}, {"after": 5}, {"tenant": "other"}])
def test_a_token_fits_no_other_list(services: ClockedServices, wanted: dict[str, Any]) -> None:
    noted(services, a_refusal(services), a_refusal(services, version_id="v2"))
    token = services.decisions.page(DecisionFilter(), 1).next_token

    with pytest.raises(RequestRejected, match="nextToken") as refused:
        services.decisions.page(DecisionFilter(**wanted), 1, token)

    assert refused.value.code == "InvalidNextToken"


def test_a_token_that_was_forged_shows_nothing_that_the_list_would_not(services: ClockedServices) -> None:
    mine = a_refusal(services)
    noted(services, mine, a_refusal(services, tenant="other"))

    forged = write_token(sortable_id(services.now() + 10**6, b""), DecisionFilter())

    assert services.decisions.page(DecisionFilter(), 10, forged).items == (mine,)


@pytest.mark.parametrize(
    ("call", "act"),
    [
        ("PutItem", lambda services: noted(services, a_refusal(services))),
        ("GetItem", lambda services: noted(services, a_match(services), a_match(services))),
        (
            "GetItem",
            lambda services: services.decisions.identify(make_upload(version_id=None, at=services.now()), 0),
        ),
        (
            "UpdateItem",
            lambda services: services.decisions.identify(make_upload(version_id=None, at=services.now()), 0),
        ),
        ("Query", lambda services: services.decisions.page(DecisionFilter(), 1)),
    ],
    ids=["note", "note again", "what is known", "what is new", "list"],
)
def test_when_dynamodb_does_not_answer_the_caller_gets_a_temporary_error(
    services: ClockedServices, call: str, act: Callable[[ClockedServices], object]
) -> None:
    with outage(call), pytest.raises(ServiceBusy, match="DynamoDB did not answer"):
        act(services)


def recognized(services: ClockedServices, upload: Upload) -> tuple[str, bool]:
    """Return the name of an upload's object, and whether it is superseded."""
    named, superseded = services.decisions.identify(upload, services.now())
    return named.name, superseded


def test_a_version_is_known_by_itself(services: ClockedServices) -> None:
    upload = make_upload(at=services.now())

    with calls() as made:
        assert services.decisions.identify(upload, services.now()) == (upload, False)

    assert made == []


def test_without_versions_the_order_of_the_writes_is_remembered(services: ClockedServices) -> None:
    writes = [make_upload(version_id=None, sequencer=text, at=BEGINNING) for text in ("0A", "0B", "0C")]

    assert recognized(services, writes[1]) == ("0B", False)
    assert recognized(services, writes[0]) == ("0A", True)
    assert recognized(services, writes[2]) == ("0C", False)
    assert recognized(services, writes[1]) == ("0B", True)
    assert recognized(services, writes[2]) == ("0C", False)


@pytest.mark.parametrize("changes", [{"bucket": "other"}, {"key": "uploads/b.mp4"}, {"tenant": "other"}])
def test_each_key_has_a_history_of_its_own(services: ClockedServices, changes: dict[str, Any]) -> None:
    recognized(services, make_upload(version_id=None, sequencer="0B", at=services.now()))

    assert recognized(services, make_upload(version_id=None, sequencer="0A", **{"at": services.now(), **changes})) == (
        "0A",
        False,
    )


def test_an_object_that_was_listed_is_known_again_when_its_event_comes(services: ClockedServices) -> None:
    event = make_upload(version_id=None, at=services.now())
    seen = replace(event, sequencer="", at=services.now() - 5000)

    assert recognized(services, seen) == (f"etag@{seen.at}", False)
    assert recognized(services, event) == (f"etag@{seen.at}", False)
    assert recognized(services, seen) == (f"etag@{seen.at}", False)


def test_what_is_known_already_is_not_written_again(services: ClockedServices) -> None:
    event = make_upload(version_id=None, at=services.now())
    recognized(services, event)

    with calls() as made:
        recognized(services, event)
        recognized(services, replace(event, sequencer=""))

    assert made == ["GetItem", "GetItem"]


def test_of_two_writes_reported_at_the_same_moment_the_later_one_stays_known(services: ClockedServices) -> None:
    early, late = (make_upload(version_id=None, sequencer=text, at=services.now()) for text in ("0A", "0B"))

    with meanwhile("UpdateItem", lambda: recognized(services, late)):
        assert recognized(services, early) == ("0A", True)

    assert recognized(services, late) == ("0B", False)


def test_a_key_that_changes_all_the_time_is_tried_again_later(services: ClockedServices) -> None:
    first, late = (make_upload(version_id=None, sequencer=text, at=services.now()) for text in ("0A", "0B"))
    recognized(services, first)

    def rival() -> None:
        (item,) = items()
        version = {"N": str(int(item["version"]["N"]) + 1)}
        client("dynamodb").put_item(TableName="UploadsTable", Item={**item, "version": version})

    with (
        meanwhile("UpdateItem", rival, times=MAX_CONFLICTS),
        pytest.raises(ServiceBusy, match="changes too fast"),
    ):
        recognized(services, late)

    assert recognized(services, late) == ("0B", False)
