"""The time limit of an attempt blames the file only if the machine gave the attempt CPU time."""

import os

import pytest

from shared.errors import LimitExceeded, WorkerFailed
from shared.use_cases.tasks import read_task
from shared.worker.attempt import CLOSING_SECONDS
from shared.worker.overload import blame_machine_if_overloaded, cpu_seconds
from shared.worker.run import run_subtask
from tests.support.attempts import LONG, a_made_task, codes, sent
from tests.support.clips import Clips
from tests.support.deployment import ClockedServices, put

LATE = LimitExceeded("processing reached the time limit of 880 s", code="LimitError.Time")
LARGE = LimitExceeded("the output would be larger than the limit", code="LimitError.OutputSize")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Lend the load of this machine, 10 processes for each core."""
    load = [10.0 * (os.cpu_count() or 1), 0.0, 0.0]
    monkeypatch.setattr(os, "getloadavg", lambda: tuple(load))
    return load


@pytest.mark.usefixtures("load")
def test_an_attempt_that_got_little_cpu_time_on_an_overloaded_machine_may_be_tried_again() -> None:
    error = blame_machine_if_overloaded(LATE, 90, 880)

    assert isinstance(error, WorkerFailed)
    assert error.code == "InternalError.Overloaded"
    assert error.message.startswith(
        "the machine is overloaded: in 880 s, it gave this attempt 90 s of CPU time, and about "
    )


@pytest.mark.usefixtures("load")
@pytest.mark.parametrize(("error", "cpu"), [(LATE, 440), (LATE, 5000), (LARGE, 0)])
def test_any_other_limit_is_that_of_the_file(error: LimitExceeded, cpu: float) -> None:
    assert blame_machine_if_overloaded(error, cpu, 880) is error


def test_a_machine_with_no_other_work_is_not_blamed(load: list[float]) -> None:
    load[0] = 1.0

    assert blame_machine_if_overloaded(LATE, 10, 880) is LATE


def test_the_cpu_time_of_ended_processes_counts() -> None:
    before = cpu_seconds()

    os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"], {}), 0)

    assert cpu_seconds() > before


@pytest.mark.usefixtures("load")
def test_an_attempt_on_an_overloaded_machine_is_repeated(
    services: ClockedServices, clip: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", clip("bigbuckbunny.mp4").read_bytes()), LONG)
    (ref,) = sent(services)
    monkeypatch.setattr(os, "times", lambda: (0.0,) * 5)

    again = run_subtask(services, ref, CLOSING_SECONDS + 1)

    (waiting,) = read_task(services, "main", task.id).subtasks
    assert again
    assert waiting.wait
    assert (waiting.wait.detail.code, waiting.counted_attempts) == ("InternalError.Overloaded", 1)
    assert codes(read_task(services, "main", task.id)) == [None]
