"""The tables, buckets and queues of template.yaml, created in moto from their real definitions."""

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import unquote_plus

import boto3
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from shared.domain.task import Lane, Source
from shared.services import Services
from shared.settings import Settings

T = TypeVar("T")
TEMPLATE = Path(__file__).parents[2] / "template.yaml"
TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
BUCKETS = {"input": "InputBucket", "output": "OutputBucket"}
BEGINNING = 1_750_000_000_000
MADE: dict[str, bytes] = {}  # what was made in moto, by its name, and the tables and buckets as it left them


@cache
def resources() -> dict[str, Any]:
    """Return the resources of the template."""
    template: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return dict(template["Resources"])


def client(service: str) -> Any:  # noqa: ANN401 - as boto3 types it for a name that it learns at run time
    """Return boto3's client for the default endpoint."""
    return client_at(service, os.environ.get("AWS_ENDPOINT_URL"))


@cache
def client_at(service: str, endpoint: str | None) -> Any:  # noqa: ANN401
    """Return a client, created once: creating one takes longer than most tests."""
    return boto3.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


def make_tables(dynamodb: Any) -> None:  # noqa: ANN401
    """Create every table of the template, named by its logical ID."""
    for name, resource in resources().items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties = resource["Properties"]
            definition = {key: properties[key] for key in TABLE_PROPERTIES if key in properties}
            dynamodb.create_table(TableName=name, **definition)
            dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def deploy() -> Settings:
    """Create what the functions need at boto3's default endpoint; return the settings that name it."""
    s3, sqs = client("s3"), client("sqs")
    make_tables(client("dynamodb"))
    for bucket, resource in BUCKETS.items():
        s3.create_bucket(Bucket=bucket)
        versioning = resources()[resource]["Properties"]["VersioningConfiguration"]
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=versioning)
    return Settings(
        tasks_table="TasksTable",
        catalog_table="CatalogTable",
        uploads_table="UploadsTable",
        **{f"{lane.lower()}_queue_url": sqs.create_queue(QueueName=f"{lane.lower()}")["QueueUrl"] for lane in Lane},
        input_bucket="input",
        output_bucket="output",
    )


@contextmanager
def emulated() -> Iterator[Settings]:
    """Deploy to an empty moto, which is discarded afterwards; clients work in the next one too."""
    at_once = SimpleNamespace(sleep=lambda _: None)  # moto answers no better after a pause
    with mock_aws(), patch("botocore.endpoint.time", at_once):
        region = client("s3").meta.region_name
        settings = made_once(f"deployment in {region}", deploy)
        for lane in Lane:
            sqs_backends[DEFAULT_ACCOUNT_ID][region].create_queue(lane.lower())
        yield settings


def made_once(name: str, make: Callable[[], T]) -> T:
    """Return what `make` makes in moto; from the second time on, copy the tables and buckets, which is far quicker.

    What it puts into the queues is not copied.
    """
    places = (
        (dynamodb_backends[DEFAULT_ACCOUNT_ID][client("dynamodb").meta.region_name], "tables"),
        (s3_backends[DEFAULT_ACCOUNT_ID]["aws"], "buckets"),
        (s3_backends, "bucket_accounts"),
    )
    if name not in MADE:
        made = make()
        MADE[name] = pickle.dumps((made, [getattr(owner, part) for owner, part in places]))
        return made
    made, parts = pickle.loads(MADE[name])  # noqa: S301 - this module wrote it
    for (owner, part), value in zip(places, parts, strict=True):
        setattr(owner, part, value)
    return made


def put(key: str, body: bytes, bucket: str = "input") -> Source:
    """Put an object; return it as the source of a task."""
    answer = client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return Source(bucket, key, len(body), answer["ETag"].strip('"'), answer.get("VersionId"))


def keys(bucket: str = "output") -> list[str]:
    """Return the keys in a bucket."""
    answer = client("s3").list_objects_v2(Bucket=bucket, EncodingType="url")
    return [unquote_plus(found["Key"]) for found in answer.get("Contents", [])]


def received(settings: Settings) -> list[dict[str, Any]]:
    """Receive and delete all visible messages in the queues, the urgent ones first."""
    found: list[dict[str, Any]] = []
    sqs = client("sqs")
    for url in (settings.urgent_queue_url, settings.standard_queue_url, settings.background_queue_url):
        while some := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += some
            for message in some:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


class ClockedServices(Services):
    """The services of a test, with a clock that only the test moves."""

    def __init__(self, settings: Settings) -> None:
        """Begin at a fixed time, in epoch milliseconds."""
        super().__init__(settings)
        self.time = BEGINNING

    def now(self) -> int:
        """Return the time that the test has set."""
        return self.time


@cache
def cached_services(settings: Settings) -> ClockedServices:
    """Return the services for these settings; their clients are shared by all tests."""
    return ClockedServices(settings)
