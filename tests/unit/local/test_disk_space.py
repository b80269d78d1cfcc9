"""A full disk: requests that store something are refused in the format of their service, and no others."""

import asyncio
import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from infra.local import disk_space
from infra.local.asgi import App, Message, Receive, Send, read_body, send_response
from infra.local.disk_space import FOR_OBJECTS, DiskSpace, stores_something
from infra.local.errors import DiskFull
from infra.local.space_guard import SpaceGuard

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

STORING = (
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:CreateBucket",
    "s3:PutBucketPolicy",
    "s3:RestoreObject",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:TransactWriteItems",
    "dynamodb:PartiQLInsert",
    "dynamodb:CreateTable",
    "sqs:SendMessage",
    "sqs:SendMessageBatch",
    "sqs:CreateQueue",
    "sqs:SetQueueAttributes",
    "lambda:UpdateFunctionConfiguration",
    "cloudformation:CreateStack",
    "iam:PutRolePolicy",
    "events:PutEvents",
)
OTHERS = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:AbortMultipartUpload",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:BatchGetItem",
    "dynamodb:TransactGetItems",
    "dynamodb:DeleteItem",
    "dynamodb:ConditionCheckItem",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:PurgeQueue",
    "lambda:InvokeFunction",
    "lambda:GetFunction",
    "cloudformation:DescribeStacks",
    "logs:FilterLogEvents",
)


@pytest.mark.parametrize("action", STORING)
def test_an_action_that_stores_something_needs_space(action: str) -> None:
    assert stores_something(action, "POST")


@pytest.mark.parametrize("action", OTHERS)
def test_reads_and_deletions_need_none(action: str) -> None:
    assert not stores_something(action, "POST")


@pytest.mark.parametrize(("method", "stores"), [("GET", False), ("DELETE", False), ("POST", True), ("PUT", True)])
def test_a_request_without_an_action_is_judged_by_its_method(method: str, stores: bool) -> None:  # noqa: FBT001
    assert stores_something(None, method) is stores


def test_an_object_leaves_its_margin_free(tmp_path: Path) -> None:
    space = DiskSpace(tmp_path)
    free = shutil.disk_usage(tmp_path).free

    assert space.refusal(0, FOR_OBJECTS) is None
    told = space.refusal(free, FOR_OBJECTS)
    assert told is not None
    assert str(tmp_path) in told
    assert "Free space there" in told
    with pytest.raises(DiskFull):
        space.require(free, FOR_OBJECTS)


def test_settings_are_refused_while_saving_fails(tmp_path: Path) -> None:
    reasons: Iterator[str | None] = iter([None, "Input/output error"])
    space = DiskSpace(tmp_path, unsaved=lambda: next(reasons))

    assert space.settings_refusal() is None
    assert "Input/output error" in str(space.settings_refusal())


class Emulator:
    """A stand-in for ministack, which counts the requests that reach it."""

    def __init__(self) -> None:
        self.seen = 0

    async def __call__(self, _scope: Message, receive: Receive, send: Send) -> None:
        await read_body(receive, 10**6)
        self.seen += 1
        await send_response(send, 200, b"text/plain", b"through")


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def full(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> SpaceGuard:
    """Lend a guard on a disk that has less free space than must stay free."""
    for margin in ("FOR_OBJECTS", "FOR_RECORDS"):
        monkeypatch.setattr(f"infra.local.space_guard.{margin}", 1 << 62)
    monkeypatch.setattr(disk_space, "FOR_RECORDS", 1 << 62)
    return SpaceGuard(emulator, DiskSpace(tmp_path))


def ask(gateway: App, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    path, _, query = path.partition("?")
    scope: Message = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    parts: Iterator[Message] = iter(
        [
            {"type": "http.request", "body": body[:1], "more_body": True},
            {"type": "http.request", "body": body[1:], "more_body": False},
        ]
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return next(parts)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(cast("Coroutine[None, None, None]", gateway(scope, receive, send)))
    assert next(parts, None) is None  # a client that is still sending would not read the answer
    return sent[0]["status"], sent[1]["body"]


def signed_for(service: str) -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential=K/20261130/eu-central-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )


def test_s3_is_refused_in_xml(full: SpaceGuard, emulator: Emulator) -> None:
    status, body = ask(full, "PUT", "/bucket/key", b"film", authorization=signed_for("s3"), content_length="4")

    document = ET.fromstring(body)  # noqa: S314 - our own answer
    assert (status, document.findtext("Code"), emulator.seen) == (507, "InsufficientStorage", 0)
    assert str(full.space.folder) in str(document.findtext("Message"))


@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("dynamodb", "DynamoDB_20120810.PutItem"),
        ("sqs", "AmazonSQS.SendMessage"),
        ("events", "AWSEvents.PutRule"),
    ],
)
def test_services_with_json_are_refused_in_json(
    full: SpaceGuard, emulator: Emulator, service: str, target: str
) -> None:
    headers = {"x_amz_target": target, "content_type": "application/x-amz-json-1.0"}

    status, body = ask(full, "POST", "/", b"{}", authorization=signed_for(service), **headers)

    document: dict[str, Any] = json.loads(body)
    assert (status, document["__type"], emulator.seen) == (507, "InsufficientStorage", 0)
    assert str(full.space.folder) in document["message"]


def test_a_form_is_refused_by_the_action_in_it(full: SpaceGuard, emulator: Emulator) -> None:
    headers = {"authorization": signed_for("iam"), "content_type": "application/x-www-form-urlencoded"}

    refused, _ = ask(full, "POST", "/", b"Action=PutRolePolicy&RoleName=a", **headers)
    passed, _ = ask(full, "POST", "/", b"Action=ListRoles", **headers)

    assert (refused, passed, emulator.seen) == (507, 200, 1)


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("GET", "/bucket/key", "s3"),
        ("DELETE", "/bucket/key", "s3"),
        ("POST", "/bucket?delete", "s3"),
        ("DELETE", "/bucket/key?uploadId=1", "s3"),
        ("POST", "/_aws/execute-api/0a1b2c3d/$default/tasks", "execute-api"),
        ("POST", "/2015-03-31/functions/f/invocations", "lambda"),
    ],
)
def test_requests_that_store_nothing_pass(
    full: SpaceGuard, emulator: Emulator, method: str, path: str, service: str
) -> None:
    status, _ = ask(full, method, path, b"", authorization=signed_for(service))

    assert (status, emulator.seen) == (200, 1)
