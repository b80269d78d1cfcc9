"""The process that is the local stack: `python -m infra.local.server`, started by infra.local.stack alone.

It is handed listening sockets, the data directory's lock and a pipe on which to report, and its environment
(infra.local.emulator) is set before it starts, because ministack reads it when it is imported.
"""

import argparse
import asyncio
import functools
import json
import logging
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import boto3
from botocore.credentials import Credentials
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as emulated  # type: ignore[import-untyped]  # it ships no types

from infra.local import emulator, emulator_state, versioned_reads, workers
from infra.local.asgi import Message, Receive, Send
from infra.local.aws_gateway import AwsGateway
from infra.local.console_gateway import ConsoleGateway
from infra.local.data_dir import DataDir
from infra.local.deploy import PARAMETERS, deploy
from infra.local.disk_space import DiskSpace
from infra.local.errors import DeployFailed
from infra.local.info import StackInfo
from infra.local.journal import Journal
from infra.local.object_files import ObjectFiles
from infra.local.pending_uploads import PendingUploads
from infra.local.persister import Persister
from infra.local.recovery import recover
from infra.local.site import Site
from infra.local.snapshots import Snapshots, mark
from infra.local.space_guard import SpaceGuard
from infra.local.write_ahead import WriteAhead
from shared.errors import ReelmillError

if TYPE_CHECKING:
    from hypercorn.typing import Framework

logger = logging.getLogger(__name__)

GRACE = 1.0  # seconds for answers that are under way when the stack ends
# Functions of which a process is started ahead, so that the first upload finds its code imported.
WARM = ("OnUploadFunctionName", "RunSubtaskFunctionName")
QUEUES = ("UrgentQueueUrl", "SubtaskQueueUrl", "BackgroundQueueUrl")


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
        self.snapshots = Snapshots(self.data_dir.state)
        self.journal = Journal()
        self.uploads = PendingUploads(owed=self.snapshots.uploads_since())
        self.space = DiskSpace(self.data_dir.root, unsaved=lambda: self.persister.unsaved)
        secret = self.data_dir.secret()
        self.aws = AwsGateway(SpaceGuard(emulated.app, self.space), emulator.ACCESS_KEY_ID, secret)
        self.console = ConsoleGateway(
            emulated.app,
            Credentials(emulator.ACCESS_KEY_ID, secret),
            emulator.REGION,
            site=Site(emulator.PROJECT / "console" / "dist", f"http://{emulator.HOST}:{options.aws_port}"),
            space=self.space,
        )
        self.persister = Persister(
            self.snapshots,
            self.journal,
            emulator_state,
            changes=lambda: self.aws.requests,
            uploads_since=self.uploads.since,
            note=self._note_unsaved,
        )
        self.stop = asyncio.Event()
        self.ending = threading.Event()

    async def app(self, scope: Message, receive: Receive, send: Send) -> None:
        """Send a request to the door of its port, and the server's own events to the emulator."""
        if scope["type"] == "lifespan":
            await emulated.app(scope, receive, send)
        elif scope["type"] == "http":
            gateway = self.aws if scope["server"][1] == self.options.aws_port else self.console
            await gateway(scope, receive, send)

    async def run(self) -> int:
        """Serve until a signal comes; return the exit code."""
        self._take_over()
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
        self.ending.set()
        await asyncio.to_thread(workers.end)  # while the stack still answers them
        ready = await booted
        self.data_dir.info.unlink(missing_ok=True)
        await asyncio.to_thread(self.persister.stop)  # the last save comes when the emulator ends
        closing.set()
        await served
        self.journal.close()
        return 0 if ready and self.persister.unsaved is None else 1

    def _take_over(self) -> None:
        """Change what the emulator does by itself, before it loads what was saved."""
        newest = self.snapshots.newest()
        if self.uploads.owed is None:
            mark(newest, time.time())
        logging.getLogger("persistence").setLevel(logging.WARNING)  # it tells of every file
        WriteAhead(self.journal, self.space).install()
        emulator_state.bring_back(self.journal, newest)
        emulated.save_all = self._save_last
        workers.pause()  # until the stack is ready
        workers.limit()
        workers.lock_sessions()
        versioned_reads.install()
        self.uploads.watch()
        ObjectFiles(self.space).install()

    def _save_last(self, _states: object) -> None:
        """Save everything, in place of the emulator's own way."""
        with suppress(Exception):  # the saver has logged it; what was saved before still stands, as after a kill
            self.persister.save(everything=True, last=True)

    def _note_unsaved(self, reason: str | None) -> None:
        """Write down for `status` and `down` why the state could not be saved, None when it could."""
        try:
            self.data_dir.note_unsaved(reason)
        except OSError:
            logger.exception("nothing can be noted in %s", self.data_dir.lock)

    def _boot(self) -> bool:
        """Deploy, and tell when the stack is ready; return False when it can't be."""
        try:
            info = self._info()
            info.save()
            if self.uploads.owed is not None:
                self._recover(info)
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
        outputs = deploy(emulator.PROJECT, self.report.say)
        self.console.api_id = outputs["ApiId"]
        self.console.input_bucket = self.uploads.bucket = outputs["InputBucketName"]
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
        self.persister.save(everything=True)  # a stack that was ready once comes back
        self.persister.start()
        workers.share([outputs[name].rpartition("/")[2] for name in QUEUES])
        # What nobody waits for yet: the second subtask at once, and the first sweep.
        for name, count in (("RunSubtaskFunctionName", 2), ("SweepFunctionName", 1)):
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

    def _recover(self, info: StackInfo) -> None:
        """Take up in the background what an earlier run left when it was killed."""
        self.report.say("the stack had not ended in good order; its work is taken up")
        sweep = functools.partial(boto3.client("lambda").invoke, FunctionName=info.outputs["SweepFunctionName"])
        lease = float(PARAMETERS["LeaseSeconds"])
        facts = (self.uploads, info.console_url, sweep, lease, self.ending)
        threading.Thread(target=recover, args=facts, name="recovery", daemon=True).start()


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
