"""The API's catalog, its own description, and its responses to unknown routes and invalid bodies."""

import base64
import json
from typing import Any

import pytest

from shared.domain.orchestration import Template
from shared.domain.subtask import SubtaskType
from shared.domain.upload import Upload
from shared.services import Services
from shared.stores.presets import preset_orchestrations, preset_templates
from shared.use_cases.catalog import MAX_STORED, MAX_STORED_BYTES, response_size
from shared.use_cases.uploads import accept_upload
from tests.functions.api_tasks import DOCUMENT, MOMENT, TEMPLATE
from tests.support.functions import Api

COVER = {"name": "cover", "type": "SCREENSHOT"}
ROUTES = {
    ("get", "/health"),
    ("get", "/operations"),
    ("get", "/orchestrations"),
    ("post", "/orchestrations/match"),
    ("get", "/orchestrations/{name}"),
    ("get", "/orchestrations/{name}/versions"),
    ("put", "/orchestrations/{name}"),
    ("delete", "/orchestrations/{name}"),
    ("post", "/orchestrations/{name}/enable"),
    ("post", "/orchestrations/{name}/disable"),
    ("get", "/tasks"),
    ("post", "/tasks"),
    ("post", "/tasks/bulk"),
    ("get", "/tasks/{task_id}"),
    ("post", "/tasks/{task_id}/restart"),
    ("post", "/tasks/{task_id}/end"),
    ("post", "/tasks/{task_id}/cancel"),
    ("get", "/tasks/{task_id}/source"),
    ("get", "/tasks/{task_id}/subtasks/{no}"),
    ("get", "/tasks/{task_id}/subtasks/{no}/outputs"),
    ("get", "/tasks/{task_id}/subtasks/{no}/download"),
    ("get", "/tasks/{task_id}/subtasks/{no}/play/{path}"),
    ("get", "/templates"),
    ("get", "/templates/{name}"),
    ("get", "/templates/{name}/versions"),
    ("put", "/templates/{name}"),
    ("delete", "/templates/{name}"),
    ("post", "/uploads"),
    ("get", "/uploads/verdicts"),
    ("post", "/uploads/backfill"),
    ("post", "/uploads/renewals"),
}


def test_a_stored_orchestration_is_returned_in_full(api: Api) -> None:
    stored = api.put("/orchestrations/films", DOCUMENT)

    assert stored.status == 200
    shown = stored.json
    assert MOMENT.fullmatch(shown.pop("updatedAt"))
    assert shown == {
        "name": "films",
        "description": "Überblick",
        "enabled": True,
        "trigger": {"bucket": None, "prefix": "films/", "formats": ["mp4"]},
        "output": {"prefix": "{inputDir}/{inputName}/"},
        "priority": -2,
        "subtasks": [
            {**COVER, "template": None, "params": {}, "needs": [], "input": None, "fileName": None, "when": None},
        ],
        "version": 1,
        "kind": "CUSTOM",
    }
    assert api.get("/orchestrations/films").json == stored.json


def test_a_put_creates_a_version_and_a_delete_restores_the_preset(api: Api) -> None:
    preset = api.get("/orchestrations/web-video").json
    assert (preset["kind"], preset["version"], preset["updatedAt"]) == ("PRESET", 1, None)

    assert api.put("/orchestrations/web-video", {"name": "web-video", **DOCUMENT}).json["version"] == 2
    deleted = api.delete("/orchestrations/web-video")

    assert (deleted.status, deleted.text) == (204, "")
    assert api.get("/orchestrations/web-video").json == preset
    assert api.delete("/orchestrations/web-video").code == "409 PresetIsReadOnly"


def test_orchestrations_are_listed_disabled_and_matched(api: Api) -> None:
    api.put("/orchestrations/films", DOCUMENT)

    disabled = api.post("/orchestrations/web-video/disable")
    again = api.post("/orchestrations/web-video/disable")
    prediction = api.post("/orchestrations/match", {"key": "films/a.mp4"}).json

    assert [o["name"] for o in api.get("/orchestrations").json["orchestrations"]] == sorted(
        ["films", *preset_orchestrations()]
    )
    assert (disabled.json["enabled"], disabled.json["version"]) == (False, 2)
    assert again.json == disabled.json
    matches = {match.pop("orchestration"): match for match in prediction.pop("matches")}
    assert prediction == {"verdict": "MATCHED", "reason": "1 task would be created"}
    assert set(matches) == {"films", *preset_orchestrations()}
    assert matches["films"] == {
        "verdict": "MATCHED",
        "reason": "the key begins with 'films/' and its format is mp4",
    }
    assert matches["web-video"] == {"verdict": "NO_MATCH", "reason": "the orchestration is disabled"}
    assert api.post("/orchestrations/web-video/enable").json["enabled"]


@pytest.mark.parametrize(
    ("thing", "verdict"),
    [
        ({"key": "uploads/a.mp4"}, "MATCHED"),
        ({"key": "uploads/a.mp4", "size": 1, "bucket": "another"}, "MATCHED"),
        ({"key": "uploads/a.mp4", "size": 0}, "EMPTY_OBJECT"),
        ({"key": "uploads/a/"}, "EMPTY_OBJECT"),
        ({"key": "uploads/a.txt"}, "WRONG_FORMAT"),
        ({"key": "elsewhere/a.mp4"}, "NO_MATCH"),
        ({"key": "uploads/a.mp4", "bucket": "output"}, "OWN_OUTPUT"),
    ],
)
def test_the_predicted_verdict_is_the_one_that_the_upload_gets(
    api: Api, services: Services, thing: dict[str, Any], verdict: str
) -> None:
    answer = api.post("/orchestrations/match", thing)

    assert answer.json["verdict"] == verdict
    assert answer.json["reason"]
    assert [one["orchestration"] for one in answer.json["matches"]] == sorted(preset_orchestrations())
    assert api.get("/tasks").json["tasks"] == api.get("/uploads/verdicts").json["verdicts"] == []
    come = Upload(thing.get("bucket", "input"), thing["key"], thing.get("size", 5), "etag", services.now())
    assert [str(one.verdict) for one in accept_upload(services, come)] == [verdict]


@pytest.mark.parametrize(
    "change", [{"key": ""}, {"key": None}, {"size": -1}, {"size": "big"}, {"bucket": "a b"}, {"color": "red"}]
)
def test_an_invalid_match_request_is_rejected(api: Api, change: dict[str, object]) -> None:
    answer = api.post("/orchestrations/match", {"key": "uploads/a.mp4", **change})

    assert answer.code == "400 InvalidRequest"
    assert f"body.{next(iter(change))}" in answer.json["message"]


@pytest.mark.parametrize(
    ("name", "change", "code", "message"),
    [
        (
            "films",
            {"name": "other"},
            "400 InvalidRequest",
            "the path names films, but the document is named other",
        ),
        ("Films!", {}, "400 InvalidRequest", "name: must match the pattern"),
        ("x" * 64, {}, "400 InvalidRequest", "path.name"),
        (
            "films",
            {"subtasks": [{**COVER, "params": {"width": 1}}]},
            "400 InvalidParameters",
            "cover has invalid parameters",
        ),
        ("films", {"subtasks": [{**COVER, "template": "nope"}]}, "400 UnknownTemplate", "no template nope"),
        (
            "films",
            {"subtasks": [{**COVER, "template": "h264-720p"}]},
            "400 WrongTemplate",
            "is for TRANSCODE",
        ),
        ("films", {"output": {"prefix": "{nope}/"}}, "400 InvalidRequest", "unknown variable {nope}"),
        ("films", {"version": 7}, "400 InvalidRequest", "body.version: unknown field"),
        (
            "films",
            {"trigger": {"formats": ["mp4", "foo"]}},
            "400 InvalidRequest",
            "foo is not a known format",
        ),
        ("films", {"priority": 11}, "400 InvalidRequest", "body.priority"),
        ("films", {"trigger": {"bucket": "no such"}}, "400 InvalidRequest", "body.trigger.bucket"),
        ("films", {"trigger": {"bucket": "output"}}, "400 OwnOutput", "names the output bucket output"),
    ],
)
def test_an_invalid_orchestration_is_rejected_when_it_is_stored(
    api: Api, name: str, change: dict[str, Any], code: str, message: str
) -> None:
    answer = api.put(f"/orchestrations/{name}", {**DOCUMENT, **change})

    assert answer.code == code
    assert message in answer.json["message"]
    assert len(api.get("/orchestrations").json["orchestrations"]) == len(preset_orchestrations())


def test_templates_are_stored_listed_and_deleted(api: Api) -> None:
    stored = api.put("/templates/early", TEMPLATE)
    listed = api.get("/templates").json["templates"]
    deleted = api.delete("/templates/early")

    assert (stored.status, deleted.status, deleted.text) == (200, 204, "")
    assert stored.json == {
        "name": "early",
        "operation": "SCREENSHOT",
        "summary": "early",
        "params": {"at": [1.0], "width": 64},
        "version": 1,
        "kind": "CUSTOM",
        "updatedAt": stored.json["updatedAt"],
    }
    assert stored.json in listed
    assert len(listed) == len(preset_templates()) + 1
    assert api.get("/templates/early").code == "404 TemplateNotFound"
    assert api.delete("/templates/early").code == "404 TemplateNotFound"


def test_preset_templates_are_shown_and_cannot_be_changed(api: Api) -> None:
    assert api.get("/templates/h264-720p").json["kind"] == "PRESET"
    assert api.put("/templates/h264-720p", TEMPLATE).code == "409 PresetIsReadOnly"
    assert api.delete("/templates/h264-720p").code == "409 PresetIsReadOnly"
    assert api.put("/templates/early", {**TEMPLATE, "params": {"at": []}}).code == "400 InvalidParameters"
    assert api.put("/templates/early", {**TEMPLATE, "operation": "JUGGLE"}).code == "400 InvalidRequest"


@pytest.mark.parametrize("path", ["/orchestrations/nope", "/templates/nope", "/orchestrations/NOPE!", "/templates/%20"])
def test_an_unknown_document_is_not_found(api: Api, path: str) -> None:
    for answer in (api.get(path), api.delete(path)):
        assert answer.code in {"404 OrchestrationNotFound", "404 TemplateNotFound"}
    if path.startswith("/orch"):
        assert api.post(f"{path}/enable").code == "404 OrchestrationNotFound"


def test_operations_are_listed_with_the_schemas_of_their_parameters(api: Api) -> None:
    operations = {one["type"]: one for one in api.get("/operations").json["operations"]}

    assert set(operations) == set(SubtaskType)
    assert {"container", "video", "audio", "copyWhenFits"} <= set(operations["TRANSCODE"]["params"]["properties"])
    assert operations["SCREENSHOT"]["params"]["properties"]["width"]["description"]
    assert all(one["params"]["additionalProperties"] is False for one in operations.values())
    assert operations["SCREENSHOT"]["result"] is None
    assert operations["INSPECT"]["result"]["properties"]["score"]["type"] in {"integer", "number"}


def test_the_openapi_document_describes_every_route(api: Api) -> None:
    answer = api.get("/openapi.json")

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    document = answer.json
    assert {(method, path) for path, methods in document["paths"].items() for method in methods} == ROUTES
    references = {ref for ref in json.dumps(document).split('"') if ref.startswith("#/components/schemas/")}
    assert references
    assert {ref.rpartition("/")[2] for ref in references} <= set(document["components"]["schemas"])


def test_the_openapi_document_marks_times_as_times(api: Api) -> None:
    schemas = api.get("/openapi.json").json["components"]["schemas"]

    times = {
        f"{name}.{field}": json.dumps(schema)
        for name, view in schemas.items()
        if name.endswith("View")
        for field, schema in view["properties"].items()
        if field.endswith("At")
    }

    assert len(times) >= 10
    assert [name for name, schema in times.items() if '"format": "date-time"' not in schema] == []


def test_the_openapi_document_says_which_routes_take_a_token(api: Api) -> None:
    document = api.get("/openapi.json").json

    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    taking = {
        path
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if {"token": []} in operation["security"]
    }
    assert taking == set(document["paths"]) - {"/health"}


def test_no_body_of_the_openapi_document_can_be_null(api: Api) -> None:
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for methods in api.get("/openapi.json").json["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    ]

    assert bodies
    assert all(set(body) == {"$ref"} for body in bodies)


def test_the_docs_are_an_html_page(api: Api) -> None:
    answer = api.get("/docs")

    assert (answer.status, answer.headers["content-type"]) == (200, "text/html")
    assert "<html" in answer.text
    assert "/orchestrations/match" in answer.text


def test_health_needs_no_services(api: Api) -> None:
    assert api.get("/health").json == {"status": "ok", "version": "0.1.0"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nope"), ("GET", "/"), ("PATCH", "/nope"), ("GET", "/tasks/a/b")],
)
def test_an_unknown_route_is_not_found(api: Api, method: str, path: str) -> None:
    answer = api.ask(method, path)

    assert answer.code == "404 NotFound"
    assert answer.json["message"] == f"there is no {method} {path}; GET /docs lists all routes"


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/tasks"), ("DELETE", "/tasks"), ("POST", "/health")])
def test_a_route_rejects_other_methods(api: Api, method: str, path: str) -> None:
    answer = api.ask(method, path)

    assert answer.code == "405 MethodNotAllowed"
    assert answer.headers["allow"] == ("GET" if path == "/health" else "GET, POST")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "body"),
        ("null", "body"),
        (None, "body"),
        ("[]", "body"),
        ("5", "body"),
        ('"x"', "body"),
        pytest.param("[" * 60_000, "deeper", id="deep"),
    ],
)
def test_a_body_that_is_not_an_object_is_rejected(api: Api, body: str | None, message: str) -> None:
    for method, path in (
        ("POST", "/tasks"),
        ("POST", "/tasks/bulk"),
        ("POST", "/uploads"),
        ("POST", "/uploads/backfill"),
        ("POST", "/uploads/renewals"),
        ("PUT", "/orchestrations/films"),
    ):
        answer = api.ask(method, path, event_says={"body": body})
        assert answer.code == "400 InvalidRequest"
        assert message in answer.json["message"]


def test_a_body_can_be_base64(api: Api) -> None:
    encoded = base64.b64encode(json.dumps({"key": "uploads/é.mp4", "size": 1}).encode()).decode()
    spoiled = base64.b64encode(b'{"key": "\xff"}').decode()

    assert (
        api.ask("POST", "/uploads", event_says={"body": encoded, "isBase64Encoded": True}).json["key"]
        == "uploads/é.mp4"
    )
    assert (
        api.ask("POST", "/uploads", event_says={"body": spoiled, "isBase64Encoded": True}).code == "400 InvalidRequest"
    )


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_rejected(api: Api, kind: str) -> None:
    answer = api.ask("POST", "/uploads", {"key": "a.mp4", "size": 1}, event_says={"headers": {"content-type": kind}})

    assert answer.code == "415 UnsupportedMediaType"
    assert "application/json" in answer.json["message"]


def test_the_event_that_sam_generates_gets_a_response(api: Api, services: Services) -> None:
    assert services
    answer = api.ask("GET", "/tasks", query={"status": "COMPLETED"}, event_says={"body": "", "isBase64Encoded": True})

    assert (answer.status, answer.json) == (200, {"tasks": [], "nextToken": None, "newerVersion": []})


@pytest.mark.parametrize("text", ["é", '"'])
def test_everything_that_a_tenant_can_store_fits_in_one_response_of_lambda(
    api: Api, services: Services, text: str
) -> None:
    def template(name: str, times: int) -> Template:
        return Template(name=name, operation=SubtaskType.INSPECT, params={"x": text * times})

    bare, one = (response_size(template("t000", times)) for times in (0, 1))
    times = (MAX_STORED_BYTES // MAX_STORED - bare) // (one - bare)
    for number in range(MAX_STORED):
        services.catalog.put("main", template(f"t{number:03}", times))

    answer = api.get("/templates")

    assert len(answer.json["templates"]) == MAX_STORED + len(preset_templates())
    assert MAX_STORED_BYTES * 0.99 < len(json.dumps({"body": answer.text})) < 4.5 * 1024**2
