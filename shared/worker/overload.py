"""Whether an attempt ran out of time because of its file, or because the machine was busy with other work."""

import os

from shared.errors import AttemptFailed, LimitExceeded, WorkerFailed

BUSY_LOAD = 2  # processes for each core that want to run; a function on AWS runs only its own
LEAST_SHARE = 0.5  # of the time of an attempt, as CPU time: a single thread of ffmpeg takes about all of it


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


def blame_machine_if_overloaded(error: LimitExceeded, cpu: float, wall: float) -> AttemptFailed:
    """Return the error of an attempt that took so many seconds of CPU time and of wall time.

    If the time was over and the machine is overloaded, the file is not to blame, and another attempt may succeed.
    """
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if error.code != "LimitError.Time" or cpu >= LEAST_SHARE * wall or load < BUSY_LOAD * cores:
        return error
    message = (
        f"the machine is overloaded: in {wall:.0f} s, it gave this attempt {cpu:.0f} s of CPU time, "
        f"and about {load:.0f} processes compete for {cores} cores"
    )
    return WorkerFailed(message, code="InternalError.Overloaded")
