"""A thread that renews an attempt's lease while its worker lives."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.telemetry import logger

BEAT_EVERY = 5.0  # seconds; each heartbeat reads the task, so that a canceled attempt learns of it
FIRST_BEAT = 1.0  # so that a person who watches the task sees it start


@contextmanager
def heartbeat(beat: Callable[[], bool]) -> Iterator[None]:
    """Call `beat` every few seconds from a thread of its own, until the block ends or `beat` returns False.

    An error of `beat` is logged, and the thread continues. It also continues during each wait of the attempt. Otherwise
    it ends only with its process, so a lease expires only if its worker is dead or can't reach DynamoDB.
    """
    stopped = threading.Event()

    def run() -> None:
        pause, owned = FIRST_BEAT, True
        while owned and not stopped.wait(pause):
            try:
                owned = beat()
            except Exception:  # noqa: BLE001 - without heartbeats the attempt would lose its lease
                logger().exception("heartbeat failed")
            pause = BEAT_EVERY

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
