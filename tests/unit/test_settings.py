"""The environment is read once and late, and an error names what is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import SettingsInvalid
from shared.services import Services
from shared.settings import Settings
from tests.support.deployment import resources

CHECKOUT = Path(__file__).parent.parent.parent


def test_each_setting_has_a_variable_of_its_own() -> None:
    found = Settings.from_environment(
        {"REELMILL_TASKS_TABLE": "tasks-7", "REELMILL_MAX_ATTEMPTS": "5", "TASKS_TABLE": "no", "HOME": "/"}
    )

    assert found == Settings(tasks_table="tasks-7", max_attempts=5)


def test_a_setting_that_is_not_given_has_a_default() -> None:
    assert Settings.from_environment({}) == Settings(max_attempts=3, lease_seconds=120, resend_after_seconds=900)


def test_the_size_of_a_function_is_what_lambda_says() -> None:
    found = Settings.from_environment({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008", "REELMILL_FUNCTION_MEGABYTES": "1"})

    assert found.function_megabytes == 3008


def test_an_error_names_the_variable_of_an_invalid_setting() -> None:
    with pytest.raises(SettingsInvalid, match=r"AWS_LAMBDA_FUNCTION_MEMORY_SIZE: .*integer"):
        Settings.from_environment({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "much"})


def test_an_error_names_the_variable_of_a_missing_name() -> None:
    with pytest.raises(SettingsInvalid, match=r"REELMILL_URGENT_QUEUE_URL is not set; template\.yaml sets it"):
        Settings().require("urgent_queue_url")


def test_services_ask_for_a_name_only_when_they_are_used() -> None:
    services = Services(Settings(tasks_table="t"))

    assert services.tasks.items.Meta.table_name == "t"
    with pytest.raises(SettingsInvalid, match="REELMILL_CATALOG_TABLE"):
        _ = services.catalog
    with pytest.raises(SettingsInvalid, match="REELMILL_UPLOADS_TABLE"):
        _ = services.decisions
    with pytest.raises(SettingsInvalid, match="REELMILL_URGENT_QUEUE_URL"):
        _ = services.queues


@pytest.mark.parametrize("value", ["many", "", "1.5"])
def test_an_error_names_the_variable_of_an_invalid_number(value: str) -> None:
    with pytest.raises(SettingsInvalid, match="invalid environment variables: REELMILL_MAX_ATTEMPTS: "):
        Settings.from_environment({"REELMILL_MAX_ATTEMPTS": value})


def test_every_variable_of_the_template_is_one_that_is_read() -> None:
    told = {
        name.removeprefix("REELMILL_").lower()
        for resource in resources().values()
        if resource["Type"] == "AWS::Serverless::Function"
        for name in resource["Properties"]["Environment"]["Variables"]
        if name.startswith("REELMILL_")
    }

    assert told == set(Settings.model_fields) - {"function_megabytes"}  # Lambda itself sets it


@pytest.mark.parametrize(
    "module",
    [
        "functions.on_upload.handler",
        "functions.run_subtask.handler",
        "functions.sweep.handler",
        "functions.task_api.handler",
    ],
)
def test_importing_a_function_reads_no_setting_and_opens_no_client(module: str) -> None:
    """A wrong environment shows when the function is used, with a message, and not as a failed import."""
    code = (
        "import os, sys, botocore.session as s\n"
        "def refuse(*_, **__): raise SystemExit('a client was opened')\n"
        "s.Session.create_client = refuse\n"
        f"import {module}\n"
        "from shared.settings import settings\n"
        "sys.exit(settings.cache_info().currsize)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"REELMILL_MAX_ATTEMPTS": "many"},
        cwd=CHECKOUT,
        check=False,
        capture_output=True,
    )

    assert done.returncode == 0, done.stderr.decode()
