"""The time of an attempt: when its processes must have ended, so that there is time to upload what they wrote."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.errors import LimitExceeded

# Bytes a second. Users report 80 to 120 MB/s from Lambda to S3 in one region; each file is also read for its checksum.
UPLOAD_SPEED = 60e6


class AttemptTime:
    """The time that all processes of an attempt have together. `clock` returns seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """Start the clock."""
        self._clock = clock
        self._seconds = seconds
        self._end = self._deadline = clock() + seconds
        self._upload_seconds = 0.0

    @property
    def left(self) -> float:
        """The seconds that are left; negative if the time is over."""
        return min(self._deadline, self._end - self._upload_seconds) - self._clock()

    def keep_for_upload(self, written: int) -> None:
        """Keep the time at the end that the upload of that many bytes takes."""
        self._upload_seconds = written / UPLOAD_SPEED

    @contextmanager
    def at_most(self, share: float) -> Iterator[None]:
        """Limit what runs inside to that share of the time that is left, 0 to 1."""
        deadline, now = self._deadline, self._clock()
        self._deadline = now + share * (deadline - now)
        try:
            yield
        finally:
            self._deadline = deadline

    def check(self) -> None:
        """Raise LimitExceeded if the time is over."""
        if self.left <= 0:
            raise self.too_long()

    def too_long(self) -> LimitExceeded:
        """Return the error of an attempt whose time is over."""
        message = f"processing reached the time limit of {self._seconds:.0f} s"
        if self._upload_seconds >= 1:
            message += f"; {self._upload_seconds:.0f} s of it are kept to upload the outputs"
        return LimitExceeded(message, code="LimitError.Time")
