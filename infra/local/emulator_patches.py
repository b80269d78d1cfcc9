"""Every function of the emulator (ministack) that the laptop stack replaces, and every inner name of it that is used.

ministack has no extension points for what Reelmill promises on a laptop, so the stack replaces some of its functions
when it starts. `check` first compares each name with the installed version: with another version the stack fails at
its start, with a message that says which version it needs, instead of losing files later.
"""

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType
from typing import Any

from infra.local.errors import UnsupportedEmulator

EMULATOR = "ministack"
EMULATOR_VERSION = "1.5.33"  # the version of the `local` extra in pyproject.toml
MODULES: Mapping[str, str] = {
    "app": "ministack.app",
    "cognito": "ministack.services.cognito",
    "dynamodb": "ministack.services.dynamodb",
    "lambda_runtime": "ministack.core.lambda_runtime",
    "lambda_svc": "ministack.services.lambda_svc",
    "persistence": "ministack.core.persistence",
    "provisioners": "ministack.services.cloudformation.provisioners",
    "s3": "ministack.services.s3",
    "sqs": "ministack.services.sqs",
    "stacks": "ministack.services.cloudformation.stacks",
}

# From the emulator's function to the one that takes its place.
Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]
Wrappers = Mapping[str, Wrapper]


@dataclass(frozen=True)
class Patch:
    """A function that the stack replaces. `name` is `module.function`, or `module.DICTIONARY[key]`."""

    name: str
    parameters: str
    replaces: str  # the emulator's public behavior
    promise: str  # why the stack needs another one
    registry: str | None = None  # a second place in which the emulator keeps the function


PATCHES = (
    Patch(
        "dynamodb._set_item",
        "table, pk_val, sk_val, item",
        replaces="PutItem, UpdateItem, BatchWriteItem and transactions store an item in memory only.",
        promise="An acknowledged item survives a kill; an item that the disk cannot take is refused and not stored.",
    ),
    Patch(
        "dynamodb._remove_item",
        "table, pk_val, sk_val",
        replaces="DeleteItem, transactions and the time to live delete an item from memory only.",
        promise="An acknowledged deletion survives a kill.",
    ),
    Patch(
        "dynamodb._transact_write_items",
        "data",
        replaces="TransactWriteItems keeps its first items when a later one fails to be stored.",
        promise="A transaction reaches the disk completely or not at all.",
    ),
    Patch(
        "dynamodb._execute_transaction",
        "data",
        replaces="ExecuteTransaction (PartiQL) keeps its first items when a later one fails to be stored.",
        promise="A transaction reaches the disk completely or not at all.",
    ),
    Patch(
        "sqs._act_send_message",
        "data, qurl",
        replaces="SendMessage and SendMessageBatch store a message in memory only.",
        promise="An acknowledged message survives a kill; a message that the disk cannot take is refused.",
        registry="sqs._HANDLERS[SendMessage]",
    ),
    Patch(
        "sqs._externalize_result",
        "result",
        replaces="URLs of queues name port 4566 even if the emulator has another port.",
        promise="A client that sends its requests to the URL of a queue reaches the stack.",
    ),
    Patch(
        "sqs.load_persisted_state",
        "data",
        replaces="After a restart, a message that a worker had received stays hidden until its visibility timeout.",
        promise="Work that a kill interrupted continues at once: no worker outlives its server.",
    ),
    Patch(
        "app.SERVICE_HANDLERS[dynamodb]",
        "method, path, headers, body, query_params",
        replaces="DynamoDB answers InternalError when a write raises an exception.",
        promise="A full disk is reported as InsufficientStorage, with the folder and what to do.",
    ),
    Patch(
        "app.SERVICE_HANDLERS[sqs]",
        "method, path, headers, body, query_params",
        replaces="SQS answers InternalError when a write raises an exception.",
        promise="A full disk is reported as InsufficientStorage, with the folder and what to do.",
    ),
    Patch(
        "app._load_persisted_state",
        "",
        replaces="A start loads what the last orderly stop saved.",
        promise="A start also replays the journal: items and messages since the last snapshot come back after a kill.",
    ),
    Patch(
        "app.save_all",
        "services",
        replaces="An orderly stop writes each service's file in place and only logs errors.",
        promise="A stop that cannot save says so, and the snapshot before it stays valid.",
    ),
    Patch(
        "lambda_svc._poll_sqs",
        "",
        replaces="Event source mappings read their queues from the first moment until the process ends.",
        promise="Functions start after the stack is ready, and `down` takes no message that it cannot finish.",
    ),
    Patch(
        "lambda_svc._sqs_esm_concurrency",
        "esm, func_rec, config, queue=None",
        replaces="Each event source mapping runs as many functions as its own MaximumConcurrency allows.",
        promise="Three subtasks run at once on a laptop, and an urgent one starts although others wait.",
    ),
    Patch(
        "lambda_svc._execute_function_warm",
        "func, event, request_id",
        replaces="Each concurrent call of a function starts another process.",
        promise="Many uploads at once start at most four processes; an upload that became a task is crossed off.",
    ),
    Patch(
        "lambda_svc._route_async_failure",
        "target_arn, func_name, event, result",
        replaces="A failed asynchronous call is sent to its destination, and nothing else learns about it.",
        promise="An upload whose event lies in the queue of failed uploads is not offered again after a restart.",
    ),
    Patch(
        "lambda_runtime.execution_credentials",
        "config",
        replaces="Two processes that start at once may fail: the table of sessions changes while it is iterated.",
        promise="Every function starts, however many start together.",
    ),
    Patch(
        "s3._get_object",
        "bucket_name, key, headers, query_params=None",
        replaces="GetObject of a version ignores Range and the response-* parameters.",
        promise="Tasks read their source by version and in ranges; links carry a file name.",
    ),
    Patch(
        "s3._dispatch",
        "method, bucket, key, headers, body, query_params",
        replaces="A request is answered with success although its files could not be written.",
        promise="An acknowledged object is on the disk; a refused request changes nothing.",
    ),
    Patch(
        "s3._persist_object",
        "bucket, key, obj",
        replaces="An error while an object is written is logged and otherwise ignored.",
        promise="An acknowledged object is on the disk with its description, or the request fails.",
    ),
    Patch(
        "s3._persist_delete_marker",
        "bucket_name, key, marker",
        replaces="An error while a delete marker is written is logged and otherwise ignored.",
        promise="An acknowledged deletion survives a kill.",
    ),
    Patch(
        "s3._persist_displaced_version",
        "bucket_name, key, prior_obj, versioning",
        replaces="An overwritten object is copied, and an error is logged and otherwise ignored.",
        promise="An older version stays readable and takes no second copy of its bytes.",
    ),
    Patch(
        "s3._fire_s3_event_async",
        "bucket_name, key, event_name, size=0, etag='', deletion_type=None, version_id=None, object_extra=None, "
        "record_extra=None",
        replaces="The notification of an upload starts before the object is on the disk, and a kill loses it.",
        promise="An upload that was answered becomes its tasks even if the stack is killed in between.",
    ),
    Patch(
        "stacks._delete_resource",
        "resource_type, physical_id, props, stack_name=None, logical_id=None",
        replaces="CloudFormation deletes tables and user pools that are protected against deletion.",
        promise="A rollback or deletion that would fail on AWS fails on a laptop, too, and protected data stays.",
        registry="provisioners._delete_resource",
    ),
    Patch(
        "cognito._delete_user_pool",
        "data",
        replaces="DeleteUserPool deletes a user pool that is protected against deletion.",
        promise="A protected user pool stays.",
    ),
)

# What the stack calls or reads without replacing it: functions by their parameters, data by None.
USED: Mapping[str, str | None] = {
    "app._build_persistence_save_dict": "",
    "cognito._user_pools": None,
    "dynamodb._tables": None,
    "dynamodb.get_state": "",
    "lambda_runtime._lock": None,
    "lambda_runtime._workers": None,
    "lambda_runtime.acquire_worker": "func_name, config, code_zip, qualifier='$LATEST', max_concurrency=None",
    "lambda_runtime.ensure_spawned": "worker",
    "lambda_runtime.kill_workers": "workers",
    "lambda_runtime.release_worker": "worker",
    "lambda_runtime.workers_in_use": "",
    "lambda_svc.CODE_BLOB_DIR": None,
    "lambda_svc._esm_inflight": None,
    "lambda_svc._esms": None,
    "lambda_svc._get_func_record_for_qualifier": "name, qualifier",
    "lambda_svc.executions_in_flight": "",
    "persistence._json_default": "obj",
    "persistence._state_format_version": "service",
    "s3.DATA_DIR": None,
    "s3._apply_response_overrides": "resp_headers, query_params",
    "s3._buckets": None,
    "s3._delete_version_file": "bucket_name, key, version_id",
    "s3._error": "code, message, status, resource='', extra=None, headers=None",
    "s3._key_history_meta": "bucket_name, key",
    "s3._multipart_uploads": None,
    "s3._object_disk_path": "bucket, key, account_id=None",
    "s3._object_meta_from_record": "obj",
    "s3._object_versions": None,
    "s3._other_key_disk_path": "base, key, fpath",
    "s3._parse_range": "range_header, total",
    "s3._remove_key_files": "fpath",
    "s3._version_disk_path": "bucket, key, version_id, account_id=None",
    "s3.get_account_id": "",
    "sqs._get_q": "url, action=None",
    "sqs._queue_by_arn": "arn",
}


def install(*sets: Wrappers) -> None:
    """Replace the functions that the wrappers name, once in a process. A later set wraps what an earlier one put."""
    patches = {patch.name: patch for patch in PATCHES}
    for wrappers in sets:
        for name, wrap in wrappers.items():
            replacement = wrap(read_name(name))
            for place in (name, patches[name].registry):
                if place:
                    write_name(place, replacement)


def set_code_folder(folder: str) -> None:
    """Make the emulator write the functions' code below `folder` when their state is next read."""
    write_name("lambda_svc.CODE_BLOB_DIR", folder)


def check(patches: Iterable[Patch] = PATCHES, used: Mapping[str, str | None] = USED) -> None:
    """Raise UnsupportedEmulator unless the installed emulator has every name, with the parameters that are expected."""
    expected = {
        **{patch.name: patch.parameters for patch in patches},
        **{patch.registry: patch.parameters for patch in patches if patch.registry},
        **used,
    }
    wrong = [difference for name, parameters in expected.items() if (difference := compare(name, parameters))]
    if wrong:
        raise UnsupportedEmulator(
            f"the laptop stack needs {EMULATOR} {EMULATOR_VERSION}, but {installed_version()} is installed and differs "
            f"in {len(wrong)} of the names that the stack uses ({wrong[0]}); run `make setup` in the checkout to "
            "install the right version"
        )


def compare(name: str, parameters: str | None) -> str | None:
    """Return how a name of the emulator differs from what is expected, None if it doesn't."""
    try:
        value = read_name(name)
    except (ImportError, AttributeError, KeyError):
        return f"{name} is missing"
    if parameters is None:
        return None
    if not callable(value):
        return f"{name} is not a function"
    found = describe_parameters(value)
    return None if found == parameters else f"{name} takes ({found}) instead of ({parameters})"


def describe_parameters(function: Callable[..., Any]) -> str:
    """Return the parameters of a function with their defaults, without their types."""
    parameters = inspect.signature(function).parameters.values()
    return ", ".join(
        parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default!r}"
        for parameter in parameters
    )


def installed_version() -> str:
    """Return the version of the emulator that is installed."""
    try:
        return metadata.version(EMULATOR)
    except metadata.PackageNotFoundError:
        return "no version"


def read_name(name: str) -> Any:  # noqa: ANN401 - a function or data of the emulator
    """Return what the emulator keeps under a name."""
    module, attribute, key = split_name(name)
    value = getattr(module, attribute)
    return value[key] if key else value


def write_name(name: str, value: object) -> None:
    """Replace what the emulator keeps under a name."""
    module, attribute, key = split_name(name)
    if key:
        getattr(module, attribute)[key] = value
    else:
        setattr(module, attribute, value)


def split_name(name: str) -> tuple[ModuleType, str, str]:
    """Return the module, the attribute and the key, if any, that a name consists of."""
    module, _, rest = name.partition(".")
    attribute, _, key = rest.removesuffix("]").partition("[")
    return importlib.import_module(MODULES[module]), attribute, key
