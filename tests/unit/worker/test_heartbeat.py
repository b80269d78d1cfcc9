"""The heartbeat that renews an attempt's lease. moto has no locks, so no other code calls AWS during a beat."""

import threading
from contextlib import AbstractContextManager
from threading import Event, Semaphore, current_thread
from time import monotonic

import pytest

from shared.domain.subtask import Failure, Subtask, SubtaskStatus
from shared.domain.task import STOP_FAILURES, Outcome, Task
from shared.errors import ServiceBusy, ServiceRefused
from shared.use_cases.tasks import cancel_task, read_task
from shared.worker.heartbeat import BEAT_EVERY, heartbeat
from shared.worker.results import Redelivery
from shared.worker.run import run_subtask
from tests.support.attempts import (
    A_DAY,
    COVER,
    LEASE_MS,
    LONG,
    NO_FILM,
    SECONDS,
    WORKSPACE,
    a_made_task,
    codes,
    sent,
    swept,
    tags,
)
from tests.support.clips import Clips
from tests.support.deployment import ClockedServices, client, keys, put
from tests.support.outages import CALLS, meanwhile, outage
from tests.support.processes import PATIENCE, encoders, processes, until

SOON = 0.01  # seconds
CANCELED = STOP_FAILURES["cancel"]
SHOTS = {"name": "shots", "type": "SCREENSHOT", "params": {"at": ["0%", "50%"], "width": 32}}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let heartbeats run a hundred times a second."""
    monkeypatch.setattr("shared.worker.heartbeat.FIRST_BEAT", SOON)
    monkeypatch.setattr("shared.worker.heartbeat.BEAT_EVERY", SOON)


class Turns:
    """Holds a heart behind each of its beats, until the test lets it go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._beaten = Semaphore(0)
        self._go_on = Semaphore(0)
        self._over = False

    def wait_here(self) -> None:
        """Wait here, if it is the heart that has called AWS."""
        if current_thread().name == "heartbeat" and not self._over:
            self._beaten.release()
            assert self._go_on.acquire(timeout=PATIENCE)

    def first(self) -> None:
        """Return behind the first beat."""
        assert self._beaten.acquire(timeout=PATIENCE)

    def next(self) -> None:
        """Let it go on to its next beat, and return behind that."""
        self._go_on.release()
        self.first()

    def run_free(self) -> None:
        """Let it beat from now on as it does without a test."""
        self._over = True
        self._go_on.release()

    def end(self) -> None:
        """Let it go on, but not beat again."""
        self._monkeypatch.setattr("shared.worker.heartbeat.BEAT_EVERY", A_DAY)
        self._over = True  # the beat that goes on may call AWS once more
        self._go_on.release()


@pytest.fixture
def heart(quick: None, monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Lend the control over the heartbeat of the next attempt."""
    assert quick is None
    return Turns(monkeypatch)


def held_after_beats(heart: Turns) -> AbstractContextManager[None]:
    """Hold the heart at the end of each beat, when it has stored its progress."""
    return meanwhile("UpdateItem", heart.wait_here, done=True, times=1000, about='"PROGRESS"')


def beating() -> bool:
    """Return whether a heartbeat runs in this process."""
    return any(thread.name == "heartbeat" for thread in threading.enumerate())


def subtask_of(services: ClockedServices, task: Task) -> Subtask:
    """Return the only subtask as it stands."""
    (subtask,) = services.progress.add_to(read_task(services, "main", task.id)).subtasks
    return subtask


@pytest.mark.usefixtures("quick")
def test_a_heart_beats_until_the_block_ends() -> None:
    beats = Semaphore(0)

    def beat() -> bool:
        beats.release()
        return True

    with heartbeat(beat):
        assert all(beats.acquire(timeout=PATIENCE) for _ in range(10))
        assert beating()

    assert not beating()


@pytest.mark.usefixtures("quick")
def test_a_heart_stops_once_it_hears_that_all_is_lost() -> None:
    answers = iter([True, True, False])
    made = []

    def beat() -> bool:
        made.append(next(answers))
        return made[-1]

    with heartbeat(beat):
        until(lambda: not beating())

    assert made == [True, True, False]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("error", [ServiceBusy("no"), ServiceRefused("never"), ValueError("x"), KeyError("y")])
def test_the_heartbeat_continues_after_any_error_of_a_beat(error: Exception) -> None:
    beats = Semaphore(0)
    answers = iter([error] * 3)

    def beat() -> bool:
        beats.release()
        if wrong := next(answers, None):
            raise wrong
        return True

    with heartbeat(beat):
        assert all(beats.acquire(timeout=PATIENCE) for _ in range(10))
        assert beating()


@pytest.mark.usefixtures("quick")
def test_a_block_that_raises_stops_its_heart_and_is_heard() -> None:
    def fail() -> None:
        with heartbeat(lambda: True):
            assert beating()
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert not beating()


def test_a_block_that_is_quick_waits_for_no_beat() -> None:
    beaten = Event()

    def beat() -> bool:
        beaten.set()
        return True

    with heartbeat(beat):
        pass

    assert not beaten.is_set()
    assert not beating()


@pytest.mark.usefixtures("quick")
def test_a_block_does_not_end_in_the_middle_of_a_beat() -> None:
    begun, leaving, ended = Event(), Event(), Event()

    def beat() -> bool:
        begun.set()
        assert leaving.wait(PATIENCE)
        ended.set()
        return True

    with heartbeat(beat):
        assert begun.wait(PATIENCE)
        leaving.set()

    assert ended.is_set()
    assert not beating()


def test_a_worker_that_works_keeps_its_lease_however_long_it_takes(services: ClockedServices, heart: Turns) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    others: list[object] = []

    def work_long() -> None:
        heart.first()
        for _ in range(5):
            services.time += LEASE_MS - 1000
            heart.next()
            services.time += 1000
            others.append(run_subtask(services, ref, SECONDS))
            swept(services)
        heart.end()

    with (
        held_after_beats(heart),
        meanwhile("HeadObject", work_long),
    ):
        assert run_subtask(services, ref, SECONDS) is None

    assert others == [Redelivery(300)] * 5
    assert sent(services) == []
    assert codes(read_task(services, "main", task.id)) == ["SourceFileError.NotMedia"]
    assert subtask_of(services, task).attempt == 1


def test_a_beat_that_dynamodb_does_not_take_is_followed_by_one_that_renews(
    services: ClockedServices, heart: Turns
) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    seen: list[Subtask] = []

    def a_minute() -> None:
        services.time += 60_000

    def work() -> None:
        heart.first()
        seen.append(subtask_of(services, task))
        heart.end()

    with (
        meanwhile("UpdateItem", a_minute, done=True),  # behind the claim
        outage("UpdateItem", after=1, times=3),
        held_after_beats(heart),
        meanwhile("HeadObject", work),
    ):
        assert run_subtask(services, ref, SECONDS) is None

    assert [(s.lease_until, s.phase) for s in seen] == [(services.now() + LEASE_MS, "starting")]
    assert codes(read_task(services, "main", task.id)) == ["SourceFileError.NotMedia"]


def test_each_beat_counts_its_time_so_that_a_dead_worker_leaves_little_uncounted(
    services: ClockedServices, heart: Turns
) -> None:
    services.settings = services.settings.model_copy(update={"daily_compute_seconds": 1000})
    a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    counted: list[int] = []

    def work() -> None:
        services.time += 5000
        heart.first()
        heart.next()  # behind the counting, which follows the beat
        counted.append(services.budget.read_cost(services.now()).compute_ms)
        services.time += 3000
        heart.next()
        heart.next()
        counted.append(services.budget.read_cost(services.now()).compute_ms)
        services.time += 2000
        heart.end()

    with (
        held_after_beats(heart),
        meanwhile("HeadObject", work),
    ):
        assert run_subtask(services, ref, SECONDS) is None

    assert counted == [5000, 8000]
    assert services.budget.read_cost(services.now()).compute_ms == 10_000


def test_a_count_without_a_response_is_repeated_with_its_token_before_the_rest_is_counted(
    services: ClockedServices, heart: Turns
) -> None:
    services.settings = services.settings.model_copy(update={"daily_compute_seconds": 1000})
    a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    counts: list[str] = []

    def work() -> None:
        services.time += 5000
        heart.first()
        heart.next()
        services.time += 3000
        heart.end()

    with (
        meanwhile("TransactWriteItems", lambda: counts.append(CALLS[-1].body), times=3),
        outage("TransactWriteItems", done=True),
        held_after_beats(heart),
        meanwhile("HeadObject", work),
    ):
        assert run_subtask(services, ref, SECONDS) is None

    first, again, rest = counts
    assert first == again
    assert ['{"N": "5000"}' in first, '{"N": "3000"}' in rest] == [True, True]


def test_an_attempt_that_has_lost_its_lease_stops_and_leaves_the_subtask_to_the_other(
    services: ClockedServices, clip: Clips, heart: Turns
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", clip("bigbuckbunny.mp4").read_bytes()), LONG)
    (ref,) = sent(services)

    def another_takes_over() -> None:
        heart.first()
        services.time += LEASE_MS + 1
        assert services.tasks.claim(ref, services.now(), services.now() + LEASE_MS, 3)
        heart.run_free()
        until(lambda: not beating())

    with (
        held_after_beats(heart),
        meanwhile("HeadObject", another_takes_over),
    ):
        assert run_subtask(services, ref, SECONDS) is None

    assert not processes(WORKSPACE)
    held = subtask_of(services, task)
    assert (held.status, held.attempt, held.failure) == (SubtaskStatus.IN_PROGRESS, 2, None)
    ((_, record),) = services.tasks.get_records(task.id, 1, 1)
    assert record.failure == Failure("InternalError.LeaseLost", "another attempt has taken this subtask over")


@pytest.mark.parametrize("error", [None, KeyError("a fault of ours")])
def test_an_attempt_whose_lease_is_not_renewed_in_time_stops_and_gives_its_subtask_back(
    services: ClockedServices, clip: Clips, heart: Turns, error: Exception | None
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", clip("bigbuckbunny.mp4").read_bytes()), LONG)
    (ref,) = sent(services)

    def a_silence() -> None:
        heart.first()
        services.time += LEASE_MS + 1
        heart.end()

    with (
        meanwhile("UpdateItem", heart.wait_here, times=1000),
        outage("UpdateItem", after=1, error=error),  # behind the claim
        meanwhile("HeadObject", a_silence),
    ):
        again = run_subtask(services, ref, SECONDS)

    assert not processes(WORKSPACE)
    assert again == Redelivery(5)
    left = subtask_of(services, task)
    assert (left.status, left.attempt, left.counted_attempts) == (SubtaskStatus.WAITING, 1, 0)
    assert left.wait
    assert left.wait.detail == Failure("InternalError.LeaseLost", "the lease on this subtask was not renewed for 120 s")


def test_the_ffmpeg_of_a_canceled_attempt_is_gone_within_ten_seconds(
    services: ClockedServices, clip: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.worker.heartbeat.FIRST_BEAT", SOON)
    monkeypatch.setattr("shared.worker.heartbeat.BEAT_EVERY", SOON)
    task = a_made_task(services, put("uploads/clip.mp4", clip("bigbuckbunny.mp4").read_bytes()), COVER, LONG)
    cover, long = sent(services)
    run_subtask(services, cover, SECONDS)
    canceled_at: list[float] = []

    def cancel() -> None:
        """In the heart's own thread, while the attempt waits for its ffmpeg."""
        until(lambda: encoders(WORKSPACE))
        cancel_task(services, "main", task.id)
        canceled_at.append(monotonic())

    with meanwhile("UpdateItem", cancel, after=1, done=True):  # behind the claim and the first beat
        assert run_subtask(services, long, SECONDS) is None

    assert monotonic() - canceled_at[0] + BEAT_EVERY < 10  # as it would beat without these tests
    assert not processes(WORKSPACE)
    done = read_task(services, "main", task.id)
    assert (done.outcome, [s.failure for s in done.subtasks]) == (Outcome.ENDED, [None, CANCELED])
    ((_, record),) = services.tasks.get_records(task.id, 1, 2)
    assert record.failure == CANCELED
    assert [f"s3://output/{key}" for key in keys()] == [done.subtasks[0].output]
    assert tags(keys()[0]) == []


def test_files_that_a_canceled_attempt_had_stored_are_gone(
    services: ClockedServices, blink: bytes, heart: Turns
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), SHOTS)
    (ref,) = sent(services)
    stored: list[str] = []

    def cancel() -> None:
        stored.extend(keys())
        heart.first()
        cancel_task(services, "main", task.id)
        heart.run_free()
        until(lambda: not beating())

    with (
        held_after_beats(heart),
        meanwhile("PutObject", cancel, done=True),
    ):
        assert run_subtask(services, ref, SECONDS) is None

    assert len(stored) == 1
    assert keys() == []
    ((_, record),) = services.tasks.get_records(task.id, 1, 1)
    assert (record.failure, record.outputs) == (CANCELED, ())


def test_an_attempt_that_was_canceled_before_its_finish_takes_its_files_with_it(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)

    with meanwhile("PutItem", lambda: cancel_task(services, "main", task.id)):  # the record, before the finish
        assert run_subtask(services, ref, SECONDS) is None

    assert subtask_of(services, task).failure == CANCELED
    assert keys() == []
    items = client("dynamodb").scan(TableName="TasksTable")["Items"]
    assert ["expires_at" in item for item in items if "#ATT#" in item["sk"]["S"]] == [True]
