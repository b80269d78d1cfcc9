"""The requests that reach the emulated AWS, and the signature of the console for its user."""

import asyncio
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local.asgi import App, Message
from infra.local.aws_gateway import AwsGateway
from infra.local.console_gateway import BODY_LIMIT, ConsoleGateway
from infra.local.info import console_token
from tests.support.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

KEY, SECRET, REGION = "REELMILLLOCAL0000000", "secret", "eu-central-1"
OURS = Credentials(KEY, SECRET)
ENDPOINT = "http://127.0.0.1:4566"


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def aws(emulator: Emulator) -> AwsGateway:
    return AwsGateway(emulator, KEY, SECRET)


@pytest.fixture
def console(emulator: Emulator) -> ConsoleGateway:
    return ConsoleGateway(emulator, OURS, REGION, api_id="0a1b2c3d", input_bucket="<in>")


def ask(gateway: App, url: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes = b"") -> int:
    parts = urlsplit(url)
    named = {"host": parts.netloc} | {name.lower(): value for name, value in (headers or {}).items()}
    scope: Message = {
        "type": "http",
        "method": method,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    sent: list[Message] = []
    messages: Iterator[Message] = iter(
        [
            {"type": "http.request", "body": body[:5], "more_body": True},
            {"type": "http.request", "body": body[5:]},
        ]
    )

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(cast("Coroutine[None, None, None]", gateway(scope, receive, send)))
    return int(sent[0]["status"])


def signed(
    url: str, *, by: Credentials = OURS, method: str = "GET", body: bytes = b"", service: str = "dynamodb"
) -> dict[str, str]:
    request = AWSRequest(method=method, url=url, data=body)
    SigV4Auth(by, service, REGION).add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


def link(url: str, *, seconds: int = 60, by: Credentials = OURS) -> str:
    request = AWSRequest(method="GET", url=url)
    SigV4QueryAuth(by, "dynamodb", REGION, expires=seconds).add_auth(request)
    return str(request.url)


def test_a_request_that_our_key_signed_passes_unchanged(aws: AwsGateway, emulator: Emulator) -> None:
    body = b'{"TableName": "tasks"}'
    url = f"{ENDPOINT}/a%20b?x=1&y=%C3%A9"

    assert ask(aws, url, "POST", signed(url, method="POST", body=body), body) == 200
    assert emulator.bodies == [body]
    assert emulator.scopes[0]["scheme"] == "https"  # for the bucket policies, which refuse anything else


@pytest.mark.parametrize("change", ["body", "path", "query", "method"])
def test_a_request_that_was_changed_after_signing_is_refused(aws: AwsGateway, emulator: Emulator, change: str) -> None:
    headers = signed(f"{ENDPOINT}/a?x=1", method="POST", body=b"body")
    url = {"path": f"{ENDPOINT}/b?x=1", "query": f"{ENDPOINT}/a?x=2"}.get(change, f"{ENDPOINT}/a?x=1")

    assert (
        ask(
            aws,
            url,
            "PUT" if change == "method" else "POST",
            headers,
            b"else" if change == "body" else b"body",
        )
        == 403
    )
    assert emulator.scopes == []


@pytest.mark.parametrize(
    "by", [Credentials(KEY, "guess"), Credentials("test", "test"), Credentials("123456789012", SECRET)]
)
def test_keys_that_the_emulator_accepts_unchecked_are_refused(aws: AwsGateway, by: Credentials) -> None:
    assert ask(aws, f"{ENDPOINT}/", headers=signed(f"{ENDPOINT}/", by=by)) == 403
    assert ask(aws, link(f"{ENDPOINT}/", by=by)) == 403


def test_a_roles_signature_is_left_to_the_emulator(aws: AwsGateway) -> None:
    role = Credentials("ASIA0123456789ABCDEF", "its own", "token")

    assert ask(aws, f"{ENDPOINT}/", headers=signed(f"{ENDPOINT}/", by=role)) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer x"},
        {"Authorization": "AWS4-HMAC-SHA256 "},
        {"Authorization": "AWS test:abc"},
        # Two keys: the gateway and the emulator must not read different ones.
        {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/1/r/s/aws4_request, "
            "Credential=ASIA1/1/r/s/aws4_request, SignedHeaders=host, Signature=0",
            "x-amz-date": "20260101T000000Z",
        },
    ],
)
def test_an_unsigned_request_is_refused(aws: AwsGateway, headers: dict[str, str]) -> None:
    assert ask(aws, f"{ENDPOINT}/bucket/key", headers=headers) == 403
    assert ask(aws, f"{ENDPOINT}/bucket/key", "PUT", headers, b"body") == 403


def test_a_link_is_valid_for_its_time(aws: AwsGateway) -> None:
    assert ask(aws, link(f"{ENDPOINT}/bucket/key")) == 200
    assert ask(aws, link(f"{ENDPOINT}/bucket/key", seconds=-1)) == 403
    assert ask(aws, link(f"{ENDPOINT}/bucket/key").replace("X-Amz-Expires=60", "X-Amz-Expires=600")) == 403


def test_a_browsers_preflight_and_an_open_route_need_no_signature(aws: AwsGateway) -> None:
    assert ask(aws, f"{ENDPOINT}/bucket/key", "OPTIONS") == 200
    assert ask(aws, f"{ENDPOINT}/_aws/execute-api/0a1b2c3d/$default/health") == 200
    assert ask(aws, f"{ENDPOINT}/_aws/execute-api/0a1b2c3d/$default/tasks", headers={"Authorization": "x"}) == 403


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_localstack/health", "/_aws/sqs/messages", "/_aws/execute-api/"]
)
def test_the_emulators_own_controls_are_closed(aws: AwsGateway, path: str) -> None:
    assert ask(aws, f"{ENDPOINT}{path}", "POST", signed(f"{ENDPOINT}{path}", method="POST")) == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "bucket.localhost:4566", "", "[::1"])
def test_both_gateways_only_answer_to_loopback_names(aws: AwsGateway, console: ConsoleGateway, host: str) -> None:
    assert ask(aws, f"{ENDPOINT}/", headers=signed(f"{ENDPOINT}/") | {"host": host}) == 403
    assert ask(console, "http://127.0.0.1:8080/", headers={"host": host}) == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_the_console_answers_to_every_loopback_name(console: ConsoleGateway, host: str) -> None:
    assert ask(console, f"http://{host}/") == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9090", "http://localhost:8080"])
def test_pages_of_other_origins_are_refused(console: ConsoleGateway, emulator: Emulator, origin: str) -> None:
    assert ask(console, "http://127.0.0.1:8080/api/tasks", "POST", {"Origin": origin}, b"{}") == 403
    assert emulator.scopes == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("token", ["", "guess", SECRET, console_token("another"), console_token(SECRET)])
def test_a_request_from_elsewhere_needs_the_token(
    console: ConsoleGateway, emulator: Emulator, method: str, token: str
) -> None:
    headers = {"Origin": "https://evil.example", "X-Reelmill-Token": token}
    known = token == console_token(SECRET)

    assert ask(console, "http://127.0.0.1:8080/api/tasks", method, headers) == (200 if known else 403)
    assert ask(console, "http://evil.example/api/tasks", method, headers | {"Origin": ""}) == 403
    assert len(emulator.scopes) == known
    assert all(b"x-reelmill-token" not in dict(scope["headers"]) for scope in emulator.scopes)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
def test_other_sites_may_link_to_the_api_but_not_embed_it(console: ConsoleGateway, site: str) -> None:
    url, own = "http://127.0.0.1:8080/api/tasks/x/subtasks/1/download", site in {"same-origin", "none"}

    for mode in ("no-cors", "cors"):
        sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
        assert ask(console, url, headers=sent) == (200 if own else 403)
    assert ask(console, url, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}) == 200
    assert ask(console, "http://127.0.0.1:8080/", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"}) == 200


def test_an_upload_link_accepts_no_more_bytes_than_it_was_signed_for(aws: AwsGateway) -> None:
    request = AWSRequest(method="PUT", url=f"{ENDPOINT}/bucket/key", headers={"Content-Length": "5"})
    S3SigV4QueryAuth(OURS, "s3", REGION, expires=60).add_auth(request)

    assert ask(aws, str(request.url), "PUT", {"Content-Length": "5"}, b"hello") == 200
    assert ask(aws, str(request.url), "PUT", {"Content-Length": "6"}, b"hello6") == 403


def test_the_consoles_call_of_the_api_passes_the_aws_gateway(emulator: Emulator) -> None:
    through = AwsGateway(emulator, KEY, SECRET)
    console = ConsoleGateway(through, OURS, REGION, api_id="0a1b2c3d")
    url = "http://127.0.0.1:8080/api/tasks/a%2Fb%20%C3%A9?x=%2B1&x=2&empty="

    status = ask(console, url, "POST", {"Origin": "http://127.0.0.1:8080", "Authorization": "theirs"}, b'{"a": 1}')

    assert status == 200
    [scope] = emulator.scopes
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    assert scope["raw_path"] == b"/_aws/execute-api/0a1b2c3d/$default/tasks/a%2Fb%20%C3%A9"
    assert scope["query_string"] == b"x=%2B1&x=2&empty="
    assert headers["x-forwarded-prefix"] == "/api"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256")
    assert emulator.bodies == [b'{"a": 1}']


def test_the_api_does_not_exist_before_it_is_deployed(emulator: Emulator) -> None:
    assert ask(ConsoleGateway(emulator, OURS, REGION), "http://127.0.0.1:8080/api/tasks") == 503


def test_a_body_that_an_http_api_refuses_is_refused(console: ConsoleGateway) -> None:
    assert ask(console, "http://127.0.0.1:8080/api/tasks", "POST", body=bytes(BODY_LIMIT + 1)) == 413


def test_other_pages_do_not_exist(console: ConsoleGateway) -> None:
    assert ask(console, "http://127.0.0.1:8080/apiary") == 404
    assert ask(console, "http://127.0.0.1:8080/", "POST") == 404


def test_every_request_on_the_aws_port_counts_as_a_change(aws: AwsGateway) -> None:
    ask(aws, f"{ENDPOINT}/")
    ask(aws, f"{ENDPOINT}/", headers=signed(f"{ENDPOINT}/"))

    assert aws.requests == 2
