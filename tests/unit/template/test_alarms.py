"""Each alarm goes off for its cause, stays on while the cause lasts, and ends with it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # it ships no types

from infra.scans.template_forms import OWN, expand_template, resolve_conditions
from shared.use_cases import sweeper
from shared.worker import budget
from tests.unit.template.cloudwatch import Samples, Value, expression_of, metrics_of, ringing, subject_of

PROJECT = Path(__file__).parents[3]
TEXT = (PROJECT / "template.yaml").read_text()
RESOURCES: dict[str, Any] = yaml_parse(TEXT)["Resources"]
SETTLED = resolve_conditions(expand_template(TEXT), OWN)["Resources"]
ALARMS = {name: r["Properties"] for name, r in SETTLED.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
# The queues of what failed, with what empties them.
STUCK = {"DeadLetterAlarm": "SubtaskDeadLetterQueue", "FailedUploadsAlarm": "FailedUploadsQueue"}
LANES = ("UrgentQueue", "SubtaskQueue", "BackgroundQueue")
VISIBLE, HIDDEN = "ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"
AGE = "ApproximateAgeOfOldestMessage"
QUIET = 30  # minutes
HOUR, DAY = 60, 24 * 60
SOON = 15  # minutes after which an alarm has rung, or gone silent, at the latest


def queue_samples(queue: str, messages: Sequence[Value], hidden: Sequence[Value], age: Sequence[Value] = ()) -> Samples:
    """Return a queue's metrics of each minute, reported as SQS does."""
    # SQS's guide, "Available CloudWatch metrics": what is in flight is reported if something is.
    in_flight = [value or None for value in hidden]
    return {(VISIBLE, queue): messages, (HIDDEN, queue): in_flight, (AGE, queue): age}


def tried_over_and_over(queue: str, minutes: int) -> Samples:
    """Return the metrics of a queue with one message that is received whenever it is visible, and never deleted.

    In the minute in which it comes again neither count has it, as may be, since both are approximate. SQS leaves it
    out of the age once it has been received three times.
    """
    every = RESOURCES[queue]["Properties"]["VisibilityTimeout"] // 60
    there = range(minutes)
    gone_by = QUIET * [0.0]
    visible: list[Value] = [*gone_by, *(0.0 for _ in there), *gone_by]
    hidden: list[Value] = [*gone_by, *(float(minute % every > 0) for minute in there), *gone_by]
    age: list[Value] = [None] * len(visible)
    age[QUIET : QUIET + 2 * every] = [60.0 * minute for minute in range(2 * every)][:minutes]
    return queue_samples(queue, visible, hidden, age)


@pytest.mark.parametrize("alarm", STUCK)
def test_an_alarm_rings_for_as_long_as_a_message_is_tried_in_vain(alarm: str) -> None:
    rung = ringing(ALARMS[alarm], tried_over_and_over(STUCK[alarm], DAY))

    assert not any(rung[:QUIET])
    assert all(rung[QUIET + SOON : QUIET + DAY])
    assert not any(rung[QUIET + DAY + SOON :])


@pytest.mark.parametrize("alarm", STUCK)
def test_an_alarm_rings_while_failed_messages_stay_in_their_queue(alarm: str) -> None:
    waiting = [*QUIET * [0.0], *DAY * [1.0]]

    rung = ringing(ALARMS[alarm], queue_samples(STUCK[alarm], waiting, []))

    assert all(rung[QUIET + SOON :])


@pytest.mark.parametrize("alarm", STUCK)
def test_an_alarm_does_not_ring_for_what_succeeds_at_the_second_attempt(alarm: str) -> None:
    every = RESOURCES[STUCK[alarm]]["Properties"]["VisibilityTimeout"] // 60

    assert not any(ringing(ALARMS[alarm], tried_over_and_over(STUCK[alarm], 1)))
    assert not any(ringing(ALARMS[alarm], tried_over_and_over(STUCK[alarm], every + 1)))


@pytest.mark.parametrize("alarm", STUCK)
def test_an_alarm_does_not_ring_for_a_queue_that_says_nothing(alarm: str) -> None:
    # SQS: no metrics of a queue in which nothing has happened for six hours.
    nothing: list[Value] = [None] * DAY

    assert not any(ringing(ALARMS[alarm], queue_samples(STUCK[alarm], nothing, nothing)))


@pytest.mark.parametrize("alarm", STUCK)
def test_an_alarm_for_what_is_stuck_counts_all_messages_of_its_queue(alarm: str) -> None:
    watched = {query["MetricStat"]["Metric"]["MetricName"] for query in metrics_of(ALARMS[alarm]).values()}
    queue = SETTLED[STUCK[alarm]]["Properties"]

    assert watched == {VISIBLE, HIDDEN}
    assert {subject_of(query["MetricStat"]["Metric"]) for query in metrics_of(ALARMS[alarm]).values()} == {STUCK[alarm]}
    assert all(f"FILL({identifier}, 0)" in expression_of(ALARMS[alarm]) for identifier in metrics_of(ALARMS[alarm]))
    assert "DelaySeconds" not in queue  # delayed messages are in neither count


@pytest.mark.parametrize("alarm", ALARMS)
def test_no_alarm_trusts_the_age_of_the_oldest_message(alarm: str) -> None:
    assert AGE not in {query["MetricStat"]["Metric"]["MetricName"] for query in metrics_of(ALARMS[alarm]).values()}


def lanes(**counts: tuple[float, float]) -> Samples:
    """Return the metrics of an hour in which the lanes hold so many messages, visible and in flight."""
    samples: dict[tuple[str, str], Sequence[Value]] = {}
    for lane in LANES:
        visible, hidden = counts.get(lane, (0.0, 0.0))
        samples |= queue_samples(lane, [visible] * HOUR, [hidden] * HOUR)
    return samples


@pytest.mark.parametrize("lane", LANES)
def test_an_alarm_rings_when_a_lane_stands_still_and_not_for_a_backlog(lane: str) -> None:
    alarm = ALARMS["LanesAlarm"]

    assert all(ringing(alarm, lanes(**{lane: (1.0, 0.0)}))[SOON:])
    others = dict.fromkeys(LANES, (10_000.0, 50.0))
    assert all(ringing(alarm, lanes(**{**others, lane: (1.0, 0.0)}))[SOON:])
    assert not any(ringing(alarm, lanes(**others)))
    assert not any(ringing(alarm, lanes()))


def test_the_alarm_of_the_budget_rings_while_a_subtask_is_postponed() -> None:
    alarm = ALARMS["BudgetAlarm"]
    asks_every = budget.LOOK_AGAIN_MS // 60_000 + 2  # the sweeper comes each minute
    last = 10 * asks_every
    held: list[Value] = [1.0 if minute % asks_every == 0 else None for minute in range(last + 1)]

    rung = ringing(alarm, {("SubtasksPostponed", "run_subtask"): [*held, *[None] * 2 * HOUR]})

    assert all(rung[: last + 1])
    assert not rung[-1]


def test_the_alarm_of_what_is_not_healed_rings_until_it_is() -> None:
    tried_every = sweeper.RETRY_CHECK_MS // 60_000 + 1
    failed: list[Value] = [float(minute % tried_every == 0) for minute in range(3 * HOUR)]

    rung = ringing(ALARMS["NotHealedAlarm"], {("TasksNotHealed", "sweep"): [*failed, *[0.0] * HOUR]})

    assert all(rung[20 : 3 * HOUR])
    assert not rung[-1]
    assert not any(ringing(ALARMS["NotHealedAlarm"], {("TasksNotHealed", "sweep"): [1.0, *[0.0] * HOUR]}))


@pytest.mark.parametrize(
    ("failed", "given_up", "successful", "rung"),
    [(6, 6, 11, True), (12, 0, 11, True), (0, 12, 11, True), (6, 6, 12, False), (9, 0, 0, False), (0, 0, 50, False)],
)
def test_an_alarm_rings_when_more_of_many_subtasks_fail_than_succeed(
    *, failed: int, given_up: int, successful: int, rung: bool
) -> None:
    ends = {
        ("SubtasksFailed", "run_subtask"): failed,
        ("SubtasksFailed", "sweep"): given_up,
        ("SubtasksSuccessful", "run_subtask"): successful,
    }
    samples = {metric: [*[None] * (HOUR - 1), number or None, *[None] * HOUR] for metric, number in ends.items()}

    states = ringing(ALARMS["FailuresAlarm"], samples)

    assert any(states) == rung
    assert not states[-1]


def failures() -> Iterator[tuple[str, str, str]]:
    """Yield the alarms on failures, each with a metric of its and what that is of."""
    for name, alarm in ALARMS.items():
        for query in metrics_of(alarm).values():
            metric = query["MetricStat"]["Metric"]
            if metric["Namespace"] in {"AWS/Lambda", "AWS/ApiGateway"}:
                yield name, metric["MetricName"], subject_of(metric)


def test_all_that_can_fail_without_a_word_has_an_alarm() -> None:
    functions = ("OnUploadFunction", "RunSubtaskFunction", "SweepFunction", "TaskApiFunction")
    async_, polled = "OnUploadFunction", functions[:3]

    assert {(metric, subject) for _, metric, subject in failures()} == {
        *(("Errors", function) for function in polled),
        *(("Throttles", function) for function in functions),
        ("DestinationDeliveryFailures", async_),
        ("5xx", "Api"),  # where the errors of TaskApi end
    }


@pytest.mark.parametrize(("name", "metric", "subject"), list(failures()))
def test_an_alarm_rings_for_failures_that_last_and_for_one_only_if_that_is_a_loss(
    name: str, metric: str, subject: str
) -> None:
    once: Samples = {(metric, subject): [*QUIET * [0.0], 1.0, *HOUR * [0.0]]}
    always: Samples = {(metric, subject): HOUR * [1.0]}

    assert any(ringing(ALARMS[name], once)) == (metric == "DestinationDeliveryFailures")
    assert all(ringing(ALARMS[name], always)[SOON:])
    assert not ringing(ALARMS[name], once)[-1]


def test_what_an_alarm_watches_of_ours_is_counted_by_the_function_that_it_names() -> None:
    code = "".join(path.read_text() for folder in ("functions", "shared") for path in (PROJECT / folder).rglob("*.py"))
    functions = [r["Properties"] for r in SETTLED.values() if r["Type"] == "AWS::Lambda::Function"]
    services = {function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for function in functions}

    for alarm in ALARMS.values():
        for query in metrics_of(alarm).values():
            metric = query["MetricStat"]["Metric"]
            if metric["Namespace"] == "Reelmill":
                assert re.search(rf'count\(.*"{metric["MetricName"]}"', code), metric
                assert subject_of(metric) in services
                assert {"Name": "stack", "Value": {"Ref": "AWS::StackName"}} in metric["Dimensions"]
    assert {str(function["Environment"]["Variables"]["REELMILL_STACK"]) for function in functions} == {
        str({"Ref": "AWS::StackName"})
    }


def test_the_docs_have_each_alarm_and_what_all_cost() -> None:
    described = (PROJECT / "docs" / "guides" / "alarms.md").read_text()
    watched = sum(len(metrics_of(alarm)) for alarm in ALARMS.values())

    assert not [name for name in ALARMS if f"`{name}`" not in described]
    assert f"alarms, which watch up to {watched} metrics" in (PROJECT / "README.md").read_text()


def test_every_alarm_notifies_the_topic_both_when_it_rings_and_when_it_is_over() -> None:
    alarms = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    told = {"Fn::If": ["TellAlarms", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}

    assert set(alarms) == set(ALARMS)
    for name, alarm in alarms.items():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (told, told), name
        assert alarm["AlarmDescription"].endswith("."), name
        assert alarm["TreatMissingData"] == "notBreaching", name  # nothing is reported while nothing happens
