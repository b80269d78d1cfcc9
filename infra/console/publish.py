"""Publishes the built console to the bucket of a stack: `make publish STACK=reelmill`.

During the upload, users get either the old console or the new one, always complete: new files are uploaded before the
document that refers to them. Old files stay for a week for open tabs, because a page's code is fetched when the page is
first opened.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.site import cache_control, content_type

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

BUNDLE = Path(__file__).resolve().parents[2] / "console" / "dist"
CONFIG, DOCUMENT = "config.json", "index.html"
REPLACED = "replaced.json"  # the time since which the document no longer refers to each remaining file
STAY = timedelta(days=7)
AT_ONCE = 1000  # keys in one DeleteObjects request, S3's API reference


class NotPublished(Exception):
    """The console cannot be published; the message says why and what to do."""


@dataclass(frozen=True)
class ConsoleHome:
    """The place where a stack serves its console."""

    url: str
    bucket: str
    distribution: str
    config: str


def find_home(stack: str) -> ConsoleHome:
    """Return where a stack serves its console; raise NotPublished if it has no console."""
    try:
        [found] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ValidationError":
            raise
        raise NotPublished(
            f"this account and region have no stack {stack}; name another one: make publish STACK=…"
        ) from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "ConsoleBucketName" not in outputs:
        raise NotPublished(
            f"the stack {stack} does not host the console; run sam deploy --parameter-overrides Console=true"
        )
    config = outputs["ConsoleConfig"]
    try:
        json.loads(config)
    except ValueError as error:
        raise NotPublished(
            f"JwtIssuer or ConsoleClientId of {stack} contains characters that JSON forbids: {config}"
        ) from error
    return ConsoleHome(outputs["ConsoleUrl"], outputs["ConsoleBucketName"], outputs["ConsoleDistributionId"], config)


def publish(folder: Path, home: ConsoleHome, now: datetime) -> None:
    """Upload the console to its bucket, and delete old files; raise NotPublished if the folder has no console."""
    if not (folder / DOCUMENT).is_file():
        raise NotPublished(f"{folder} does not contain the console; build it: make console")
    s3: S3Client = boto3.client("s3")
    before = set(list_keys(s3, home.bucket))
    replaced = json.loads(s3.get_object(Bucket=home.bucket, Key=REPLACED)["Body"].read()) if REPLACED in before else {}
    files = {key: (folder / key).read_bytes() for key in list_files(folder)} | {CONFIG: home.config.encode()}
    for key in sorted(files, key=upload_order):
        s3.put_object(
            Bucket=home.bucket,
            Key=key,
            Body=files[key],
            ContentType=content_type(key),
            CacheControl=cache_control(key),
        )
    invalidate(home.distribution, [f"/{DOCUMENT}", f"/{CONFIG}"])
    since = {key: replaced.get(key, now.isoformat()) for key in sorted(before - set(files) - {REPLACED})}
    expired = [key for key, at in since.items() if now - datetime.fromisoformat(at) >= STAY]
    delete_objects(s3, home.bucket, expired)
    kept = {key: at for key, at in since.items() if key not in expired}
    s3.put_object(Bucket=home.bucket, Key=REPLACED, Body=json.dumps(kept).encode(), ContentType=content_type(REPLACED))


def list_files(folder: Path) -> Iterator[str]:
    """Yield the paths of the bundle's files; names that begin with a dot belong to the build."""
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield inside.as_posix()


def upload_order(key: str) -> tuple[bool, bool, str]:
    """Sort the document last, after the files that it refers to, and unchanged names after new ones."""
    return key == DOCUMENT, not key.startswith("assets/"), key


def list_keys(s3: "S3Client", bucket: str) -> Iterator[str]:
    """Yield the keys of a bucket."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            yield found["Key"]


def delete_objects(s3: "S3Client", bucket: str, keys: list[str]) -> None:
    """Delete objects; raise NotPublished if S3 cannot delete some."""
    for start in range(0, len(keys), AT_ONCE):
        some: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in keys[start : start + AT_ONCE]]
        kept = s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True}).get("Errors", [])
        if kept:
            raise NotPublished(
                f"the console is published, but old files could not be deleted: {kept[0].get('Message')}"
            )


def invalidate(distribution: str, paths: Iterable[str]) -> None:
    """Invalidate paths in CloudFront's cache."""
    items = list(paths)
    batch: Mapping[str, Any] = {
        "Paths": {"Quantity": len(items), "Items": items},
        "CallerReference": f"publish-{time.time_ns()}",
    }
    boto3.client("cloudfront").create_invalidation(DistributionId=distribution, InvalidationBatch=batch)


def main(stack: str, folder: Path = BUNDLE) -> int:
    """Publish the console of a stack; return the exit code."""
    try:
        home = find_home(stack)
        publish(folder, home, datetime.now(UTC))
    except (NotPublished, BotoCoreError, ClientError) as error:
        print(f"not published: {error}", file=sys.stderr)
        return 1
    print(f"The console is at {home.url}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="infra.console.publish", description="Publish the built console of a stack.")
    parser.add_argument("stack", help="the CloudFormation stack, deployed with Console=true")
    sys.exit(main(parser.parse_args().stack))
