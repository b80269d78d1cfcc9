"""The tables, buckets and queue of template.yaml, made in an emulator: tests use the real definitions."""

from functools import cache
from pathlib import Path
from typing import Any

import boto3
from samtranslator.yaml_helper import yaml_parse

from shared.services import Services
from shared.settings import Settings

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


@cache
def resources() -> dict[str, Any]:
    """Return the resources of the template."""
    template: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return dict(template["Resources"])


def deploy() -> Settings:
    """Make what the functions need where boto3's default endpoint is; return the settings that name it."""
    dynamodb, s3, sqs = boto3.client("dynamodb"), boto3.client("s3"), boto3.client("sqs")
    for table in ("TasksTable", "CatalogTable"):
        properties = resources()[table]["Properties"]
        dynamodb.create_table(
            TableName=table, **{name: properties[name] for name in TABLE_PROPERTIES if name in properties}
        )
    for bucket in ("input", "output"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="input", VersioningConfiguration={"Status": "Enabled"})
    return Settings(
        tasks_table="TasksTable",
        catalog_table="CatalogTable",
        queue_url=sqs.create_queue(QueueName="subtasks")["QueueUrl"],
        input_bucket="input",
        output_bucket="output",
    )


class World(Services):
    """The services of a test, with a clock that stands still until it is told otherwise."""

    def __init__(self, settings: Settings) -> None:
        """Begin at a fixed time, in epoch milliseconds."""
        super().__init__(settings)
        self.time = 1_750_000_000_000

    def now(self) -> int:
        """Return the time that the test has set."""
        return self.time
