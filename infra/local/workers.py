"""The processes of the functions: how many run at once and for which queue, when they start, and how they stop."""

import functools
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # it ships no types
from ministack.services import lambda_svc, sqs  # type: ignore[import-untyped]  # the same

from infra.local.emulator_patches import Wrappers

# ruff: noqa: SLF001 - emulator_patches checks each of these names

logger = logging.getLogger(__name__)

# On AWS a thousand uploads get a thousand environments; here each one is a process of 80 MB on a few cores.
AT_ONCE = 4
SUBTASKS_AT_ONCE = 3  # two at first, as one ffmpeg uses every core, and one more for a more urgent queue
GRACE = 5.0  # seconds in which events that were already received become tasks


class Workers:
    """The rules by which the emulator starts functions. Until `share` is called, all queues seem empty."""

    def __init__(self) -> None:
        """Start with paused queues."""
        self._polls = False
        self._queues: Sequence[str] = ()
        self._turns: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(AT_ONCE))
        self._sessions = threading.Lock()

    def wrappers(self) -> Wrappers:
        """Return what applies these rules to the emulator."""
        return {
            "lambda_svc._poll_sqs": self._poll_unless_paused,
            "lambda_svc._sqs_esm_concurrency": self._limit_subtasks,
            "lambda_svc._execute_function_warm": self._limit_calls,
            "lambda_runtime.execution_credentials": self._lock_sessions,
        }

    def share(self, queues: Sequence[str]) -> None:
        """Receive messages from now on, and only as many as may run: a received message is hidden while it waits.

        `queues` are the names of the queues with subtasks, the most urgent first.
        """
        self._queues = queues
        self._polls = True

    def stop(self) -> None:
        """Receive no more messages, let short calls finish, then ask every process to end and wait for it."""
        self._polls = False
        deadline = time.monotonic() + GRACE
        while has_short_calls() and time.monotonic() < deadline:
            time.sleep(0.02)
        with lambda_runtime._lock:
            pools = list(lambda_runtime._workers.values())
            lambda_runtime._workers.clear()
        lambda_runtime.kill_workers([worker for pool in pools for worker in pool])

    def _poll_unless_paused(self, poll: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: self._polls and poll()

    def _limit_calls(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """Let AT_ONCE calls of each function run, and let others wait; ministack would start a process for each."""

        @functools.wraps(run)
        def run_in_turn(function: dict[str, Any], event: object, request_id: str) -> Any:  # noqa: ANN401 - ministack's own
            config = function.get("config") or function
            with self._turns[config["FunctionName"]]:
                return run(function, event, request_id)

        return run_in_turn

    def _limit_subtasks(self, allowed: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(allowed)
        def limit(mapping: dict[str, Any], *facts: Any) -> int:  # noqa: ANN401 - ministack's own
            most, name = allowed(mapping, *facts), queue_name(mapping)
            if name not in self._queues:
                return most
            mappings = {queue_name(one): one for one in lambda_svc._esms.all_values()}
            known = [mappings.get(queue, {}) for queue in self._queues]  # a mapping may have been deleted
            running = [lambda_svc._esm_inflight.get(one.get("UUID"), 0) for one in known]
            waits = [has_waiting_message(one) for one in known]
            return min(most, room_for(self._queues.index(name), running, waits))

        return limit

    def _lock_sessions(self, give: Callable[..., Any]) -> Callable[..., Any]:
        """Give one process at a time the key of its role: ministack iterates over a table that others change."""

        @functools.wraps(give)
        def give_in_turn(config: dict[str, Any]) -> Any:  # noqa: ANN401 - ministack's own
            with self._sessions:
                return give(config)

        return give_in_turn


def room_for(rank: int, running: Sequence[int], waits: Sequence[bool]) -> int:
    """Return how many subtasks of a rank may run; 0 is the most urgent rank.

    One place is reserved for each more urgent rank, and one for each less urgent rank that waits if this rank already
    has a place.
    """
    return SUBTASKS_AT_ONCE - sum(
        max(running[other], other < rank or (waits[other] and running[rank] > 0))
        for other in range(len(running))
        if other != rank
    )


def queue_name(mapping: dict[str, Any]) -> str:
    """Return the name of the queue that a mapping reads."""
    return str(mapping.get("EventSourceArn", "")).rpartition(":")[2]


def has_waiting_message(mapping: dict[str, Any]) -> bool:
    """Whether a message waits for a mapping that is enabled."""
    queue, now = sqs._queue_by_arn(mapping.get("EventSourceArn")), time.time()
    return bool(
        queue and mapping.get("Enabled", True) and any(message["visible_at"] <= now for message in queue["messages"])
    )


def warm_up(name: str, count: int) -> None:
    """Start `count` processes of a function, so that its code is imported before the first event."""
    workers = []
    try:
        record, config = lambda_svc._get_func_record_for_qualifier(name, None)
        workers = [lambda_runtime.acquire_worker(name, config, record["code_zip"])[0] for _ in range(count)]
        for worker in workers:
            lambda_runtime.ensure_spawned(worker)
    except Exception:  # the function's first event will give a better message
        logger.exception("%s could not be started before its first event", name)
    finally:
        for worker in workers:
            lambda_runtime.release_worker(worker)


def has_short_calls() -> bool:
    """Whether a function is running or waiting that finishes in a moment, which a subtask does not."""
    return any("RunSubtask" not in key for key in lambda_svc.executions_in_flight()[1])
