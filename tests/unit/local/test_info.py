"""What a running stack offers."""

from pathlib import Path

import pytest

from infra.local.data_dir import DataDir
from infra.local.errors import RunsElsewhere
from infra.local.stack import StackInfo, check_same_ports


@pytest.fixture
def info(tmp_path: Path) -> StackInfo:
    return StackInfo(
        console_url="http://127.0.0.1:8080",
        api_url="http://127.0.0.1:8080/api",
        aws_endpoint_url="http://127.0.0.1:4566",
        input_bucket="in",
        output_bucket="out",
        region="eu-central-1",
        access_key_id="KEY",
        secret_access_key="a secret",
        port=8080,
        aws_port=4566,
        pid=1,
        data_dir=tmp_path,
        log=tmp_path / "server.log",
        outputs={"ApiId": "0a1b2c3d"},
    )


def test_it_is_loaded_as_it_was_saved(info: StackInfo, tmp_path: Path) -> None:
    info.save()

    assert StackInfo.load(DataDir(tmp_path)) == info


def test_there_is_none_before_it_is_saved(tmp_path: Path) -> None:
    assert StackInfo.load(DataDir(tmp_path)) is None


def test_its_json_has_the_names_that_programs_read(info: StackInfo) -> None:
    promised = {
        "consoleUrl",
        "apiUrl",
        "awsEndpointUrl",
        "inputBucket",
        "outputBucket",
        "region",
        "accessKeyId",
        "secretAccessKey",
    }

    assert promised <= set(info.as_json())
    assert info.as_json()["outputs"] == {"ApiId": "0a1b2c3d"}


def test_its_own_ports_and_any_port_are_accepted(info: StackInfo) -> None:
    check_same_ports(info, 8080, 4566)
    check_same_ports(info, 0, 0)
    check_same_ports(info, None, None)


@pytest.mark.parametrize(("port", "aws_port"), [(8081, 4566), (8080, 4567)])
def test_other_ports_are_refused(info: StackInfo, port: int, aws_port: int) -> None:
    with pytest.raises(RunsElsewhere, match="reelmill down"):
        check_same_ports(info, port, aws_port)
