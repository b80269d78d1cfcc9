"""The functions' processes: how many at once, started ahead of their first event, and ended."""

import functools
import logging
import threading
import time
from collections import defaultdict
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # it ships no types
from ministack.services import lambda_svc  # type: ignore[import-untyped]  # the same

# ruff: noqa: SLF001 - ministack offers none of this in the open

logger = logging.getLogger(__name__)

# On AWS a thousand uploads get a thousand environments; here each is a process of 80 MB on a few cores.
AT_ONCE = 4
GRACE = 5.0  # seconds in which events that were already taken in become tasks


def limit() -> None:
    """Let AT_ONCE calls of one function run and the others wait; ministack would start a process for each."""
    run = lambda_svc._execute_function_warm
    turns: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(AT_ONCE))

    @functools.wraps(run)
    def in_turn(function: dict[str, Any], event: object, request_id: str) -> Any:  # noqa: ANN401 - ministack's own
        config = function.get("config") or function
        with turns[config["FunctionName"]]:
            return run(function, event, request_id)

    lambda_svc._execute_function_warm = in_turn


def lock_sessions() -> None:
    """Let one process at a time be given its role's key: ministack iterates over what another changes."""
    give = lambda_runtime.execution_credentials
    lock = threading.Lock()

    @functools.wraps(give)
    def one_by_one(config: dict[str, Any]) -> Any:  # noqa: ANN401 - ministack's own
        with lock:
            return give(config)

    lambda_runtime.execution_credentials = one_by_one


def warm(name: str, count: int) -> None:
    """Start so many processes of a function, so that the first event finds its code imported."""
    leased = []
    try:
        record, config = lambda_svc._get_func_record_for_qualifier(name, None)
        leased = [lambda_runtime.acquire_worker(name, config, record["code_zip"])[0] for _ in range(count)]
        for worker in leased:
            lambda_runtime.ensure_spawned(worker)
    except Exception:  # the function's first event will say it better
        logger.exception("%s could not be started ahead of its first event", name)
    finally:
        for worker in leased:
            lambda_runtime.release_worker(worker)


def busy() -> bool:
    """Whether any function runs."""
    return bool(lambda_runtime.workers_in_use())


def end() -> None:
    """Take no further message, let short calls finish, then ask every process to end and see that it does."""
    lambda_svc._poll_sqs = bool  # false: the queues seem empty from now on
    deadline = time.monotonic() + GRACE
    while short_calls() and time.monotonic() < deadline:
        time.sleep(0.02)
    with lambda_runtime._lock:
        pools = list(lambda_runtime._workers.values())
        lambda_runtime._workers.clear()
    lambda_runtime.kill_workers([worker for pool in pools for worker in pool])


def short_calls() -> bool:
    """Whether a function runs or waits that is done in a moment, which a subtask isn't."""
    return any("RunSubtask" not in key for key in lambda_svc.executions_in_flight()[1])
