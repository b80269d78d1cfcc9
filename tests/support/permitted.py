"""Checks the functions' calls to AWS in the tests against their roles in template.yaml.

The emulator with IAM shows a missing permission only in the scenarios; this checks every test of a handler.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.support.deployment import BUCKETS, resources
from tests.support.permissions import permissions

HANDLERS = {
    resource["Properties"]["Handler"].removesuffix(".handler"): name.removesuffix("Function")
    for name, resource in resources().items()
    if resource["Type"] == "AWS::Serverless::Function"
}
QUEUES = {"urgent": "UrgentQueue", "standard": "SubtaskQueue", "background": "BackgroundQueue"}
# Actions of S3 that are not named as their requests (AWS's Service Authorization Reference).
S3 = {
    "HeadObject": "GetObject",
    "ListObjectVersions": "ListBucketVersions",
    "ListParts": "ListMultipartUploadParts",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}
ALLOWED = {(one.function, one.action, one.resource) for one in permissions()}


@contextmanager
def permitted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail at the end when a handler asked for what its role doesn't allow."""
    asked: set[tuple[str, str, str]] = set()
    ask = BaseClient._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 - all of boto3 and pynamodb go through it

    def recorded(client: BaseClient, operation: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - as botocore says
        if function := asking():
            service = client.meta.service_model.service_name
            asked.update((function, action, resource) for action, resource in needed(service, operation, params))
        return ask(client, operation, params)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    yield
    assert asked <= ALLOWED, "give the role what it needs in template.yaml, and tell its scenario in tests/security"


def asking() -> str | None:
    """Return the function whose handler is at work here; None where a test or a thread asks by itself."""
    frame = sys._getframe(2)  # noqa: SLF001 - inspect's way reads source files
    while frame.f_back:
        module = frame.f_globals["__name__"]
        if module.startswith("tests."):  # what happens meanwhile
            return None
        if frame.f_code.co_name == "handler" and module in HANDLERS:
            return HANDLERS[module]
        frame = frame.f_back
    return None


def needed(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the actions on resources of the template, by their names there; other resources are ignored."""
    if operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            for kind, request in item.items():
                yield from needed(service, f"{kind}Item", request)
    elif service == "dynamodb":
        tables = params.get("RequestItems") or [params["TableName"]]
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield from ((f"dynamodb:{operation}", f"{table}{index}") for table in tables)
    elif service == "sqs" and (queue := QUEUES.get(params["QueueUrl"].rpartition("/")[2])):
        yield f"sqs:{operation.removesuffix('Batch')}", queue
    elif service == "s3" and (bucket := BUCKETS.get(params["Bucket"])):
        action = S3.get(operation, operation)
        if "VersionId" in params:
            action = action.replace("Object", "ObjectVersion")
        yield f"s3:{action}", bucket if action.startswith("ListBucket") else f"{bucket}/*"
        if "Tagging" in params:
            yield "s3:PutObjectTagging", f"{bucket}/*"
        if "CopySource" in params:
            yield "s3:GetObject", f"{BUCKETS[params['CopySource']['Bucket']]}/*"
