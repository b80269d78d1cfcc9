"""How CloudWatch evaluates an alarm of the template, by its user guide; no emulator does metric math.

Sources: "Alarm evaluation", "Configuring how CloudWatch alarms treat missing data", "Using math expressions with
CloudWatch metrics". Not shown: that CloudWatch looks somewhat further back when data are missing.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Value = float | None
Samples = Mapping[tuple[str, str], Sequence[Value]]  # by metric, and what it is of: one a minute, None where none came

STATISTICS: Mapping[str, Callable[[list[float]], float]] = {"Sum": sum, "Maximum": max}
SIGNS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Lt: operator.lt,
}


def ringing(alarm: Mapping[str, Any], samples: Samples) -> list[bool]:
    """Return for each minute whether the alarm is in ALARM; `alarm` are its properties in a settled template."""
    minutes = max(len(series) for series in samples.values())
    values = [value_of(alarm, samples, minute) for minute in range(minutes)]
    return [rings(alarm, values[: minute + 1]) for minute in range(minutes)]


def rings(alarm: Mapping[str, Any], so_far: Sequence[Value]) -> bool:
    """Return whether enough of the last periods breach the threshold, given the value of each minute so far."""
    periods = alarm["EvaluationPeriods"]
    values = [*so_far[:: -period_of(alarm)][:periods]]
    values += [None] * (periods - len(values))  # before there was anything
    missing = alarm["TreatMissingData"] == "breaching"
    breaching = [missing if value is None else value > alarm["Threshold"] for value in values]
    return bool(sum(breaching) >= alarm.get("DatapointsToAlarm", periods))


def period_of(alarm: Mapping[str, Any]) -> int:
    """Return the minutes of an alarm's period, which all its metrics share."""
    [seconds] = {metric["MetricStat"]["Period"] for metric in metrics_of(alarm).values()}
    return int(seconds) // 60


def metrics_of(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an alarm watches, by ID, each as a MetricStat."""
    if "Metrics" in alarm:
        return {query["Id"]: query for query in alarm["Metrics"] if "MetricStat" in query}
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    return {"value": {"MetricStat": {"Metric": metric, "Stat": alarm["Statistic"], "Period": alarm["Period"]}}}


def expression_of(alarm: Mapping[str, Any]) -> str:
    """Return the metric math of an alarm."""
    [expression] = [query["Expression"] for query in alarm.get("Metrics", []) if "Expression" in query] or ["value"]
    return str(expression)


def subject_of(metric: Mapping[str, Any]) -> str:
    """Return what a metric is of: the resource or the name in its only dimension beside the stack."""
    [dimension] = [dimension for dimension in metric["Dimensions"] if dimension["Name"] != "stack"]
    value = dimension["Value"]
    if isinstance(value, dict):
        [[_, value]] = value.items()
    return str(value[0] if isinstance(value, list) else value)


def value_of(alarm: Mapping[str, Any], samples: Samples, minute: int) -> Value:
    """Return the alarm's value of the period that ends with that minute."""
    values: dict[str, Value] = {}
    for identifier, query in metrics_of(alarm).items():
        metric, period = query["MetricStat"]["Metric"], query["MetricStat"]["Period"] // 60
        series = samples.get((metric["MetricName"], subject_of(metric)), ())
        found = [value for value in series[max(0, minute - period + 1) : max(0, minute + 1)] if value is not None]
        values[identifier] = STATISTICS[query["MetricStat"]["Stat"]](found) if found else None
    return calculated(ast.parse(expression_of(alarm).strip(), mode="eval").body, values)


def calculated(term: ast.expr, values: Mapping[str, Value]) -> Value:
    """Evaluate a term: metric math reads like Python; if a metric has no data, the result is None."""
    match term:
        case ast.Constant(value=int(number)):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[inner, other]):
            value = calculated(inner, values)
            return calculated(other, values) if value is None else value
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            return calculated(then if calculated(condition, values) else otherwise, values)
        case ast.BinOp(left=left, op=sign, right=right) | ast.Compare(left=left, ops=[sign], comparators=[right]):
            first, second = calculated(left, values), calculated(right, values)
            return None if first is None or second is None else float(SIGNS[type(sign)](first, second))
    raise ValueError(ast.dump(term))
