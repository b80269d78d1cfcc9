"""The entry point of the local stack's process: `python -m infra.local.boot`, started only by infra.local.stack.

It inherits listening sockets, the data directory's lock and a pipe on which it reports. Its environment
(infra.local.emulator) is set before it starts, because the emulator reads it when it is imported.
"""

import argparse
import asyncio
import json
import logging
import os
from contextlib import suppress
from pathlib import Path

from infra.local import emulator_patches
from infra.local.errors import UnsupportedEmulator
from shared.errors import ReelmillError


class StartupReport:
    """What the server reports to the command that started it, in JSON lines, until it is ready or fails."""

    def __init__(self, descriptor: int) -> None:
        """Take over the pipe's end."""
        self._pipe = os.fdopen(descriptor, "w", buffering=1)

    def say(self, doing: str) -> None:
        """Report what is being done."""
        self._write({"doing": doing})

    def fail(self, error: ReelmillError) -> None:
        """Report why the stack cannot start."""
        self._write({"error": error.message, "code": error.code})

    def close(self) -> None:
        """Report that nothing more follows."""
        with suppress(OSError):
            self._pipe.close()

    def _write(self, document: dict[str, str]) -> None:
        with suppress(OSError):  # the command has ended; the stack stays
            self._pipe.write(json.dumps(document) + "\n")


def parse_arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="infra.local.boot")
    parser.add_argument("--data-dir", type=Path, required=True)
    for name in ("port", "aws-port", "console-fd", "aws-fd", "report-fd"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args()


def main(options: argparse.Namespace) -> int:
    """Run the stack until it is stopped, and return the exit code; report an emulator that does not fit."""
    report = StartupReport(options.report_fd)
    try:
        emulator_patches.check()
    except UnsupportedEmulator as error:
        report.fail(error)
        report.close()
        return 1
    from infra.local.server import Server  # noqa: PLC0415 - its modules import names of the emulator that was checked

    async def serve() -> int:
        return await Server(options, report).run()

    return asyncio.run(serve())


if __name__ == "__main__":
    code = main(parse_arguments())
    logging.shutdown()
    os._exit(code)  # ministack's threads sleep and wait; none has anything that isn't saved
