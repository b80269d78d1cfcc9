"""The HTTP client: the requests that it sends, and the error that each bad answer becomes."""

import hashlib
import hmac
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import typer
from botocore.credentials import Credentials

from cli.api_client import Api, at
from cli.connection import Bearer, SignedForAws, open_api, region_in
from cli.errors import ApiRefused, CommandFailed, Unreachable
from cli.http_client import is_loopback
from tests.support.command import Heard, RemoteService, Reply, Run, task

AWKWARD = "a b+c%20d/é東🎬~*'()"


@contextmanager
def closed_port() -> Iterator[str]:
    """A URL whose port is reserved, so that no other program takes it, but does not respond."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/api"


def test_a_refused_connection_says_that_no_stack_runs_and_how_to_start_one(reelmill: Run) -> None:
    with closed_port() as url:
        ended = reelmill("--api-url", url, "tasks", "list", "--json")

    assert (ended.code, ended.out) == (3, "")
    assert "no stack is running" in ended.err
    assert re.search(r"start one: `reelmill .*up`", ended.err)
    assert "Traceback" not in ended.err


def test_a_read_is_retried_after_a_transient_error(service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", Reply(b"", 503), Reply({"message": "Too Many"}, 429), {"tasks": []})

    with Api(service.url, local=True) as api:
        answer = api.get("/tasks")

    assert answer == {"tasks": []}


@pytest.mark.parametrize(("local", "paused"), [(True, []), (False, [0.2, 0.5, 1.0])])
def test_a_refused_connection_is_only_retried_for_a_remote_api(
    monkeypatch: pytest.MonkeyPatch, *, local: bool, paused: list[float]
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)

    with closed_port() as url, Api(url, local=local) as api, pytest.raises(Unreachable):
        api.get("/tasks")

    assert pauses == paused


def test_a_write_is_not_retried_unless_it_may_happen_twice(service: RemoteService) -> None:
    service.answers("POST", "/api/tasks", Reply({"message": "Service Unavailable"}, 503))

    with Api(service.url, local=True) as api, pytest.raises(ApiRefused) as refused:
        api.send("POST", "/tasks", {})

    assert refused.value.status == 503
    assert len(service.heard) == 1

    with Api(service.url, local=True) as api, pytest.raises(ApiRefused):
        api.send("POST", "/tasks", {}, pauses=(0.0,))

    assert len(service.heard) == 3


def test_a_read_that_keeps_failing_raises_the_last_error(
    service: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.api_client.PAUSES", (0.0, 0.0))
    said = {"code": "ServiceBusy", "message": "not now", "requestId": "r"}
    service.answers("GET", "/api/tasks", Reply(said, 503))

    with Api(service.url, local=True) as api, pytest.raises(ApiRefused, match="not now") as refused:
        api.get("/tasks")

    assert (refused.value.code, refused.value.request_id) == ("ServiceBusy", "r")
    assert len(service.heard) == 3


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        (Reply({"message": "Forbidden"}, 403, {"apigw-requestid": "gw-1"}), "Http403", "Forbidden"),
        (Reply({"Message": "no"}, 401, {"x-amzn-requestid": "gw-1"}), "Http401", "no"),
        (
            Reply(b"<html>", 500, {"apigw-requestid": "gw-1"}),
            "Http500",
            "the API answered 500 without a reason",
        ),
        (Reply([1], 400, {"apigw-requestid": "gw-1"}), "Http400", "the API answered 400 without a reason"),
    ],
)
def test_refusals_of_the_gateway_have_a_code_a_message_and_a_request_id(
    service: RemoteService, reply: Reply, code: str, message: str
) -> None:
    service.answers("POST", "/api/tasks", reply)

    with Api(service.url, local=True) as api, pytest.raises(ApiRefused) as refused:
        api.send("POST", "/tasks", {})

    error = refused.value
    assert (error.code, error.message, error.request_id) == (code, message, "gw-1")
    assert error.remedy


def test_details_of_a_refusal_are_shown_as_text(here: Run, service: RemoteService) -> None:
    details = {"errors": [{"path": "subtasks.0.params.crf", "message": "must be at most 51"}]}
    said = {"code": "ValidationError", "message": "2 fields are wrong", "requestId": "r", "details": details}
    service.answers("GET", "/api/tasks", Reply(said, 400))

    ended = here("tasks", "list")

    assert "path: subtasks.0.params.crf, message: must be at most 51" in ended.err


def test_details_that_are_in_the_message_are_not_repeated(here: Run, service: RemoteService) -> None:
    details = {"fields": [{"where": "crf", "problem": "at most 51"}], "limit": 63}
    said = {"code": "InvalidRequest", "message": "crf: at most 51", "requestId": "r", "details": details}
    service.answers("GET", "/api/tasks", Reply(said, 400))

    ended = here("tasks", "list")

    assert ended.err.count("at most 51") == 1
    assert "63" in ended.err


def test_a_missing_document_points_to_the_list_of_its_kind(here: Run, service: RemoteService) -> None:
    said = {"code": "NotFound", "message": "template x does not exist", "requestId": "r"}
    service.answers("GET", "/api/templates/x", Reply(said, 404))

    assert "reelmill templates list" in here("templates", "get", "x").err


def test_a_page_that_is_not_the_api_is_an_error(service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", Reply(b"<html>hello</html>"))

    with (
        Api(service.url, local=True) as api,
        pytest.raises(CommandFailed, match="not like Reelmill's API"),
    ):
        api.get("/tasks")


def test_an_interrupted_connection_becomes_a_message(service: RemoteService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.api_client.PAUSES", ())
    service.answers("GET", "/api/tasks", Reply(b"{", headers={"Content-Length": "100"}))

    with Api(service.url, local=True) as api, pytest.raises(Unreachable, match="no response from"):
        api.get("/tasks")


def test_special_characters_arrive_unchanged(service: RemoteService) -> None:
    service.answers("GET", at("x", AWKWARD).replace("/x", "/api/x", 1), {})

    with Api(service.url, local=True) as api:
        api.get(at("x", AWKWARD), sourceKey=AWKWARD, nothing=None)

    assert service.heard[0].query == {"sourceKey": AWKWARD}


def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """Return the key of a Signature Version 4, derived as in AWS's guide."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def expected_signature(heard: Heard, secret: str, region: str) -> str:
    """Return the signature that AWS computes over the received request, as in its guide."""
    headers = {name.lower(): value for name, value in heard.headers.items()}
    names = headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(urlsplit(heard.target).query))
    canonical = "\n".join(
        (
            heard.method,
            quote(heard.path, safe="/-_.~"),  # quoted a second time, as for all services except S3
            "&".join(f"{k}={v}" for k, v in pairs),
            *(f"{name}:{headers[name]}" for name in names.split(";")),
            "",
            names,
            hashlib.sha256(heard.body).hexdigest(),
        )
    )
    at_ = headers["x-amz-date"]
    scope = f"{at_[:8]}/{region}/execute-api/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{at_}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(signing_key(secret, at_[:8], region, "execute-api"), to_sign.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("body", [None, {"key": AWKWARD}])
def test_the_signature_matches_the_received_request(service: RemoteService, body: dict[str, str] | None) -> None:
    path = at("tasks", AWKWARD)
    method = "POST" if body else "GET"
    service.answers(method, f"/api{path}", task())
    auth = SignedForAws(Credentials("AKID", "secret", "session"), "eu-central-1")

    with Api(service.url, local=True, auth=auth) as api:
        if body:
            api.send("POST", path, body)
        else:
            api.get(path, sourceKey=AWKWARD, createdAfter="2026-01-01T00:00:00.000Z")

    heard = service.heard[0]
    sent = heard.headers["Authorization"]
    assert "AKID" in sent
    assert sent.endswith(f"Signature={expected_signature(heard, 'secret', 'eu-central-1')}")
    assert heard.headers["X-Amz-Security-Token"] == "session"


def test_nothing_is_signed_for_this_machine(here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    service.answers("GET", "/api/tasks", {"tasks": []})

    here("tasks", "list")

    assert "Authorization" not in service.heard[0].headers


def test_a_token_is_sent_unchanged(service: RemoteService) -> None:
    service.answers("GET", "/api/tasks", {"tasks": []})

    with Api(service.url, local=True, auth=Bearer("ey.J.x")) as api:
        api.get("/tasks")

    assert service.heard[0].headers["Authorization"] == "Bearer ey.J.x"


@pytest.mark.usefixtures("no_credentials")
def test_a_token_replaces_the_signature_and_is_never_sent_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELMILL_TOKEN", "ey.J.x")

    assert open_api("https://api.example.com")
    with pytest.raises(typer.BadParameter, match="only sent over https"):
        open_api("http://api.example.com")


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without an AWS account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("no_credentials")
def test_without_credentials_a_call_to_aws_says_how_to_get_some(reelmill: Run) -> None:
    url = "https://abc.execute-api.eu-west-1.amazonaws.com"

    ended = reelmill("tasks", "list", "--api-url", url)

    assert (ended.code, ended.out) == (1, "")
    assert "no AWS credentials" in ended.err
    assert "aws configure" in ended.err


@pytest.mark.usefixtures("no_credentials")
def test_an_unknown_profile_is_named(reelmill: Run) -> None:
    ended = reelmill("--profile", "unknown-profile", "--api-url", "https://api.example.org", "tasks", "list")

    assert ended.code == 1
    assert "unknown-profile" in ended.err


@pytest.mark.usefixtures("no_credentials")
def test_an_address_without_a_region_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    with pytest.raises(CommandFailed, match="the region of") as failed:
        open_api("https://api.example.org")

    assert "--region" in str(failed.value.remedy)


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://x/", "https://", "file:///etc/passwd"])
def test_an_api_url_is_an_http_url(url: str) -> None:
    with pytest.raises(typer.BadParameter, match="not a valid URL"):
        open_api(url)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8080/api", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]:1/", True),
        ("http://localhost/", True),
        ("http://a.localhost/", True),
        ("http://127.0.0.1.example.org/", False),
        ("https://localhost.example.org/", False),
        ("http://10.0.0.1/", False),
    ],
)
def test_only_this_machine_counts_as_loopback(url: str, *, loopback: bool) -> None:
    assert is_loopback(url) is loopback


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://abc.execute-api.eu-west-1.amazonaws.com/stage", "eu-west-1"),
        ("https://abc.execute-api.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://api.example.org", None),
    ],
)
def test_an_address_of_api_gateway_contains_its_region(url: str, region: str | None) -> None:
    assert region_in(url) == region
