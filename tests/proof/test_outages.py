"""AWS throttles, fails or loses its answer at any call: the scenario ends as it does without an outage, if later."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from shared.domain.subtask import UNCOUNTED_FACTOR
from tests.proof.audit import check
from tests.proof.cloud import Cloud, a_cloud
from tests.proof.points import calls_of, named, points, sample
from tests.proof.scenarios import FOLLOWED, OK, ONE, SCENARIOS, SKIPPED, Scenario, a_waiting_task, told, undone
from tests.support.deployment import cached_services
from tests.support.outages import CALLS, Answer, Call, meanwhile
from tests.support.profile import LONG
from tests.support.tallies import Tally

pytestmark = pytest.mark.timeout(3600 if LONG else 120)

TOLD = SCENARIOS if LONG else SCENARIOS[::6]
A_WHILE = 20  # calls in a row: more than any client makes of one
FOR_GOOD = 10**6

Fault = Callable[[], object]


def answers(status: int = 400, **codes: str) -> Fault:
    """Return a fault that each service reports with its own code."""
    return lambda: Answer(codes[CALLS[-1].service], 503 if CALLS[-1].service == "s3" else status)


def raises(error: Exception) -> Fault:
    """Return a fault that AWS itself does not know about."""

    def fail() -> None:
        raise error

    return fail


REFUSED: Mapping[str, Fault] = {
    "throttled": answers(dynamodb="ProvisionedThroughputExceededException", sqs="RequestThrottled", s3="SlowDown"),
    "slowed down": answers(dynamodb="ThrottlingException", sqs="ThrottlingException", s3="RequestLimitExceeded"),
    "limited": answers(dynamodb="RequestLimitExceeded", sqs="RequestLimitExceeded", s3="ServiceUnavailable"),
    "failed": answers(500, dynamodb="InternalServerError", sqs="InternalError", s3="InternalError"),
    "not reached": raises(ConnectTimeoutError(endpoint_url="https://aws")),
}
LOST: Fault = raises(ReadTimeoutError(endpoint_url="https://aws"))


@pytest.fixture
def worn_clients() -> Iterator[None]:
    """Throw the clients away afterwards: they will have used up the retries that botocore allows them."""
    yield
    cached_services.cache_clear()


@pytest.mark.parametrize("scenario", TOLD, ids=str)
def test_what_aws_refuses_once_changes_nothing(
    scenario: Scenario, tally: Tally, monkeypatch: pytest.MonkeyPatch, blink: bytes
) -> None:
    stage = partial(a_cloud, monkeypatch, blink)
    made = calls_of(scenario, stage)

    for point, (name, fault) in zip(sample(made, scenario), kinds(scenario), strict=False):
        tally(f"fault once: {name}")
        with named(f"{name} at {point}"), stage() as cloud:
            told(cloud, scenario, point.when(fault))
            check(cloud, scenario)


@pytest.mark.parametrize("scenario", TOLD, ids=str)
def test_an_answer_that_is_lost_changes_nothing(
    scenario: Scenario, tally: Tally, monkeypatch: pytest.MonkeyPatch, blink: bytes
) -> None:
    stage = partial(a_cloud, monkeypatch, blink)
    made = calls_of(scenario, stage)

    for point in sample(made, scenario):
        tally("fault once: answer lost")
        with named(f"lost answer at {point}"), stage() as cloud:
            told(cloud, scenario, point.when(LOST, done=True))
            check(cloud, scenario)


@pytest.mark.parametrize(
    "scenario", [scenario for scenario in SCENARIOS if scenario.about in {"restart", "cancel", "end"}], ids=str
)
def test_a_person_whose_answer_is_lost_learns_what_happened(
    scenario: Scenario, tally: Tally, monkeypatch: pytest.MonkeyPatch, blink: bytes
) -> None:
    stage = partial(a_cloud, monkeypatch, blink)
    asked = [point for point in points(calls_of(scenario, stage)) if point.phase == scenario.about]

    for point in (point for point in asked if point.operation == "UpdateItem"):
        tally("fault once: answer lost")
        with named(f"lost answer at {point}"), stage() as cloud:
            told(cloud, scenario, point.when(LOST, done=True))
            check(cloud, scenario)


@pytest.mark.usefixtures("worn_clients")
@pytest.mark.parametrize("scenario", TOLD, ids=str)
def test_what_a_service_refuses_for_a_while_is_done_later(
    scenario: Scenario, tally: Tally, monkeypatch: pytest.MonkeyPatch, blink: bytes
) -> None:
    stage = partial(a_cloud, monkeypatch, blink)
    made = calls_of(scenario, stage)

    for point, (name, fault) in zip(sample(made, scenario), kinds(scenario), strict=False):
        tally(f"fault for a while: {name}")
        with named(f"{name} for a while from {point}"), stage() as cloud:
            told(cloud, scenario, point.when(of_service(made[point.number].service, fault), times=A_WHILE))
            check(cloud, scenario, more_attempts=unheard(made, point.number))


def unheard(made: Sequence[Call], number: int) -> bool:
    """Whether DynamoDB fails after a claim: while it refuses all calls, an attempt cannot be marked as uncounted."""
    call = made[number]
    claimed = any(earlier.process is call.process for earlier in made[:number])
    return claimed and call.service == "dynamodb" and call.process is not None and call.process.name == "run"


def of_service(name: str, fault: Fault) -> Fault:
    """Return a fault that only one service has."""
    return lambda: fault() if CALLS[-1].service == name else None


def kinds(scenario: Scenario) -> Iterator[tuple[str, Fault]]:
    """Yield the kinds of refusal in a cycle that begins with another kind for each scenario."""
    return islice(cycle(REFUSED.items()), SCENARIOS.index(scenario), None)


def test_what_s3_denies_for_good_is_reported_in_the_end(
    tally: Tally, monkeypatch: pytest.MonkeyPatch, blink: bytes
) -> None:
    tally("fault for good: denied")
    scenario = denied("PutObject", "InternalError.Storage")

    with a_cloud(monkeypatch, blink) as cloud:
        told(cloud, scenario)
        check(cloud, scenario)
        subtask = cloud.task().subtasks[0]

    assert (subtask.attempt, subtask.counted_attempts) == (cloud.services.settings.max_attempts * UNCOUNTED_FACTOR, 1)
    assert subtask.failure
    assert "AccessDenied" in subtask.failure.message


@pytest.mark.parametrize("operation", ["HeadObject", "GetObject"])
def test_a_source_that_s3_denies_for_a_while_fails_no_task(
    operation: str, tally: Tally, monkeypatch: pytest.MonkeyPatch, blink: bytes
) -> None:
    tally("fault for a while: denied")

    @contextmanager
    def deny(_: Cloud) -> Iterator[None]:
        with meanwhile(operation, lambda: Answer("AccessDenied", 403), times=2):
            yield

    with a_cloud(monkeypatch, blink) as cloud:
        scenario = Scenario(
            f"{operation} denied twice", "run", ONE, (OK,), undone, a_waiting_task, deny, counted_attempts=3
        )
        told(cloud, scenario)
        check(cloud, scenario)


@pytest.mark.parametrize("operation", ["HeadObject", "GetObject"])
def test_the_last_attempt_reports_a_source_that_s3_denies(
    operation: str, tally: Tally, monkeypatch: pytest.MonkeyPatch, blink: bytes
) -> None:
    tally("fault for good: denied")
    scenario = denied(operation, "SourceFileError.NotReadable")

    with a_cloud(monkeypatch, blink) as cloud:
        told(cloud, scenario)
        check(cloud, scenario)

        assert cloud.task().subtasks[0].attempt == cloud.services.settings.max_attempts


def denied(operation: str, code: str) -> Scenario:
    """Return the scenario of a task for which S3 denies one operation for good."""

    @contextmanager
    def deny(_: Cloud) -> Iterator[None]:
        with meanwhile(operation, lambda: Answer("AccessDenied", 403), times=FOR_GOOD):
            yield

    return Scenario(f"{operation} denied", "run", FOLLOWED, (code, SKIPPED), undone, a_waiting_task, deny)
