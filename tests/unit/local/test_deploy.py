"""The template and the code as the local stack deploys them."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]  # it ships no types

from infra.local.deploy import (
    LEAST_MEMORY,
    MOST_MEMORY,
    PARAMETERS,
    adapt_template,
    allow_batches,
    worker_memory,
    zip_code,
)
from infra.local.emulator import PROJECT


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        adapt_template((PROJECT / "template.yaml").read_text(), "s3://bucket/code.zip")
    )
    return document


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (
        "functions/a/handler.py",
        "shared/b.py",
        "shared/stores/presets/c.yaml",
        "shared/__pycache__/b.pyc",
        "cli/d.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_the_same_code_produces_the_same_zip(project: Path) -> None:
    before = zip_code(project)
    (project / "shared" / "b.py").touch()

    assert zip_code(project) == before

    (project / "shared" / "b.py").write_text("changed")
    assert zip_code(project) != before


def test_the_zip_contains_only_the_functions_code(project: Path, tmp_path: Path) -> None:
    (tmp_path / "code.zip").write_bytes(zip_code(project))

    with zipfile.ZipFile(tmp_path / "code.zip") as archive:
        assert archive.namelist() == ["functions/a/handler.py", "shared/b.py", "shared/stores/presets/c.yaml"]


def test_the_functions_code_comes_from_s3(template: dict[str, Any]) -> None:
    assert template["Globals"]["Function"]["CodeUri"] == "s3://bucket/code.zip"


def test_numbers_are_numbers_except_in_environment_variables(template: dict[str, Any]) -> None:
    properties = template["Resources"]["RunSubtaskFunction"]["Properties"]

    assert properties["Events"]["Subtasks"]["Properties"]["ScalingConfig"]["MaximumConcurrency"] == 2
    assert properties["EphemeralStorage"]["Size"] == 10240
    assert properties["Environment"]["Variables"]["REELMILL_MAX_ATTEMPTS"] == {"Ref": "MaxAttempts"}


def test_only_alarms_with_metric_math_are_left_out(template: dict[str, Any]) -> None:
    whole = yaml_parse((PROJECT / "template.yaml").read_text())["Resources"]
    left_out = {name: resource for name, resource in whole.items() if name not in template["Resources"]}

    assert {resource["Type"] for resource in left_out.values()} == {"AWS::CloudWatch::Alarm"}
    assert all("Metrics" in resource["Properties"] for resource in left_out.values())
    assert not [name for name in left_out if f'"{name}"' in json.dumps(template)]


def test_its_parameters_are_the_templates(template: dict[str, Any]) -> None:
    assert set(PARAMETERS) <= set(template["Parameters"])


@pytest.mark.parametrize("action", ["sqs:SendMessage", ["sqs:SendMessage"], ["sqs:ReceiveMessage", "sqs:SendMessage"]])
def test_a_role_that_may_send_a_message_may_send_many(action: str | list[str]) -> None:
    [statement] = allow_batches([{"Effect": "Allow", "Action": action, "Resource": "*"}])

    assert statement["Action"][-2:] == ["sqs:SendMessage", "sqs:SendMessageBatch"]
    assert statement["Resource"] == "*"


def test_a_role_that_may_not_send_a_message_may_send_none() -> None:
    statement = {"Effect": "Allow", "Action": ["sqs:ReceiveMessage"], "Resource": "*"}

    assert allow_batches(statement) == statement


@pytest.mark.parametrize(("gigabytes", "megabytes"), [(2, 1024), (8, 2730), (24, 8192), (64, 10240)])
def test_the_subtasks_that_run_at_once_share_the_machines_memory(gigabytes: int, megabytes: int) -> None:
    assert worker_memory(gigabytes * 1024**3) == megabytes


def test_the_bounds_of_the_workers_memory_are_the_templates(template: dict[str, Any]) -> None:
    parameter = template["Parameters"]["WorkerMemory"]

    assert (parameter["MinValue"], parameter["MaxValue"]) == (LEAST_MEMORY, MOST_MEMORY)
