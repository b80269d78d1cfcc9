"""(j) The memory of the local stack's server after each of several large uploads."""

import os
from typing import Any

from rich.table import Table

from benchmarks.stack import Stack
from shared.media.memory import resident_bytes

PREFIX = "memory/"  # no orchestration has it, so no task reads the objects
PUTS = 4
MEGABYTE = 10**6


def measure(stack: Stack, megabytes: int) -> dict[str, Any]:
    """Upload large objects one after the other, then a small one; return the server's memory after each."""
    body = os.urandom(megabytes * MEGABYTE)
    resident = {"start": read_memory(stack)}
    for number in range(1, PUTS + 1):
        upload(stack, f"large-{number}.bin", body)
        resident[f"large upload {number}"] = read_memory(stack)
    upload(stack, "small.bin", body[:1])
    resident["small upload"] = read_memory(stack)
    return {"object_megabytes": megabytes, "resident_megabytes": resident}


def upload(stack: Stack, name: str, body: bytes) -> None:
    """Upload an object in one request."""
    stack.s3.put_object(Bucket=stack.info.input_bucket, Key=f"{PREFIX}{name}", Body=body)


def read_memory(stack: Stack) -> float:
    """Return the resident memory of the server in megabytes."""
    return resident_bytes(stack.info.pid) / MEGABYTE


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table."""
    shown = Table(title=f"(j) Memory of the local stack's server: {PUTS} uploads of {found['object_megabytes']} MB")
    shown.add_column("after")
    shown.add_column("resident, MB", justify="right")
    for step, megabytes in found["resident_megabytes"].items():
        shown.add_row(step, f"{megabytes:.0f}")
    return shown
