"""What a running stack offers: its addresses, its key, and the outputs of its template."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.local.data_dir import DataDir, write_private


@dataclass(frozen=True)
class StackInfo:
    """A running stack. `outputs` are those of the template."""

    console_url: str
    api_url: str
    aws_endpoint_url: str
    input_bucket: str
    output_bucket: str
    region: str
    access_key_id: str
    secret_access_key: str
    port: int
    aws_port: int
    pid: int
    data_dir: Path
    log: Path
    outputs: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return it as `up --json` prints it."""
        return {
            json_name(name): str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()
        }

    def exports(self) -> dict[str, str]:
        """Return the environment with which the AWS CLI, boto3 and this command reach the stack."""
        return {
            "AWS_ENDPOINT_URL": self.aws_endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "REELMILL_API_URL": self.api_url,
            "REELMILL_INPUT_BUCKET": self.input_bucket,
            "REELMILL_OUTPUT_BUCKET": self.output_bucket,
            "REELMILL_TOKEN": console_token(self.secret_access_key),
        }

    def save(self) -> None:
        """Write it where `load` finds it. It contains the secret, so only its owner may read it."""
        write_private(DataDir(self.data_dir).info, json.dumps(self.as_json(), indent=1))

    @classmethod
    def load(cls, data_dir: DataDir) -> "StackInfo | None":
        """Return what the server wrote when it was ready, None if it isn't ready yet."""
        try:
            document = json.loads(data_dir.info.read_text())
        except (FileNotFoundError, ValueError):
            return None
        values = {name: document[json_name(name)] for name in cls.__dataclass_fields__}
        return cls(**values | {"data_dir": Path(values["data_dir"]), "log": Path(values["log"])})


def console_token(secret: str) -> str:
    """Return the token that the console's port requires from requests that do not come from its own pages."""
    return hashlib.sha256(f"reelmill console {secret}".encode()).hexdigest()


def json_name(name: str) -> str:
    """Return a field's name in JSON."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
