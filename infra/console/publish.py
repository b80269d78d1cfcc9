"""Puts the built console where the stack serves it: `make publish STACK=reelmill`.

Whoever opens the console meanwhile gets the old one or the new one, and either whole: new files come before the
document that names them. Old ones stay for a week, for tabs that are open: a page's code is fetched when it is first
looked at.
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
REPLACED = "replaced.json"  # since when no document has named a file that is still there
STAY = timedelta(days=7)
AT_ONCE = 1000  # keys that one DeleteObjects takes, S3's API reference


class NotPublished(Exception):
    """The console can't be published; the message says why, and what helps."""


@dataclass(frozen=True)
class Home:
    """Where a stack serves its console."""

    url: str
    bucket: str
    distribution: str
    config: str


def home_of(stack: str) -> Home:
    """Return where a stack serves its console; raise NotPublished when it serves none."""
    try:
        [found] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ValidationError":
            raise
        message = f"there is no stack {stack} in this account and region; name another: make publish STACK=…"
        raise NotPublished(message) from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "ConsoleBucketName" not in outputs:
        raise NotPublished(f"the stack {stack} hosts no console: sam deploy --parameter-overrides Console=true")
    config = outputs["ConsoleConfig"]
    try:
        json.loads(config)
    except ValueError as error:
        raise NotPublished(f"JwtIssuer or ConsoleClientId of {stack} has signs that JSON forbids: {config}") from error
    return Home(outputs["ConsoleUrl"], outputs["ConsoleBucketName"], outputs["ConsoleDistributionId"], config)


def publish(folder: Path, home: Home, now: datetime) -> None:
    """Bring a home's bucket to what the folder holds; raise NotPublished when nothing was built there."""
    if not (folder / DOCUMENT).is_file():
        raise NotPublished(f"there is no console in {folder}; build it: make console")
    s3: S3Client = boto3.client("s3")
    before = set(keys_in(s3, home.bucket))
    replaced = json.loads(s3.get_object(Bucket=home.bucket, Key=REPLACED)["Body"].read()) if REPLACED in before else {}
    files = {key: (folder / key).read_bytes() for key in files_of(folder)} | {CONFIG: home.config.encode()}
    for key in sorted(files, key=turn):
        s3.put_object(
            Bucket=home.bucket,
            Key=key,
            Body=files[key],
            ContentType=content_type(key),
            CacheControl=cache_control(key),
        )
    invalidate(home.distribution, [f"/{DOCUMENT}", f"/{CONFIG}"])
    since = {key: replaced.get(key, now.isoformat()) for key in sorted(before - set(files) - {REPLACED})}
    over = [key for key, at in since.items() if now - datetime.fromisoformat(at) >= STAY]
    remove(s3, home.bucket, over)
    kept = {key: at for key, at in since.items() if key not in over}
    s3.put_object(Bucket=home.bucket, Key=REPLACED, Body=json.dumps(kept).encode(), ContentType=content_type(REPLACED))


def files_of(folder: Path) -> Iterator[str]:
    """Yield the bundle's files by their paths in it; what begins with a dot is the build's own."""
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield inside.as_posix()


def turn(key: str) -> tuple[bool, bool, str]:
    """Sort the document last, behind all that it names, and what keeps its name behind what has a new one."""
    return key == DOCUMENT, not key.startswith("assets/"), key


def keys_in(s3: "S3Client", bucket: str) -> Iterator[str]:
    """Yield the keys of a bucket."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            yield found["Key"]


def remove(s3: "S3Client", bucket: str, keys: list[str]) -> None:
    """Delete objects; raise NotPublished when S3 keeps some."""
    for start in range(0, len(keys), AT_ONCE):
        some: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in keys[start : start + AT_ONCE]]
        kept = s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True}).get("Errors", [])
        if kept:
            raise NotPublished(f"the console is published, but old files stay: {kept[0].get('Message')}")


def invalidate(distribution: str, paths: Iterable[str]) -> None:
    """Have CloudFront forget what it holds under some paths."""
    items = list(paths)
    batch: Mapping[str, Any] = {
        "Paths": {"Quantity": len(items), "Items": items},
        "CallerReference": f"publish-{time.time_ns()}",
    }
    boto3.client("cloudfront").create_invalidation(DistributionId=distribution, InvalidationBatch=batch)


def main(stack: str, folder: Path = BUNDLE) -> int:
    """Publish the console of a stack; return the exit code."""
    try:
        home = home_of(stack)
        publish(folder, home, datetime.now(UTC))
    except (NotPublished, BotoCoreError, ClientError) as error:
        print(f"not published: {error}", file=sys.stderr)
        return 1
    print(f"The console is at {home.url}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="infra.console.publish", description="Publish the built console of a stack.")
    parser.add_argument("stack", help="the CloudFormation stack, which was deployed with Console=true")
    sys.exit(main(parser.parse_args().stack))
