"""The template with the console, in an emulator that serves AWS's host names over TLS, as a browser sees AWS."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import boto3
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from infra.local import emulator, orphans
from infra.local.data_dir import DataDir
from infra.local.deploy import ARTIFACTS, PARAMETERS, adapt_template, stack_outputs, zip_code

STACK = "hosted"
PARAMETERS_WITH_CONSOLE = PARAMETERS | {"Console": "true"}
AWS_NAMES = ("*.cloudfront.net", "*.amazonaws.com", "*.amazoncognito.com")
PATIENCE = {"Delay": 1, "MaxAttempts": 60}


@dataclass(frozen=True)
class Hosted:
    """A deployed stack. `environment` has the variables that lead programs to it."""

    endpoint: str
    outputs: Mapping[str, str]
    environment: Mapping[str, str]

    @property
    def browser_argument(self) -> str:
        """The argument that makes Chromium connect to the emulator instead of AWS."""
        host = self.endpoint.removeprefix("https://")
        return "--host-resolver-rules=" + ", ".join(f"MAP {name} {host}" for name in AWS_NAMES)

    def client(self, service: str) -> Any:  # noqa: ANN401 - any service's client
        """Return a plain boto3 client for this stack."""
        return client_of(self.environment, service)


def client_of(environment: Mapping[str, str], service: str) -> Any:  # noqa: ANN401 - the same
    """Return a plain boto3 client for the endpoint in an environment."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        verify=environment["AWS_CA_BUNDLE"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )


@contextmanager
def hosting(folder: Path) -> Iterator[Hosted]:
    """Run an emulator, deploy the template to it, and lend the stack."""
    data_dir = DataDir.at(folder)
    data_dir.prepare()
    certificate = create_certificate(folder)
    with socket.create_server((emulator.HOST, 0)) as tls, socket.create_server((emulator.HOST, 0)) as plain:
        # The functions, and API Gateway when it fetches the pool's keys, use plain HTTP; browsers and boto3 use TLS.
        ports = {"tls": tls.getsockname()[1], "plain": plain.getsockname()[1]}
        environment = emulator.environment(data_dir, ports["plain"], os.environ) | {
            "GATEWAY_PORT": str(ports["plain"]),
            "PERSIST_STATE": "0",
            "S3_PERSIST": "0",
        }
        # Without workers, the server is one process, which can be killed.
        command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "--workers", "0"]
        command += ["--certfile", str(certificate), "--keyfile", str(certificate)]
        command += ["--bind", f"fd://{tls.fileno()}", "--insecure-bind", f"fd://{plain.fileno()}"]
        with data_dir.log.open("wb") as log:
            server = subprocess.Popen(
                command, env=environment, pass_fds=[tls.fileno(), plain.fileno()], stdout=log, stderr=log
            )
    try:
        endpoint = f"https://{emulator.HOST}:{ports['tls']}"
        variables = environment | {"AWS_ENDPOINT_URL": endpoint, "AWS_CA_BUNDLE": str(certificate)}
        yield Hosted(endpoint, deploy(variables, ports["plain"]), variables)
    finally:
        server.kill()  # a graceful stop would wait for its own requests; no state is kept
        server.wait()
        orphans.end_orphans(data_dir.scratch)


def deploy(environment: Mapping[str, str], port: int) -> dict[str, str]:
    """Deploy the template; return its outputs."""
    s3, cloudformation = (client_of(environment, service) for service in ("s3", "cloudformation"))
    s3.create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": emulator.REGION})
    s3.put_object(Bucket=ARTIFACTS, Key="code.zip", Body=zip_code(emulator.PROJECT))
    document = json.loads(
        adapt_template((emulator.PROJECT / "template.yaml").read_text(), f"s3://{ARTIFACTS}/code.zip")
    )
    route_to(port, document["Resources"]["ConsoleDistribution"]["Properties"]["DistributionConfig"]["Origins"])
    s3.put_object(Bucket=ARTIFACTS, Key="template.json", Body=json.dumps(document).encode())
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"https://s3.{emulator.REGION}.amazonaws.com/{ARTIFACTS}/template.json",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in PARAMETERS_WITH_CONSOLE.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig=PATIENCE)
    return stack_outputs(cloudformation.describe_stacks(StackName=STACK)["Stacks"][0])


def route_to(port: int, origins: list[dict[str, Any]]) -> None:
    """Point the emulated CloudFront to the emulated API, because it never calls addresses of AWS."""
    [api] = [origin for origin in origins if origin["Id"] == "api"]
    api["DomainName"] = emulator.HOST
    api["OriginPath"] = {"Fn::Sub": "/_aws/execute-api/${Api}/$default"}
    api["CustomOriginConfig"] = {"OriginProtocolPolicy": "http-only", "HTTPPort": port}


def create_certificate(folder: Path) -> Path:
    """Create a certificate and a key for loopback; return the file with both."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, emulator.HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(emulator.HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    return path
