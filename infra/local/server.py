"""The process that is the local stack: `python -m infra.local.server`, started by infra.local.stack alone.

It is handed listening sockets, the data directory's lock and a pipe on which to report, and its environment
(infra.local.emulator) is set before it starts, because ministack reads it when it is imported.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.credentials import Credentials
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as emulated  # type: ignore[import-untyped]  # it ships no types
from ministack.core import persistence  # type: ignore[import-untyped]  # the same

from infra.local import emulator, versioned_reads, workers
from infra.local.asgi import Message, Receive, Send
from infra.local.aws_door import AwsDoor
from infra.local.console_door import ConsoleDoor
from infra.local.data_dir import DataDir
from infra.local.deploy import SUBTASKS_AT_ONCE, deploy
from infra.local.errors import DeployFailed
from infra.local.info import StackInfo
from infra.local.saver import Saver
from shared.errors import ReelmillError

if TYPE_CHECKING:
    from hypercorn.typing import Framework

logger = logging.getLogger(__name__)

GRACE = 1.0  # seconds for answers that are under way when the stack ends
# Functions of which a process is started ahead, so that the first upload finds its code imported.
WARM = ("OnUploadFunctionName", "RunSubtaskFunctionName")


# What changes by use. All else, the ever growing logs too, is saved when the stack is ready and when it ends.
SAVED = frozenset({"apigateway", "cloudformation", "dynamodb", "eventbridge", "iam", "lambda", "s3", "sqs", "sts"})


def all_states() -> dict[str, Callable[[], Any]]:
    """Return all that the emulator can save, by name."""
    everything: dict[str, Callable[[], Any]] = emulated._build_persistence_save_dict()  # noqa: SLF001 - the one way
    return everything


def changing_states() -> dict[str, Callable[[], Any]]:
    """Return what is saved while the stack runs, by name."""
    return {name: state for name, state in all_states().items() if name in SAVED}


class Report:
    """Tells the command that started the server how far it is, in JSON lines, until it is ready or fails."""

    def __init__(self, descriptor: int) -> None:
        """Take over the pipe's end."""
        self._pipe = os.fdopen(descriptor, "w", buffering=1)

    def say(self, doing: str) -> None:
        """Tell what is being done."""
        self._write({"doing": doing})

    def fail(self, error: ReelmillError) -> None:
        """Tell why there will be no stack."""
        self._write({"error": error.message, "code": error.code})

    def close(self) -> None:
        """Tell that nothing more comes."""
        with suppress(OSError):
            self._pipe.close()

    def _write(self, document: dict[str, str]) -> None:
        with suppress(OSError):  # whoever asked has gone away; the stack stays
            self._pipe.write(json.dumps(document) + "\n")


class Server:
    """One stack, from its boot to its end."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Take the command line; nothing runs yet."""
        self.options = options
        self.data_dir = DataDir(options.data_dir)
        self.report = Report(options.report_fd)
        secret = self.data_dir.secret()
        self.aws = AwsDoor(emulated.app, emulator.ACCESS_KEY_ID, secret)
        self.console = ConsoleDoor(emulated.app, Credentials(emulator.ACCESS_KEY_ID, secret), emulator.REGION)
        self.saver = Saver(changing_states, persistence.save_state, lambda: self.aws.requests, busy=workers.busy)
        self.stop = asyncio.Event()

    async def app(self, scope: Message, receive: Receive, send: Send) -> None:
        """Send a request to the door of its port, and the server's own events to the emulator."""
        if scope["type"] == "lifespan":
            await emulated.app(scope, receive, send)
        elif scope["type"] == "http":
            door = self.aws if scope["server"][1] == self.options.aws_port else self.console
            await door(scope, receive, send)

    async def run(self) -> int:
        """Serve until a signal comes; return the exit code."""
        logging.getLogger("persistence").setLevel(logging.WARNING)  # it tells of every file, every second
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        config = Config()
        config.bind = [f"fd://{self.options.aws_fd}", f"fd://{self.options.console_fd}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = GRACE
        config.loglevel = "WARNING"
        closing = asyncio.Event()
        served = loop.create_task(serve(cast("Framework", self.app), config, shutdown_trigger=closing.wait))
        booted = loop.create_task(asyncio.to_thread(self._boot))
        stopped = loop.create_task(self.stop.wait())
        await asyncio.wait({served, stopped, booted}, return_when=asyncio.FIRST_COMPLETED)
        if booted.done() and booted.result():
            await asyncio.wait({served, stopped}, return_when=asyncio.FIRST_COMPLETED)
        self.data_dir.info.unlink(missing_ok=True)
        await asyncio.to_thread(workers.end)  # while the stack still answers them
        ready = await booted
        self.data_dir.info.unlink(missing_ok=True)
        await asyncio.to_thread(self.saver.stop)  # or it would write what the emulator saves as it ends
        closing.set()
        await served
        return 0 if ready else 1

    def _boot(self) -> bool:
        """Deploy, and tell when the stack is ready; return False when it can't be."""
        try:
            self._info().save()
        except ReelmillError as error:
            self.report.fail(error)
        except Exception as error:
            logger.exception("the stack could not start")
            self.report.fail(ReelmillError(f"the stack could not start: {error}"))
        else:
            return True
        finally:
            self.report.close()
        return False

    def _info(self) -> StackInfo:
        """Bring everything up, and return what there is then."""
        options = self.options
        workers.limit()
        workers.lock_sessions()
        versioned_reads.install()
        outputs = deploy(emulator.PROJECT, self.report.say)
        self.console.api_id = outputs["ApiId"]
        self.console.input_bucket = outputs["InputBucketName"]
        console = f"http://{emulator.HOST}:{options.port}"
        self.report.say("starting the functions")
        threads = [threading.Thread(target=workers.warm, args=(outputs[name], 1)) for name in WARM]
        for thread in threads:
            thread.start()
        try:
            with urllib.request.urlopen(f"{console}/api/health") as answer:  # noqa: S310 - our own address
                answer.read()
        except urllib.error.HTTPError as error:
            message = f"the API answers {error.code} to its first request: its function doesn't start"
            raise DeployFailed(message) from error
        for thread in threads:
            thread.join()
        persistence.save_all(all_states())  # a stack that was ready once comes back
        self.saver.start()
        # What nobody waits for yet: the second subtask at once, and the first sweep.
        for name, count in (("RunSubtaskFunctionName", SUBTASKS_AT_ONCE), ("SweepFunctionName", 1)):
            threading.Thread(target=workers.warm, args=(outputs[name], count), daemon=True).start()
        return StackInfo(
            console_url=console,
            api_url=f"{console}/api",
            aws_endpoint_url=f"http://{emulator.HOST}:{options.aws_port}",
            input_bucket=outputs["InputBucketName"],
            output_bucket=outputs["OutputBucketName"],
            region=emulator.REGION,
            access_key_id=emulator.ACCESS_KEY_ID,
            secret_access_key=self.data_dir.secret(),
            port=options.port,
            aws_port=options.aws_port,
            pid=os.getpid(),
            data_dir=self.data_dir.root,
            log=self.data_dir.log,
            outputs=outputs,
        )


def arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="infra.local.server")
    parser.add_argument("--data-dir", type=Path, required=True)
    for name in ("port", "aws-port", "console-fd", "aws-fd", "report-fd"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args()


async def main() -> int:
    """Run the stack to its end."""
    return await Server(arguments()).run()


if __name__ == "__main__":
    code = asyncio.run(main())
    logging.shutdown()
    os._exit(code)  # ministack's threads sleep and wait; none holds anything that isn't saved
