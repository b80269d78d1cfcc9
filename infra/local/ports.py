"""The two ports of a stack: chosen by the caller, else those of its last start, else the usual ones."""

import json

from infra.local.data_dir import DataDir

DEFAULT_PORT = 8080
DEFAULT_AWS_PORT = 4566


def choose_ports(folder: DataDir, port: int | None, aws_port: int | None) -> tuple[int, int]:
    """Return the ports of the next start; 0 stands for any free port."""
    last = last_ports(folder)
    return (
        last.get("port", DEFAULT_PORT) if port is None else port,
        last.get("awsPort", DEFAULT_AWS_PORT) if aws_port is None else aws_port,
    )


def remember_ports(folder: DataDir, port: int, aws_port: int) -> None:
    """Keep the ports of a start for the next one, except a 0: that one has no number to return to."""
    chosen = {name: number for name, number in (("port", port), ("awsPort", aws_port)) if number}
    folder.ports.write_text(json.dumps({**last_ports(folder), **chosen}))


def last_ports(folder: DataDir) -> dict[str, int]:
    """Return the ports of the last start; none if there is none, or if the file is damaged."""
    try:
        document = json.loads(folder.ports.read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: number for name, number in document.items() if isinstance(number, int)}
