"""The functions' processes: how many at once and for whom, started ahead of their first event, and ended."""

import functools
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # it ships no types
from ministack.services import lambda_svc, sqs  # type: ignore[import-untyped]  # the same

# ruff: noqa: SLF001 - ministack offers none of this in the open

logger = logging.getLogger(__name__)

# On AWS a thousand uploads get a thousand environments; here each is a process of 80 MB on a few cores.
AT_ONCE = 4
SUBTASKS_AT_ONCE = 3  # two for a start, as ffmpeg uses every core by itself, and one more for what is more urgent
POLL = lambda_svc._poll_sqs
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


def pause() -> None:
    """Take no message from any queue: they seem empty."""
    lambda_svc._poll_sqs = bool


def share(queues: Sequence[str]) -> None:
    """Take as many messages as may run, and no more: a message that was taken waits where nobody sees it.

    `queues` are the names of those with subtasks, the most urgent first.
    """
    lambda_svc._poll_sqs = POLL
    allowed = lambda_svc._sqs_esm_concurrency

    @functools.wraps(allowed)
    def shared(mapping: dict[str, Any], *facts: Any) -> int:  # noqa: ANN401 - ministack's own
        limit: int = allowed(mapping, *facts)
        name = queue_of(mapping)
        if name not in queues:
            return limit
        mappings = {queue_of(one): one for one in lambda_svc._esms.all_values() if queue_of(one) in queues}
        known = [mappings.get(queue, {}) for queue in queues]  # somebody may have deleted one
        running = [lambda_svc._esm_inflight.get(one.get("UUID"), 0) for one in known]
        waits = [waiting(one) for one in known]
        return min(limit, room(queues.index(name), running, waits))

    lambda_svc._sqs_esm_concurrency = shared


def room(rank: int, running: Sequence[int], waits: Sequence[bool]) -> int:
    """Return how many subtasks of a rank may run, 0 being the most urgent.

    A place is kept for each more urgent rank, and for a less urgent one that waits if this one has a place already.
    """
    return SUBTASKS_AT_ONCE - sum(
        max(running[other], other < rank or (waits[other] and running[rank] > 0))
        for other in range(len(running))
        if other != rank
    )


def queue_of(mapping: dict[str, Any]) -> str:
    """Return the name of the queue that a mapping reads."""
    return str(mapping.get("EventSourceArn", "")).rpartition(":")[2]


def waiting(mapping: dict[str, Any]) -> bool:
    """Whether a message waits for a mapping, one that isn't switched off."""
    queue, now = sqs._queue_by_arn(mapping.get("EventSourceArn")), time.time()
    return bool(
        queue and mapping.get("Enabled", True) and any(message["visible_at"] <= now for message in queue["messages"])
    )


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


def end() -> None:
    """Take no further message, let short calls finish, then ask every process to end and see that it does."""
    pause()
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
