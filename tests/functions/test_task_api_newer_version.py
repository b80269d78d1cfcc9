"""The API's lists name what a newer version of Reelmill stored, and the routes of one thing say why it is missing."""

import pytest

from shared.domain.upload import Verdict
from shared.services import Services
from shared.use_cases.uploads import accept_upload
from tests.functions.api_tasks import DOCUMENT, TEMPLATE, a_task
from tests.support.factories import make_upload
from tests.support.functions import Api
from tests.support.next_version import stamped


def test_the_list_of_tasks_names_those_that_only_a_newer_version_can_read(api: Api) -> None:
    unreadable = a_task(api)["taskId"]
    stamped("TasksTable", 2)
    readable = a_task(api)["taskId"]

    page = api.get("/tasks").json

    assert [task["taskId"] for task in page["tasks"]] == [readable]
    assert page["newerVersion"] == [unreadable]
    assert api.get("/tasks", taskId=unreadable[:20], status="WAITING").json["newerVersion"] == [unreadable]
    assert api.get("/tasks", status="COMPLETED").json["newerVersion"] == []
    shown = api.get(f"/tasks/{unreadable}")
    assert shown.code == "409 NewerVersion"
    assert shown.json["message"] == (
        f"a newer version of Reelmill stored task {unreadable}, and this version can't read it; "
        "deploy the newer version again"
    )
    acted = api.post("/tasks/bulk", {"action": "CANCEL", "filter": {"status": "WAITING"}}).json["results"]
    assert {one["taskId"]: one["error"] and one["error"]["code"] for one in acted} == {
        readable: None,
        unreadable: "NewerVersion",
    }


def test_the_lists_of_the_catalog_name_what_only_a_newer_version_can_read(api: Api) -> None:
    api.put("/orchestrations/films", DOCUMENT)
    api.put("/templates/early", TEMPLATE)
    stamped("CatalogTable", 2)

    for kind, name in (("orchestrations", "films"), ("templates", "early")):
        listed = api.get(f"/{kind}").json
        assert name not in [one["name"] for one in listed[kind]]
        assert listed["newerVersion"] == [name]
        assert api.get(f"/{kind}/{name}").code == "409 NewerVersion"


@pytest.mark.parametrize(("kind", "document"), [("orchestrations", DOCUMENT), ("templates", TEMPLATE)])
def test_the_versions_before_that_of_a_newer_reelmill_are_listed_and_one_is_restored(
    api: Api, kind: str, document: dict[str, object]
) -> None:
    first = api.put(f"/{kind}/early", document).json
    api.put(f"/{kind}/early", document)
    stamped("CatalogTable", 2, version=2)

    page = api.get(f"/{kind}/early/versions").json
    restored = api.put(f"/{kind}/early", document).json

    assert [(one["version"], one["current"]) for one in page["versions"]] == [(1, False)]
    assert page["newerVersion"] == ["2"]
    assert api.get(f"/{kind}/early", version=1).json == first
    assert api.get(f"/{kind}/early", version=2).code == "409 NewerVersion"
    assert restored["version"] == 3
    assert api.get(f"/{kind}").json["newerVersion"] == []


def test_the_list_of_verdicts_names_the_uploads_that_only_a_newer_version_can_explain(
    api: Api, services: Services
) -> None:
    accept_upload(services, make_upload("uploads/early.mp4", at=services.now()))
    stamped("UploadsTable", 2)
    accept_upload(services, make_upload("elsewhere/late.txt", at=services.now()))

    page = api.get("/uploads/verdicts").json

    assert [one["key"] for one in page["verdicts"]] == ["elsewhere/late.txt"]
    assert page["newerVersion"] == ["uploads/early.mp4"]
    assert api.get("/uploads/verdicts", verdict=Verdict.NO_MATCH).json["newerVersion"] == []
