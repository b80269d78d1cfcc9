"""One real stack for all tests here: the project's own template and code, on ports that were free."""

from collections.abc import Generator, Iterator

import pytest
from botocore.exceptions import BotoCoreError

from infra.local.data_dir import DataDir
from infra.local.stack import StackInfo
from tests.support.empty_aws import empty_aws  # noqa: F401 - a fixture
from tests.support.stack import api, client, client_of, data_dir, film, paused, stack  # noqa: F401 - fixtures

TOLD_LINES = 40  # of each log, when a test has failed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the end of the logs of a failed test's stack into its report."""
    report = yield
    if report.when == "call" and report.failed:
        info = getattr(item.funcargs.get("victim"), "info", item.funcargs.get("stack"))
        if isinstance(info, StackInfo):
            report.sections += logs_of(info)
    return report


def logs_of(info: StackInfo) -> Iterator[tuple[str, str]]:
    """Yield the end of the server's log, and of each function's, under their names."""
    server = DataDir.at(info.data_dir).log.read_text(errors="replace").splitlines()
    yield "server.log", "\n".join(server[-TOLD_LINES:])
    logs = client_of(info, "logs")
    try:
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
            events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
            yield group["logGroupName"], "\n".join(event["message"].rstrip() for event in events[-TOLD_LINES:])
    except BotoCoreError as error:  # the stack is no more
        yield "functions' logs", str(error)
