"""One real stack for all tests here: the project's own template and code, on ports that were free."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.local import stack as local
from infra.local.stack import StackInfo

Client = Callable[[str], Any]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def stack(data_dir: Path) -> Iterator[StackInfo]:
    """Lend a running stack, and end it by its process ID even when it doesn't end by itself."""
    info = local.ensure_up(data_dir, port=0, aws_port=0)
    yield info
    try:
        local.down(data_dir)
    finally:
        with suppress(ProcessLookupError):
            os.kill(info.pid, signal.SIGKILL)


def client_of(info: StackInfo, service: str) -> Any:  # noqa: ANN401 - any service's client
    """Return a stock boto3 client of a stack, signed in as its user."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=info.aws_endpoint_url,
        aws_access_key_id=info.access_key_id,
        aws_secret_access_key=info.secret_access_key,
        region_name=info.region,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="session")
def client(stack: StackInfo) -> Client:
    """Lend what makes a boto3 client of the shared stack: `client("s3")`."""
    return lambda service: client_of(stack, service)
