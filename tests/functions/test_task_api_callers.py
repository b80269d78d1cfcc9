"""The permissions of callers, and the tenants that they see, from API Gateway's statements alone."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.on_upload.handler import handler as on_upload
from functions.task_api.caller import Scope
from functions.task_api.handler import openapi_document
from shared.domain.tenant import PREFIX_RANGE
from shared.domain.upload import Upload
from shared.services import Services
from shared.services import services as functions_services
from shared.settings import settings
from shared.stores.presigned_links import SINGLE_UPLOAD_BYTES
from shared.stores.subtask_queue import parse_message_body
from shared.use_cases.uploads import accept_upload
from shared.worker.run import run_subtask
from tests.functions.api_tasks import COVER
from tests.support.deployment import client, keys, put, received
from tests.support.functions import IAM, Answer, Api, Context, token
from tests.support.outages import calls

ALL = " ".join(Scope)
CLAIM = "custom:tenant"
NOWHERE = "01M82HKCZFJ0Z9K3QMJZJR8E8W"
ACME, MAIN, OTHER = (Api(token(ALL, **{CLAIM: tenant})) for tenant in ("acme", "main", "other"))
SOURCE = "tenants/acme/uploads/a.mp4"
NEEDS = {
    Scope.READ: {"GET", "POST /orchestrations/match"},
    Scope.OPERATE: {"POST /tasks", "POST /uploads"},
    Scope.ADMINISTER: {"POST /orchestrations", "PUT", "DELETE"},
}


def routes() -> Iterator[tuple[str, str, Scope]]:
    """Yield each route with a matching path and the scope that it should need."""
    for path, methods in json.loads(openapi_document())["paths"].items():
        for method in map(str.upper, methods):
            if path == "/health":
                continue
            asked = path.format(task_id=NOWHERE, no=1, name="web-video", path="a.m3u8")
            fits = {
                scope: max((len(n) for n in names if f"{method} {path}".startswith(n)), default=0)
                for scope, names in NEEDS.items()
            }
            yield method, asked, max(fits, key=lambda scope: fits[scope])


@pytest.fixture
def tenants(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Return the services of a deployment whose tokens name tenants."""
    assert services
    monkeypatch.setenv("REELMILL_TENANT_CLAIM", CLAIM)
    forget()
    yield functions_services()
    monkeypatch.undo()
    forget()


def forget() -> None:
    settings.cache_clear()
    functions_services.cache_clear()


def body(key: str = SOURCE, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"source": {"bucket": "input", "key": key}, "subtasks": [COVER], **more}


def error_of(answer: Answer) -> list[Any]:
    """Return everything that an error shows."""
    return [answer.code, answer.json]


def renamed(shown: list[Any], old: str, new: str) -> list[Any]:
    """Return everything that an error shows, with another name in it."""
    found: list[Any] = json.loads(json.dumps(shown).replace(old, new))
    return found


@pytest.mark.parametrize(("method", "path", "scope"), list(routes()))
def test_each_route_needs_its_scope_and_no_other(services: Services, method: str, path: str, scope: Scope) -> None:
    assert services
    others = " ".join(one for one in Scope if one is not scope)

    refused = Api(token(f"openid reelmill/rea {others}")).ask(method, path, {})
    let = Api(token(f"openid {scope}")).ask(method, path, {})

    assert refused.code == "403 NotAllowed"
    assert refused.json["details"] == {"scope": scope}
    assert let.status != 403


@pytest.mark.parametrize(
    "authorizer", [None, {}, {"jwt": {}}, {"jwt": {"claims": None, "scopes": None}}, {"lambda": {"a": 1}}]
)
def test_a_caller_without_authorization_can_only_request_health(
    services: Services, authorizer: dict[str, Any] | None
) -> None:
    assert services
    api = Api(authorizer)

    assert api.get("/tasks").code == "403 NotAllowed"
    assert api.get("/nope").code == "403 NotAllowed"
    assert api.get("/health").status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "reelmill/read x"},
        {"scp": "[a reelmill/read]"},
        {"scp": "reelmill/read,b"},
        {"scope": "x", "scp": "reelmill/read"},
    ],
)
def test_scopes_are_read_in_every_form_that_issuers_write(services: Services, claims: dict[str, str]) -> None:
    assert services
    authorizer = {"jwt": {"claims": claims, "scopes": None}}

    assert Api(authorizer).get("/tasks").status == 200
    assert Api({"jwt": {"claims": {}, "scopes": ["reelmill/read"]}}).get("/tasks").status == 200
    assert Api(authorizer).post("/tasks", {}).code == "403 NotAllowed"


def test_a_caller_that_iam_authorizes_can_do_what_the_route_does(services: Services) -> None:
    assert services
    api = Api(IAM)

    assert api.get("/tasks").status == 200
    assert api.post("/tasks", {}).code == "400 InvalidRequest"
    assert api.put("/orchestrations/x", {"subtasks": [COVER]}).status == 200


def test_the_tenant_claim_is_ignored_when_there_is_one_tenant(services: Services) -> None:
    put("uploads/a.mp4", b"1")
    made = Api(token(ALL, tenant="acme", **{CLAIM: "acme"})).post("/tasks", body("uploads/a.mp4"))

    assert made.status == 201
    assert Api(IAM).get(f"/tasks/{made.json['taskId']}").status == 200
    assert services.tasks.get(made.json["taskId"]).tenant == "main"  # type: ignore[union-attr]


@pytest.mark.parametrize("claim", [{}, {CLAIM: ""}, {CLAIM: "a#b"}, {CLAIM: "A"}, {CLAIM: "a/b"}, {CLAIM: "[a b]"},
                                   {CLAIM: "x" * 64}, {CLAIM: "a\n"}, {"tenant": "acme"}])  # fmt: skip
def test_a_token_without_a_tenant_is_rejected_when_there_are_several(tenants: Services, claim: dict[str, str]) -> None:
    assert tenants

    answer = Api(token(ALL, **claim)).get("/tasks")

    assert answer.code == "403 NotAllowed"
    assert CLAIM in answer.json["message"]


def test_another_tenants_task_is_not_found(tenants: Services) -> None:
    assert tenants
    put(SOURCE, b"1")
    task = ACME.post("/tasks", body()).json["taskId"]
    asked = [
        *(("GET", path, {}) for path in ("", "/source", "/subtasks/1", "/subtasks/1/outputs", "/subtasks/1/download")),
        *(("GET", f"/subtasks/1/play/{path}", {}) for path in ("a.m3u8", "a/b.m3u8")),
        *(("POST", path, {}) for path in ("/restart", "/end", "/cancel")),
        ("GET", "", {"run": 1}),
    ]

    for api in (MAIN, OTHER):
        for method, path, query in asked:
            theirs, none = (api.ask(method, f"/tasks/{id_}{path}", query=query) for id_ in (task, NOWHERE))
            assert error_of(theirs) == renamed(error_of(none), NOWHERE, task)
            assert theirs.code == "404 TaskNotFound"
        (done,) = api.post("/tasks/bulk", {"action": "END", "taskIds": [task]}).json["results"]
        assert done["error"]["code"] == "TaskNotFound"
        assert api.post("/tasks/bulk", {"action": "END", "filter": {}}).json["results"] == []
        for wanted in ({}, {"taskId": task}, {"sourceKey": SOURCE}, {"status": "WAITING"}):
            assert api.get("/tasks", **wanted).json["tasks"] == []
    assert ACME.get(f"/tasks/{task}").json["status"] == "WAITING"


def test_each_tenant_has_its_own_client_tokens_and_next_tokens(tenants: Services) -> None:
    assert tenants
    for key in (SOURCE, "tenants/other/uploads/a.mp4", "uploads/a.mp4"):
        put(key, b"1")
    mine = [ACME.post("/tasks", body(clientToken=name)).json["taskId"] for name in "ab"]

    theirs = OTHER.post("/tasks", body("tenants/other/uploads/a.mp4", clientToken="a"))
    page = ACME.get("/tasks", maxResults=1).json

    assert theirs.status == 201
    assert theirs.json["taskId"] not in mine
    assert page["nextToken"]
    for api in (OTHER, MAIN):
        assert api.get("/tasks", maxResults=1, nextToken=page["nextToken"]).code == "400 InvalidNextToken"


def test_each_tenant_has_its_own_orchestrations_and_templates(tenants: Services) -> None:
    assert tenants
    template = {"operation": "SCREENSHOT", "params": {"at": [0]}}
    assert ACME.put("/orchestrations/ours", {"subtasks": [COVER]}).status == 200
    assert ACME.put("/templates/ours", template).status == 200
    assert ACME.post("/orchestrations/web-video/disable").json["enabled"] is False

    for path in ("/orchestrations/ours", "/templates/ours"):
        for ask in (OTHER.get, OTHER.delete):
            none = error_of(ask(path.replace("ours", "none")))
            assert error_of(ask(path)) == renamed(none, "none", "ours")
        assert ACME.get(path).status == 200
    assert OTHER.post("/orchestrations/ours/enable").code == "404 OrchestrationNotFound"
    assert OTHER.get("/orchestrations/web-video").json["enabled"] is True
    named = {"name": "x", "type": "SCREENSHOT", "template": "ours"}
    assert OTHER.put("/orchestrations/x", {"subtasks": [named]}).code == "400 UnknownTemplate"
    put("tenants/other/uploads/a.mp4", b"1")
    theirs = {"source": {"bucket": "input", "key": "tenants/other/uploads/a.mp4"}, "orchestration": "ours"}
    assert OTHER.post("/tasks", theirs).code == "404 OrchestrationNotFound"


@pytest.mark.parametrize("bucket", ["input", "output"])
def test_another_tenants_object_cannot_be_a_source(tenants: Services, bucket: str) -> None:
    assert tenants
    objects = [(ACME, SOURCE), (OTHER, "tenants/other/uploads/a.mp4"), (MAIN, "uploads/a.mp4")]
    for _, key in objects:
        put(key, b"1", bucket)

    for api, own in objects:
        for _, key in objects:
            asked = body(key)
            asked["source"]["bucket"] = bucket
            answer = api.post("/tasks", asked)
            assert answer.status == (201 if key == own else 404)
            if key != own:
                none = api.post("/tasks", {**asked, "source": {"bucket": bucket, "key": f"{own}-none"}})
                assert error_of(answer) == renamed(error_of(none), f"{own}-none", key)


@pytest.mark.parametrize(
    "key", ["uploads/a.mp4", "tenants/other/a.mp4", "tenants/acme2/a.mp4", "tenants/acme", "tenants/ACME/a"]
)
def test_a_tenant_can_only_upload_to_its_own_folder(tenants: Services, key: str) -> None:
    assert tenants
    asked = {"key": key, "size": 1}

    assert ACME.post("/uploads", asked).code == "403 NotAllowed"
    assert ACME.post("/orchestrations/match", {"key": key}).code == "403 NotAllowed"
    assert (
        ACME.post("/uploads/renewals", {**asked, "size": SINGLE_UPLOAD_BYTES + 1, "uploadId": "u"}).code
        == "403 NotAllowed"
    )
    assert ACME.post("/uploads/backfill", {"prefix": key}).code == "403 NotAllowed"
    assert ACME.post("/uploads", {**asked, "key": SOURCE}).status == 201
    assert MAIN.post("/uploads", {**asked, "key": SOURCE}).code == "403 NotAllowed"
    assert ACME.post("/uploads/backfill", {}).code == "403 NotAllowed"


def test_an_upload_belongs_to_the_tenant_of_its_folder_and_is_matched_without_that_folder(tenants: Services) -> None:
    put(SOURCE, b"1")
    moment = "2026-11-24T20:00:00.000Z"
    thing = {"key": SOURCE, "size": 1, "eTag": "e", "sequencer": "1", "versionId": "v"}
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": moment,
        "s3": {"bucket": {"name": "input"}, "object": thing},
    }

    (verdict,) = on_upload({"Records": [record]}, Context())

    assert verdict["verdict"] == "MATCHED"
    assert ACME.get(f"/tasks/{verdict['taskId']}").status == 200
    assert [one["taskId"] for one in ACME.get("/uploads/verdicts").json["verdicts"]] == [verdict["taskId"]]
    for api in (MAIN, OTHER):
        assert api.get(f"/tasks/{verdict['taskId']}").code == "404 TaskNotFound"
        assert (
            api.get("/uploads/verdicts").json["verdicts"]
            == api.get("/uploads/verdicts", key=SOURCE).json["verdicts"]
            == []
        )
    assert tenants.tasks.get(verdict["taskId"]).tenant == "acme"  # type: ignore[union-attr]


def test_a_backfill_of_all_objects_leaves_out_those_of_other_tenants(tenants: Services) -> None:
    assert tenants
    for key in (SOURCE, "uploads/a.mp4", "tenants/other/uploads/a.mp4"):
        put(key, b"1")

    mains = MAIN.post("/uploads/backfill", {}).json["verdicts"]
    acmes = ACME.post("/uploads/backfill", {"prefix": "tenants/acme/", "maxResults": 1}).json

    assert [one["key"] for one in mains] == ["uploads/a.mp4"]
    assert [one["key"] for one in acmes["verdicts"]] == [SOURCE]


def test_no_token_of_a_backfill_contains_a_key_of_another_tenant(tenants: Services) -> None:
    assert tenants
    own = ["a.mp4", "tenants", "tenants/~~", "tenants0", "uploads/a.mp4", "zoo/a.mp4"]
    others = ["tenants/0/a.mp4", *(f"tenants/acme/{number}.mp4" for number in range(5)), "tenants/zz/a.mp4"]
    for key in own + others + others:
        put(key, b"1")
    client("s3").delete_object(Bucket="input", Key="tenants/acme/4.mp4")
    put(PREFIX_RANGE[1], b"moto leaves out what comes first after a marker, be it the marker or not")

    for limit in (1, 2, 3):
        found: list[str] = []
        places: list[str] = []
        token = None
        while token or not places:
            page = MAIN.post("/uploads/backfill", {"dryRun": True, "maxResults": limit, "nextToken": token}).json
            found += [one["key"] for one in page["verdicts"]]
            assert len(page["verdicts"]) <= limit
            token = page["nextToken"]
            places.append(json.loads(base64.urlsafe_b64decode(f"{token}=="))[0] if token else "")

        assert found == own
        assert set(places) <= {*own, ""}


def test_a_backfill_does_not_list_the_objects_of_other_tenants(tenants: Services) -> None:
    assert tenants
    for number in range(20):
        put(f"tenants/acme/{number}.mp4", b"1")
    put(PREFIX_RANGE[1], b"1")
    put("uploads/a.mp4", b"1")

    with calls() as made:
        page = MAIN.post("/uploads/backfill", {"dryRun": True, "maxResults": 1}).json

    assert [one["key"] for one in page["verdicts"]] == ["uploads/a.mp4"]
    assert made.count("ListObjectVersions") == 2


def test_outputs_are_in_their_tenants_folder_with_every_prefix(tenants: Services, blink: bytes) -> None:
    put(SOURCE, blink)
    task = ACME.post("/tasks", body(output={"prefix": "tenants/other/{inputDir}/"})).json

    for message in received(tenants.settings):
        run_subtask(tenants, parse_message_body(message["Body"]), 60)

    assert ACME.get(f"/tasks/{task['taskId']}").json["outcome"] == "SUCCEEDED"
    assert [key.startswith("tenants/acme/tenants/other/uploads/") for key in keys()] == [True]


@pytest.mark.parametrize("theirs", [SOURCE, f"s3://input/{SOURCE}", f"s3://output/{SOURCE}"])
def test_parameters_and_prefixes_cannot_reach_another_tenant(tenants: Services, blink: bytes, theirs: str) -> None:
    for bucket in ("input", "output"):
        put(SOURCE, blink, bucket)
    put("uploads/a.mp4", blink)
    mark = {"name": "mark", "type": "TRANSCODE", "params": {"head": [theirs]}}
    tasks = [
        MAIN.post("/tasks", body("uploads/a.mp4", subtasks=[mark])).json["taskId"],
        MAIN.post("/tasks", body("uploads/a.mp4", output={"prefix": "tenants/acme/"})).json["taskId"],
    ]

    for message in received(tenants.settings):
        run_subtask(tenants, parse_message_body(message["Body"]), 60)

    failures = [MAIN.get(f"/tasks/{task}").json["error"]["code"] for task in tasks]
    assert failures == ["ParameterError.AssetNotFound", "ParameterError.OutputName"]
    assert keys() == [SOURCE]


def test_without_tenants_a_folder_of_that_name_is_ordinary(services: Services) -> None:
    put(SOURCE, b"1")
    api = Api(IAM)

    assert api.post("/tasks", body()).status == 201
    assert api.post("/uploads", {"key": SOURCE, "size": 1}).status == 201
    (verdict,) = accept_upload(services, Upload("input", "tenants/acme/a.mp4", 1, "e", services.now()))
    assert verdict.upload.tenant == "main"
