"""Deploys the project's template and code to the emulated AWS with a change set, as a person would."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # it ships no types

from infra.local.emulator import REGION
from infra.local.errors import DeployFailed
from infra.local.workers import SUBTASKS_AT_ONCE
from shared.media.memory import machine_bytes

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

T = TypeVar("T")  # the generic syntax of Python 3.12 is not available in 3.11

STACK = "reelmill"
ARTIFACTS = "reelmill-artifacts"
CODE_FOLDERS = ("functions", "shared")
DIGEST_TAG = "reelmill:digest"
# The bounds of WorkerMemory in the template, in MB.
LEAST_MEMORY, MOST_MEMORY = 1024, 10240


def worker_memory(machine: int) -> int:
    """Return the WorkerMemory, in MB, with which all concurrent subtasks fit into a machine's memory in bytes."""
    return max(LEAST_MEMORY, min(machine // SUBTASKS_AT_ONCE // 1024**2, MOST_MEMORY))


# A lost worker or message is noticed within seconds. The laptop's own limits are tighter than these
# (infra.local.workers): AWS accepts no concurrency below 2.
PARAMETERS = {
    "LeaseSeconds": "20",
    "UrgentConcurrency": "2",
    "MaxConcurrency": "2",
    "BackgroundConcurrency": "2",
    "ResendAfterSeconds": "20",
    "DeletionProtection": "false",
    "AiProvider": "local",  # this machine has no Rekognition
    "WorkerMemory": str(worker_memory(machine_bytes())),
}
# A stack in one of these states was never complete, and can only be deleted.
NEVER_COMPLETE = frozenset(
    {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"}
)
STABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
NOTHING_TO_DO = "didn't contain changes"  # CloudFormation reports this only in its text
POLL = 0.05
PATIENCE = 60.0


def deploy(project: Path, say: Callable[[str], None]) -> Mapping[str, str]:
    """Deploy `project` unless it is already deployed, and return the template's outputs."""
    cloudformation = boto3.client("cloudformation")
    code = zip_code(project)
    key = f"code-{hashlib.sha256(code).hexdigest()[:16]}.zip"
    template = adapt_template((project / "template.yaml").read_text(), f"s3://{ARTIFACTS}/{key}")
    digest = hashlib.sha256(json.dumps([template, PARAMETERS]).encode()).hexdigest()
    stack = describe_stack(cloudformation)
    if stack and stack["StackStatus"] in STABLE and {"Key": DIGEST_TAG, "Value": digest} in stack.get("Tags", []):
        return stack_outputs(stack)
    if stack and stack["StackStatus"] in NEVER_COMPLETE:
        say("removing an incomplete deployment")
        cloudformation.delete_stack(StackName=STACK)
        wait_until(lambda: describe_stack(cloudformation) is None, "the deletion of the stack")
        stack = None
    say("deploying template.yaml")
    upload_artifact(key, code)
    # A request accepts templates up to 51,200 bytes, and S3 up to a million, AWS quotas page.
    upload_artifact(f"template-{digest[:16]}.json", template.encode())
    if not apply_change_set(cloudformation, digest, create=stack is None):
        return stack_outputs(describe_stack(cloudformation))
    stack = wait_until(lambda: describe_finished(cloudformation), "the deployment")
    if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeployFailed(
            f"the deployment ended as {stack['StackStatus']}: {'; '.join(failure_reasons(cloudformation))}"
        )
    return stack_outputs(stack)


def zip_code(project: Path) -> bytes:
    """Return the functions' code as a zip; the same code produces the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in source_files(project):
            entry = zipfile.ZipInfo(path.relative_to(project).as_posix())
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def source_files(project: Path) -> Iterator[Path]:
    """Yield the files of the code, sorted, without those that Python has compiled."""
    for folder in CODE_FOLDERS:
        for path in sorted((project / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def adapt_template(template: str, code_uri: str) -> str:
    """Return the SAM template as JSON, with the functions' code in S3 and without what the emulator cannot do."""
    document: dict[str, Any] = yaml_parse(template)
    document["Globals"]["Function"]["CodeUri"] = code_uri
    numbers = {
        name: int(PARAMETERS.get(name, parameter["Default"]))
        for name, parameter in document["Parameters"].items()
        if parameter["Type"] == "Number"
    }
    resources = remove_metric_math(document["Resources"])
    document["Resources"] = allow_batches(insert_numbers(resources, numbers))
    return json.dumps(document)


def remove_metric_math(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources without alarms on expressions: ministack refuses them, and has no metrics of queues."""
    return {name: resource for name, resource in resources.items() if not uses_metric_math(resource)}


def uses_metric_math(resource: Mapping[str, Any]) -> bool:
    """Whether a resource is an alarm on an expression of several metrics."""
    return resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]


def insert_numbers(part: Any, numbers: Mapping[str, int]) -> Any:  # noqa: ANN401 - any part of a template
    """Return the part with references to Number parameters replaced: ministack would insert strings.

    Environment variables stay strings.
    """
    if isinstance(part, dict):
        if set(part) == {"Ref"} and part["Ref"] in numbers:
            return numbers[part["Ref"]]
        return {name: value if name == "Variables" else insert_numbers(value, numbers) for name, value in part.items()}
    return [insert_numbers(value, numbers) for value in part] if isinstance(part, list) else part


def allow_batches(part: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return the part with `sqs:SendMessageBatch` allowed wherever `sqs:SendMessage` is allowed, as AWS does."""
    if isinstance(part, dict):
        batched = {name: allow_batches(value) for name, value in part.items()}
        actions = [part["Action"]] if isinstance(part.get("Action"), str) else part.get("Action", [])
        return batched | ({"Action": [*actions, "sqs:SendMessageBatch"]} if "sqs:SendMessage" in actions else {})
    return [allow_batches(value) for value in part] if isinstance(part, list) else part


def upload_artifact(key: str, body: bytes) -> None:
    """Upload the functions' zip, or the template, to the bucket of artifacts."""
    s3 = boto3.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=ARTIFACTS, Key=key, Body=body)


def apply_change_set(cloudformation: "CloudFormationClient", digest: str, *, create: bool) -> bool:
    """Create and execute a change set of the template with this digest; return False if it would change nothing."""
    name = f"up-{time.time_ns()}"
    cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName=name,
        ChangeSetType="CREATE" if create else "UPDATE",
        TemplateURL=f"https://s3.{REGION}.amazonaws.com/{ARTIFACTS}/template-{digest[:16]}.json",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
        Tags=[{"Key": DIGEST_TAG, "Value": digest}],
    )

    def find_change_set() -> Any:  # noqa: ANN401 - a boto3 answer
        answer = cloudformation.describe_change_set(StackName=STACK, ChangeSetName=name)
        return answer if answer["Status"] in {"CREATE_COMPLETE", "FAILED"} else None

    answer = wait_until(find_change_set, "the change set")
    if answer["Status"] == "FAILED":
        reason = answer.get("StatusReason", "")
        if NOTHING_TO_DO in reason or "No updates" in reason:
            return False
        raise DeployFailed(f"the emulated AWS refused template.yaml: {reason}")
    cloudformation.execute_change_set(StackName=STACK, ChangeSetName=name)
    return True


def describe_stack(cloudformation: "CloudFormationClient") -> "StackTypeDef | None":
    """Return the stack's description, None if the stack does not exist."""
    try:
        return cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            return None
        raise


def describe_finished(cloudformation: "CloudFormationClient") -> "StackTypeDef | None":
    """Return the stack's description once no change is in progress."""
    stack = describe_stack(cloudformation)
    return None if stack is None or stack["StackStatus"].endswith("_IN_PROGRESS") else stack


def stack_outputs(stack: "StackTypeDef | None") -> dict[str, str]:
    """Return the template's outputs by name."""
    outputs = stack.get("Outputs", []) if stack else []
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def failure_reasons(cloudformation: "CloudFormationClient") -> Sequence[str]:
    """Return which resources failed and why, the first failure first."""
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in reversed(events) if event.get("ResourceStatus", "").endswith("_FAILED")]
    return [
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason given')}" for event in failed
    ]


def wait_until(look: "Callable[[], T | None]", what: str) -> T:
    """Return what `look` returns, as soon as that is true; raise DeployFailed after a minute."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise DeployFailed(f"{what} takes longer than {PATIENCE:.0f} s; read the server's log")
        time.sleep(POLL)
    return found
