"""Puts the project's own template and code into the emulated AWS, the way a person would: by a change set."""

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

T = TypeVar("T")  # Python 3.11 has no other way to say it

STACK = "reelmill"
ARTIFACTS = "reelmill-artifacts"
CODE_FOLDERS = ("functions", "shared")
DIGEST_TAG = "reelmill:digest"
# The bounds of WorkerMemory in the template, in MB.
LEAST_MEMORY, MOST_MEMORY = 1024, 10240


def worker_memory(machine: int) -> int:
    """Return the WorkerMemory, in MB, at which all subtasks that run at once fit into a machine's bytes of memory."""
    return max(LEAST_MEMORY, min(machine // SUBTASKS_AT_ONCE // 1024**2, MOST_MEMORY))


# A lost worker or message is found again while one still looks at the screen. The laptop's own limits are tighter
# than these (infra.local.workers): AWS takes no concurrency below 2.
PARAMETERS = {
    "LeaseSeconds": "20",
    "UrgentConcurrency": "2",
    "MaxConcurrency": "2",
    "BackgroundConcurrency": "2",
    "ResendAfterSeconds": "20",
    "DeletionProtection": "false",
    "AiProvider": "local",  # there is no Rekognition on this machine
    "WorkerMemory": str(worker_memory(machine_bytes())),
}
# A stack in one of these was never whole, and can only be deleted.
NEVER_WHOLE = frozenset(
    {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"}
)
SETTLED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
NOTHING_TO_DO = "didn't contain changes"  # CloudFormation tells it by its text alone
POLL = 0.05
PATIENCE = 60.0


def deploy(project: Path, say: Callable[[str], None]) -> Mapping[str, str]:
    """Deploy what stands in `project`, unless it is deployed already, and return the template's outputs."""
    cloudformation = boto3.client("cloudformation")
    code = package(project)
    key = f"code-{hashlib.sha256(code).hexdigest()[:16]}.zip"
    template = with_code((project / "template.yaml").read_text(), f"s3://{ARTIFACTS}/{key}")
    digest = hashlib.sha256(json.dumps([template, PARAMETERS]).encode()).hexdigest()
    stack = described(cloudformation)
    if stack and stack["StackStatus"] in SETTLED and {"Key": DIGEST_TAG, "Value": digest} in stack.get("Tags", []):
        return outputs_of(stack)
    if stack and stack["StackStatus"] in NEVER_WHOLE:
        say("removing a deployment that was never whole")
        cloudformation.delete_stack(StackName=STACK)
        wait_until(lambda: described(cloudformation) is None, "the deletion of the stack")
        stack = None
    say("deploying template.yaml")
    upload(key, code)
    # A request takes templates up to 51,200 bytes, and S3 up to a million, AWS quotas page.
    upload(f"template-{digest[:16]}.json", template.encode())
    if not change(cloudformation, digest, create=stack is None):
        return outputs_of(described(cloudformation))
    stack = wait_until(lambda: finished(cloudformation), "the deployment")
    if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        message = f"the deployment ended as {stack['StackStatus']}: {'; '.join(reasons(cloudformation))}"
        raise DeployFailed(message)
    return outputs_of(stack)


def package(project: Path) -> bytes:
    """Return the functions' code as a zip; the same code makes the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in source_files(project):
            entry = zipfile.ZipInfo(path.relative_to(project).as_posix())
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def source_files(project: Path) -> Iterator[Path]:
    """Yield the files of the code, sorted; what Python made of them stays out."""
    for folder in CODE_FOLDERS:
        for path in sorted((project / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def with_code(template: str, code_uri: str) -> str:
    """Return the SAM template as JSON, its functions' code in S3."""
    document: dict[str, Any] = yaml_parse(template)
    document["Globals"]["Function"]["CodeUri"] = code_uri
    numbers = {
        name: int(PARAMETERS.get(name, parameter["Default"]))
        for name, parameter in document["Parameters"].items()
        if parameter["Type"] == "Number"
    }
    resources = without_metric_math(document["Resources"])
    document["Resources"] = with_batches(with_numbers(resources, numbers))
    return json.dumps(document)


def without_metric_math(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources without the alarms that calculate: ministack refuses them, and has no metrics of queues."""
    return {name: resource for name, resource in resources.items() if not calculates(resource)}


def calculates(resource: Mapping[str, Any]) -> bool:
    """Return whether a resource is an alarm on an expression of several metrics."""
    return resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]


def with_numbers(part: Any, numbers: Mapping[str, int]) -> Any:  # noqa: ANN401 - any part of a template
    """Return the part with references to Number parameters replaced: ministack would leave them strings.

    Environment variables are strings.
    """
    if isinstance(part, dict):
        if set(part) == {"Ref"} and part["Ref"] in numbers:
            return numbers[part["Ref"]]
        return {name: value if name == "Variables" else with_numbers(value, numbers) for name, value in part.items()}
    return [with_numbers(value, numbers) for value in part] if isinstance(part, list) else part


def with_batches(part: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return the part with `sqs:SendMessageBatch` allowed where `sqs:SendMessage` is, as it is on AWS."""
    if isinstance(part, dict):
        batched = {name: with_batches(value) for name, value in part.items()}
        actions = [part["Action"]] if isinstance(part.get("Action"), str) else part.get("Action", [])
        return batched | ({"Action": [*actions, "sqs:SendMessageBatch"]} if "sqs:SendMessage" in actions else {})
    return [with_batches(value) for value in part] if isinstance(part, list) else part


def upload(key: str, body: bytes) -> None:
    """Put the functions' zip, or the template, into the artifacts' bucket."""
    s3 = boto3.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=ARTIFACTS, Key=key, Body=body)


def change(cloudformation: "CloudFormationClient", digest: str, *, create: bool) -> bool:
    """Make and execute a change set of the template of that digest; return False when it would change nothing."""
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

    def made() -> Any:  # noqa: ANN401 - a boto3 answer
        answer = cloudformation.describe_change_set(StackName=STACK, ChangeSetName=name)
        return answer if answer["Status"] in {"CREATE_COMPLETE", "FAILED"} else None

    answer = wait_until(made, "the change set")
    if answer["Status"] == "FAILED":
        reason = answer.get("StatusReason", "")
        if NOTHING_TO_DO in reason or "No updates" in reason:
            return False
        message = f"the emulated AWS refused template.yaml: {reason}"
        raise DeployFailed(message)
    cloudformation.execute_change_set(StackName=STACK, ChangeSetName=name)
    return True


def described(cloudformation: "CloudFormationClient") -> "StackTypeDef | None":
    """Return the stack's description, None when there is none."""
    try:
        return cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            return None
        raise


def finished(cloudformation: "CloudFormationClient") -> "StackTypeDef | None":
    """Return the stack's description once nothing moves any more."""
    stack = described(cloudformation)
    return None if stack is None or stack["StackStatus"].endswith("_IN_PROGRESS") else stack


def outputs_of(stack: "StackTypeDef | None") -> dict[str, str]:
    """Return the template's outputs by name."""
    outputs = stack.get("Outputs", []) if stack else []
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def reasons(cloudformation: "CloudFormationClient") -> Sequence[str]:
    """Return what went wrong with which resource, the first fault first."""
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in reversed(events) if event.get("ResourceStatus", "").endswith("_FAILED")]
    return [
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason given')}" for event in failed
    ]


def wait_until(look: "Callable[[], T | None]", what: str) -> T:
    """Return what `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            message = f"{what} takes longer than {PATIENCE:.0f} s; read the server's log"
            raise DeployFailed(message)
        time.sleep(POLL)
    return found
