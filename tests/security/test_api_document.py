"""schemathesis: the API answers valid requests as its document says, and refuses all others."""

from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.services import Services
from tests.security.api_over_wsgi import app
from tests.support.functions import services as services  # noqa: PLC0414 - a fixture is known by its name here
from tests.support.profile import LONG
from tests.support.tallies import Tally

# The names that people give to what they store decide, among much that a schema can't say, whether it is valid:
# which tenant owns it, whether a template is there, whether numbers fit each other. Such a 400 says so.
CONFIG = """
seed = 1
workers = 1
continue-on-failure = true
[generation]
database = "none"
max-examples = {examples}
[phases.stateful]
enabled = {stateful}
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "302", "400", "404", "409"]
"""


@pytest.mark.timeout(3600)
def test_every_check_of_schemathesis_passes(services: Services, tally: Tally) -> None:
    import schemathesis  # noqa: PLC0415 - it takes long to import, and pytest imports this module for any run
    from schemathesis.engine import events, from_schema  # noqa: PLC0415 - the same

    assert services
    config = CONFIG.format(examples=300 if LONG else 5, stateful=str(LONG).lower())
    schema = schemathesis.openapi.from_wsgi(
        "/openapi.json", app, config=schemathesis.config.SchemathesisConfig.from_str(config)
    )
    asked, checked, wrong = 0, Counter[str](), list[str]()

    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished | events.FuzzScenarioFinished):
            asked += len(event.recorder.interactions)
            for case, checks in event.recorder.checks.items():
                for check in checks:
                    checked[check.name] += 1
                    if check.failure_info and not comes_back(event.recorder, case, check):
                        wrong.append(told(event.recorder, case, check))
        elif isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(str(event))

    tally("requests that schemathesis made", asked)
    tally("checks of their answers", checked.total())
    assert asked > 500
    assert not wrong, "\n\n".join(wrong[:40])


def comes_back(recorder: Any, case: str, check: Any) -> bool:  # noqa: ANN401 - schemathesis names them nowhere
    """Whether what is there after its deletion is what ships under that name, or a version, as the routes say."""
    found = recorder.interactions.get(case)
    if check.name != "use_after_free" or not found or not found.response:
        return False
    address = urlsplit(found.request.uri)
    version = address.path.endswith("/versions") or "version" in parse_qs(address.query)
    return version or '"kind":"PRESET"' in found.response.text.replace(" ", "")


def told(recorder: Any, case: str, check: Any) -> str:  # noqa: ANN401 - schemathesis names them nowhere
    """Return what was asked, what was answered, and what is wrong with that."""
    failure, found = check.failure_info.failure, recorder.interactions.get(case)
    answered = f"{found.response.status_code} {found.response.text[:300]}" if found and found.response else "nothing"
    return f"{check.name}: {failure.title} {failure.message}\n{check.failure_info.code_sample}\n{answered}"
