"""The environment of the emulated AWS, which it reads when it is imported."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.local.data_dir import DataDir
from infra.local.snapshots import Snapshots

HOST = "127.0.0.1"
REGION: Final = "eu-central-1"  # in an older region boto3 makes links with Signature Version 2
ACCESS_KEY_ID = "REELMILLLOCAL0000000"
# Queue URLs contain the port, and the saved state contains queue URLs. ministack therefore always gets this port: the
# state then fits any port of the next `up`, and clients use their endpoint in any case.
NAMED_PORT = 4566
NO_PROXY = ("NO_PROXY", "no_proxy")  # some programs read one, some the other
PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
PROJECT = Path(__file__).resolve().parents[2]


def bypass_proxies(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make requests to this machine bypass the proxies of an environment."""
    named = [name for key in NO_PROXY for name in inherited.get(key, "").split(",") if name]
    hosts = ",".join(dict.fromkeys([*named, HOST, "localhost"]))
    return dict.fromkeys(NO_PROXY, hosts)


def has_proxy(environment: Mapping[str, str]) -> bool:
    """Whether an environment names a proxy."""
    return any(value and name.lower() in PROXIES for name, value in environment.items())


def environment(data_dir: DataDir, aws_port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the server's environment, which the functions inherit; it does not contain the user's AWS account."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(("AWS_", "REELMILL_", "LAMBDA_"))}
    return kept | {
        **bypass_proxies(inherited),
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "AUTH": "true",  # it restricts the functions to their roles
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": data_dir.secret(),
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": f"http://{HOST}:{aws_port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "MINISTACK_REGION": REGION,
        "MINISTACK_HOST": HOST,
        "GATEWAY_PORT": str(NAMED_PORT),
        "BIND_HOST": HOST,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(Snapshots(data_dir.state).newest()),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(data_dir.objects),
        "TMPDIR": str(data_dir.scratch),
        "DOCKER_HOST": f"unix://{data_dir.root}/none",  # otherwise it looks for containers to remove
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "INFO",
        "LAMBDA_WARM_TTL_SECONDS": "3600",
        "POWERTOOLS_TRACE_DISABLED": "true",  # there is no X-Ray here
    }
