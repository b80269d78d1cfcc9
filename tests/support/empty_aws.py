"""An emulated AWS with nothing in it: no stack, no functions, no workers."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from infra.local.emulator import PROJECT, REGION, bypass_proxies

EmptyAws = Callable[[str], Any]
# The emulator, in which protection against deletion works as on AWS.
EMULATOR = """
from infra.local import emulator_patches, protection
emulator_patches.install(protection.protection_wrappers())
from ministack.app import main
main()
"""


@pytest.fixture
def empty_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[EmptyAws]:
    """Start an empty emulator on loopback, which the environment names; yield what returns a client of a service."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "TMPDIR": str(tmp_path),
        "DOCKER_HOST": f"unix://{tmp_path}/none",  # or it would look for containers to tidy up
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        **bypass_proxies(os.environ),
    }
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, "-c", EMULATOR], cwd=PROJECT, env=os.environ | settings) as process:
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=6), timeout=60, trust_env=False) as http:
                http.get(f"{address}/_ministack/health").raise_for_status()
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            made: Any = boto3.client
            yield made
        finally:
            process.terminate()
