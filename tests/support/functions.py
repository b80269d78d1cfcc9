"""The functions as Lambda calls them: their environment, their context, their events, and the API over HTTP."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.task_api.handler import handler, openapi_document
from shared import telemetry
from shared.services import Services
from shared.services import services as functions_services
from shared.settings import PREFIX, Settings
from shared.telemetry import logger
from tests.support.deployment import emulated

EVENTS = Path(__file__).parents[1] / "events"


class Context(LambdaContext):
    """The context of an invocation that has a minute left."""

    def __init__(self) -> None:
        self._function_name = "function"
        self._memory_limit_in_mb = 1024
        self._invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
        self._aws_request_id = "9b1c6d6c-0000-4000-8000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


@pytest.fixture
def context() -> Context:
    """Yield the context of an invocation, and clear metrics from outside it."""
    telemetry.metrics().clear_metrics()
    return Context()


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Yield the services as the functions find them, with empty tables, buckets and queues.

    They are created once: every deployment has the same names, and creating clients takes longer than most tests.
    """
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "function")
    with emulated() as settings:
        for name in Settings.model_fields:
            monkeypatch.setenv(PREFIX + name.upper(), str(getattr(settings, name)))
        logger()  # it keeps the first stdout that it sees, and pytest closes that of a test
        yield functions_services()


def logged(caplog: pytest.LogCaptureFixture, message: str) -> dict[str, Any]:
    """Return the one line of that message, as it stands in the function's log."""
    written = logger().registered_formatter
    (line,) = [written.format(record) for record in caplog.records if record.msg == message]
    found: dict[str, Any] = json.loads(line)
    return found


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the metrics of the only invocation."""
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    found: dict[str, Any] = json.loads(line)
    return found


def an_event(name: str) -> dict[str, Any]:
    """Return an event that `sam local generate-event` made."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return event


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - a test knows what it asked for
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The status and the code of an error, which must have the shape of all errors."""
        error = self.json
        assert {"code", "message", "requestId"} <= set(error) <= {"code", "message", "requestId", "details"}
        assert error["requestId"] == "id"
        assert error["message"]
        return f"{self.status} {error['code']}"


# Bucket names for which botocore would choose another host.
ELSEWHERE = (
    *("arn:aws:s3:::input", "arn:aws:s3:eu-central-1:123456789012:accesspoint/x"),
    *("arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvg.mrap", "arn:aws:s3-object-lambda:::accesspoint/x"),
    *("a--use1-az4--x-s3", "a--xa-s3", f"{'e' * 55}--op-s3"),
)
IAM: dict[str, Any] = {"iam": {"accountId": "123456789012", "userArn": "arn:aws:iam::123456789012:user/ann"}}


def token(scopes: str, **claims: str) -> dict[str, Any]:
    """Return the authorizer context of a caller whose token has these scopes and claims."""
    return {"jwt": {"claims": {"iss": "https://issuer.example", "scope": scopes, **claims}, "scopes": None}}


@cache
def described_statuses() -> dict[tuple[str, re.Pattern[str]], frozenset[int]]:
    """Return the statuses that the OpenAPI document names, by method and path; the fixed paths come first."""
    found: dict[tuple[str, re.Pattern[str]], frozenset[int]] = {}
    for path, methods in sorted(json.loads(openapi_document())["paths"].items(), key=lambda item: item[0].count("{")):
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path.replace("{path}", ".+")))
        for method, operation in methods.items():
            statuses = (int(status) for status in operation["responses"] if status.isdigit())
            found[method.upper(), pattern] = frozenset(statuses)
    return found


def is_described(method: str, path: str, status: int) -> bool:
    """Whether the OpenAPI document names the status for this route; what is no route has no description."""
    for (described, pattern), statuses in described_statuses().items():
        if described == method and pattern.fullmatch(path):
            return status in statuses
    return True


@dataclass(frozen=True)
class Api:
    """The API as API Gateway calls it, for the caller that `authorizer` describes."""

    authorizer: dict[str, Any] | None = field(default_factory=lambda: IAM)

    def get(self, path: str, **query: Any) -> Answer:  # noqa: ANN401
        return self.ask("GET", path, query=query)

    def post(self, path: str, body: object = None) -> Answer:
        return self.ask("POST", path, body)

    def put(self, path: str, body: object) -> Answer:
        return self.ask("PUT", path, body)

    def delete(self, path: str) -> Answer:
        return self.ask("DELETE", path)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        query: dict[str, Any] | None = None,
        event_says: dict[str, object] | None = None,
    ) -> Answer:
        """Send a request; `event_says` replaces fields of its event."""
        event = an_event("http-api-proxy")
        event |= {
            "rawPath": path,
            "rawQueryString": urlencode(query or {}),
            "queryStringParameters": {name: str(value) for name, value in (query or {}).items()},
            "headers": {"content-type": "application/json"},
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
            **(event_says or {}),
        }
        event["requestContext"]["http"] |= {"method": method, "path": path}
        event["requestContext"]["authorizer"] = self.authorizer
        answer = json.loads(json.dumps(handler(event, Context())))  # as Lambda sends it on
        headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        assert "Traceback" not in str(answer["body"])
        assert 'File "' not in str(answer["body"])
        assert is_described(method, path, answer["statusCode"]), "add the status to the OpenAPI document"
        return Answer(answer["statusCode"], headers, answer["body"])


@pytest.fixture
def api(services: Services) -> Api:
    """Lend the API on an empty deployment."""
    assert services
    return Api()
