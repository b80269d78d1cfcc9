"""A local stack whose functions run only when a test calls them, with the roles of the template."""

import base64
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx

from infra.local.stack import StackInfo
from shared.domain.task import Lane
from tests.support.permissions import POLICY, Permission, without
from tests.support.stack import client_of

STACK = "reelmill"
QUEUES = {Lane.URGENT: "UrgentQueueUrl", Lane.STANDARD: "SubtaskQueueUrl", Lane.BACKGROUND: "BackgroundQueueUrl"}
PRIORITIES = {Lane.URGENT: 1, Lane.STANDARD: 0, Lane.BACKGROUND: -1}
NUMBERS = itertools.count(1)
# What the log of RunSubtask says.
INTERRUPTED, NOT_PUT_BACK = "attempt interrupted", "did not put a message back"


class Cloud:
    """The stack, seen by its owner, who may do everything."""

    def __init__(self, stack: StackInfo, http: httpx.Client, film: bytes) -> None:
        """Take a stack and a small film."""
        self.stack, self.film = stack, film
        self.finished: str | None = None  # a task that has made its files, once a scenario has wanted one
        self._http = http
        self.client = cache(lambda service: client_of(stack, service))

    def quieten(self) -> None:
        """Let no function run by itself: no message, no upload and no minute starts one."""
        functions = self.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        events = self.client("events")
        for rule in events.list_rules()["Rules"]:
            events.disable_rule(Name=rule["Name"])
        self.client("s3").put_bucket_notification_configuration(
            Bucket=self.stack.input_bucket, NotificationConfiguration={}
        )

    @contextmanager
    def lacking(self, permission: Permission) -> Iterator[None]:
        """Take a permission from its function's role for a while."""
        iam, cloudformation = self.client("iam"), self.client("cloudformation")
        detail = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=permission.role)
        place = {"RoleName": detail["StackResourceDetail"]["PhysicalResourceId"], "PolicyName": POLICY}
        whole = iam.get_role_policy(**place)["PolicyDocument"]
        iam.put_role_policy(**place, PolicyDocument=without(whole, permission))
        try:
            yield
        finally:
            iam.put_role_policy(**place, PolicyDocument=json.dumps(whole))

    @contextmanager
    def refusing(self, keys: str) -> Iterator[None]:
        """Let the output bucket refuse objects of such keys for a while."""
        s3, bucket = self.client("s3"), self.stack.output_bucket
        whole = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        refusal = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/{keys}",
        }
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({**whole, "Statement": [*whole["Statement"], refusal]}))
        try:
            yield
        finally:
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(whole))

    @contextmanager
    def configured(self, function: str, **variables: str) -> Iterator[None]:
        """Let a function have more environment variables for a while."""
        client, name = self.client("lambda"), self.stack.outputs[f"{function}FunctionName"]
        usual = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(FunctionName=name, Environment={"Variables": usual | variables})
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=name, Environment={"Variables": usual})

    def call(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:  # noqa: ANN401 - the API's JSON
        """Ask the API; return its JSON, or where it leads."""
        answer = self._http.request(method, self.stack.api_url + path, json=body)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.headers["location"] if answer.has_redirect_location else answer.content and answer.json()

    def follow(self, method: str, url: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
        """Use a presigned link."""
        return self._http.request(method, url, **more).raise_for_status()

    def invoke(self, function: str, event: Mapping[str, Any]) -> tuple[Any, str]:
        """Call a function; return its answer and the end of its log."""
        answer = self.client("lambda").invoke(
            FunctionName=self.stack.outputs[f"{function}FunctionName"], Payload=json.dumps(event), LogType="Tail"
        )
        said = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, said
        return json.loads(said), base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")

    def key(self, folder: str = "permissions", ending: str = "mp4") -> str:
        """Return a key that nothing else has."""
        return f"{folder}/{next(NUMBERS)}.{ending}"

    def put(self, key: str, body: bytes | None = None, *, bucket: str | None = None) -> str:
        """Store an object, the film unless told otherwise; return its version."""
        place = {"Bucket": bucket or self.stack.input_bucket, "Key": key}
        version: str = self.client("s3").put_object(**place, Body=self.film if body is None else body)["VersionId"]
        return version

    def uploaded(self, key: str, version: str) -> list[dict[str, Any]]:
        """Tell OnUpload of an object, as S3 does; return its verdicts."""
        thing = {"key": key, "size": len(self.film), "eTag": "0", "versionId": version, "sequencer": "1"}
        place = {"bucket": {"name": self.stack.input_bucket}, "object": thing}
        moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": moment, "s3": place}
        verdicts: list[dict[str, Any]] = self.invoke("OnUpload", {"Records": [record]})[0]
        return verdicts

    def task(
        self, *subtasks: Mapping[str, Any], lane: Lane = Lane.STANDARD, source: Mapping[str, str] | None = None
    ) -> str:
        """Make a task of a new object, or of the one that is named; return its ID."""
        if source is None:
            source = {"key": self.key()}
            self.put(source["key"])
        body = {"source": {"bucket": self.stack.input_bucket, **source}, "subtasks": subtasks}
        made = self.call("POST", "/tasks", {**body, "priority": PRIORITIES[lane]}, status=201)
        return str(made["taskId"])

    def subtask(self, task: str, no: int = 1) -> dict[str, Any]:
        """Return how a subtask stands."""
        found: dict[str, Any] = self.call("GET", f"/tasks/{task}/subtasks/{no}")
        return found

    def messages(self, lane: Lane, task: str) -> dict[int, dict[str, Any]]:
        """Take the messages of a task out of a lane's queue, by their subtasks, and all others with them."""
        sqs, url = self.client("sqs"), self.stack.outputs[QUEUES[lane]]
        found = {}
        while some := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in some:
                body = json.loads(message["Body"])
                if body["taskId"] == task:
                    found[int(body["subtask"])] = message
                else:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def work(self, task: str, no: int = 1, lane: Lane = Lane.STANDARD) -> str:
        """Let RunSubtask take a subtask's message, which it must be done with or put back; return the log's end."""
        message = self.messages(lane, task)[no]
        name = self.stack.outputs[QUEUES[lane]].rpartition("/")[2]
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{self.stack.region}:000000000000:{name}",
        }
        again, log = self.invoke("RunSubtask", {"Records": [record]})
        assert not again["batchItemFailures"] or INTERRUPTED in log, log
        assert NOT_PUT_BACK not in log, log
        return log

    def files(self, folder: str) -> list[str]:
        """Return the keys of the output bucket under a folder."""
        listing = self.client("s3").list_objects_v2(Bucket=self.stack.output_bucket, Prefix=folder)
        return [found["Key"] for found in listing.get("Contents", [])]


def fails(scenario: Callable[[Cloud], None], cloud: Cloud) -> bool:
    """Return whether a scenario fails visibly."""
    try:
        scenario(cloud)
    except (AssertionError, KeyError, httpx.HTTPStatusError):
        return True
    return False
