"""A thread that keeps an attempt's lease for as long as its worker lives."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.telemetry import logger

BEAT_EVERY = 5.0  # Seconds: each beat is a write to the task's item. A cancelled attempt hears of it in its next one.
FIRST_BEAT = 1.0  # A person who watches the task start sees it move.


@contextmanager
def heartbeat(beat: Callable[[], bool]) -> Iterator[None]:
    """Call `beat` every few seconds from a thread of its own, until the block ends or `beat` returns False.

    An error of `beat` is logged and ends nothing. The thread dies with its process, whatever the attempt is waiting
    for: so a lease lapses only when its worker is gone, or out of DynamoDB's reach.
    """
    stopped = threading.Event()

    def run() -> None:
        pause, goes_on = FIRST_BEAT, True
        while goes_on and not stopped.wait(pause):
            try:
                goes_on = beat()
            except Exception:  # noqa: BLE001 - a heart that stops would leave its attempt without a lease
                logger().exception("beat failed; the next one may not")
            pause = BEAT_EVERY

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
