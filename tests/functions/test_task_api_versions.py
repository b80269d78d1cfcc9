"""The API's versions of orchestrations and templates: what the routes take and return, and how to restore one."""

import pytest

from tests.functions.api_tasks import DOCUMENT, MOMENT, TEMPLATE
from tests.support.functions import Api


def test_the_versions_of_an_orchestration_are_listed_newest_first(api: Api) -> None:
    api.put("/orchestrations/web-video", DOCUMENT)
    api.post("/orchestrations/web-video/disable")

    answer = api.get("/orchestrations/web-video/versions")

    assert answer.status == 200
    shown = answer.json
    moments = [version.pop("updatedAt") for version in shown["versions"]]
    assert all(MOMENT.fullmatch(moment) for moment in moments[:2])
    assert moments[2] is None
    assert shown == {
        "versions": [
            {"version": 3, "current": True, "kind": "CUSTOM", "enabled": False},
            {"version": 2, "current": False, "kind": "CUSTOM", "enabled": True},
            {"version": 1, "current": False, "kind": "PRESET", "enabled": True},
        ],
        "nextToken": None,
        "newerVersion": [],
    }


def test_the_versions_of_a_template_outlive_it(api: Api) -> None:
    stored = api.put("/templates/early", TEMPLATE).json
    api.delete("/templates/early")

    answer = api.get("/templates/early/versions")

    version = {"version": 1, "current": False, "kind": "CUSTOM", "updatedAt": stored["updatedAt"]}
    assert answer.json == {"versions": [version], "nextToken": None, "newerVersion": []}
    assert api.get("/templates/early").code == "404 TemplateNotFound"
    assert api.get("/templates/early", version=1).json == stored


@pytest.mark.parametrize(("kind", "document"), [("orchestrations", DOCUMENT), ("templates", TEMPLATE)])
def test_versions_come_in_pages(api: Api, kind: str, document: dict[str, object]) -> None:
    for _ in range(3):
        assert api.put(f"/{kind}/mine", document).status == 200

    first = api.get(f"/{kind}/mine/versions", maxResults=2).json
    rest = api.get(f"/{kind}/mine/versions", maxResults=2, nextToken=first["nextToken"]).json

    assert [[one["version"] for one in page["versions"]] for page in (first, rest)] == [[3, 2], [1]]
    assert rest["nextToken"] is None


def test_a_version_is_shown_in_full_and_restored_by_storing_it_again(api: Api) -> None:
    first = api.put("/orchestrations/films", DOCUMENT).json
    second = api.put("/orchestrations/films", {**DOCUMENT, "description": "worse"}).json

    old = api.get("/orchestrations/films", version=1).json
    document = {name: value for name, value in old.items() if name not in {"version", "kind", "updatedAt"}}
    restored = api.put("/orchestrations/films", document).json

    assert old == first
    assert api.get("/orchestrations/films", version=2).json == second
    assert restored == {**first, "version": 3, "updatedAt": restored["updatedAt"]}
    assert api.get("/orchestrations/films").json == restored


@pytest.mark.parametrize("kind", ["orchestrations", "templates"])
def test_a_version_that_was_never_stored_is_not_found(api: Api, kind: str) -> None:
    api.put(f"/{kind}/mine", DOCUMENT if kind == "orchestrations" else TEMPLATE)

    missing = api.get(f"/{kind}/mine", version=2)
    nothing = [api.get(f"/{kind}/nope/versions"), api.get(f"/{kind}/nope", version=1)]

    assert missing.code == "404 VersionNotFound"
    assert missing.json["message"] == "mine has no version 2; its only version is 1"
    assert {answer.code for answer in nothing} == {f"404 {kind[:-1].capitalize()}NotFound"}


@pytest.mark.parametrize("version", [0, -1, 1_000_000, "1.5", "x", "", "9" * 500])
def test_an_invalid_version_number_is_rejected(api: Api, version: object) -> None:
    for path in ("/orchestrations/web-video", "/templates/h264-720p"):
        answer = api.get(path, version=version)

        assert answer.code == "400 InvalidRequest"
        assert "query.version" in answer.json["message"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"maxResults": 0}, "400 InvalidRequest"),
        ({"maxResults": 101}, "400 InvalidRequest"),
        ({"nextToken": "x" * 201}, "400 InvalidRequest"),
        ({"nextToken": "nonsense"}, "400 InvalidNextToken"),
        ({"nextToken": ""}, "400 InvalidNextToken"),
    ],
)
def test_an_invalid_page_is_rejected(api: Api, query: dict[str, object], code: str) -> None:
    assert api.get("/orchestrations/web-video/versions", **query).code == code
    assert api.get("/templates/h264-720p/versions", **query).code == code
