"""The server of the local stack: the emulated AWS on one port, the console and its API on another."""

import argparse
import asyncio
import functools
import logging
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import boto3
from botocore.credentials import Credentials
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as emulated  # type: ignore[import-untyped]  # it ships no types

from infra.local import emulator, emulator_patches, emulator_state, protection, versioned_reads
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
from infra.local.queue_urls import queue_url_wrappers, true_url
from infra.local.recovery import recover
from infra.local.site import Site
from infra.local.snapshots import Snapshots, record_uploads_since
from infra.local.space_guard import SpaceGuard
from infra.local.workers import Workers, warm_up
from infra.local.write_ahead import WriteAhead
from shared.errors import ReelmillError

if TYPE_CHECKING:
    from hypercorn.typing import Framework

    from infra.local.boot import StartupReport

logger = logging.getLogger(__name__)

GRACE = 1.0  # seconds for requests that are in progress when the stack stops
# Functions with a process that is started early, so that the first upload finds their code imported.
WARM = ("OnUploadFunctionName", "RunSubtaskFunctionName")
QUEUES = ("UrgentQueueUrl", "SubtaskQueueUrl", "BackgroundQueueUrl")


class Server:
    """One stack, from its start to its stop."""

    def __init__(self, options: argparse.Namespace, report: "StartupReport") -> None:
        """Take the command line; nothing runs yet."""
        self.options = options
        self.report = report
        self.data_dir = DataDir(options.data_dir)
        self.endpoint = f"http://{emulator.HOST}:{options.aws_port}"
        self.snapshots = Snapshots(self.data_dir.state)
        self.journal = Journal()
        self.uploads = PendingUploads(owed=self.snapshots.uploads_since())
        self.workers = Workers()
        self.space = DiskSpace(self.data_dir.root, unsaved=lambda: self.persister.unsaved)
        secret = self.data_dir.secret()
        self.aws = AwsGateway(SpaceGuard(emulated.app, self.space), emulator.ACCESS_KEY_ID, secret)
        self.console = ConsoleGateway(
            emulated.app,
            Credentials(emulator.ACCESS_KEY_ID, secret),
            emulator.REGION,
            site=Site(emulator.PROJECT / "console" / "dist", self.endpoint),
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
        self.stopping = threading.Event()

    async def app(self, scope: Message, receive: Receive, send: Send) -> None:
        """Send a request to the gateway of its port, and the server's own events to the emulator."""
        if scope["type"] == "lifespan":
            await emulated.app(scope, receive, send)
        elif scope["type"] == "http":
            gateway = self.aws if scope["server"][1] == self.options.aws_port else self.console
            await gateway(scope, receive, send)

    async def run(self) -> int:
        """Serve until a signal arrives; return the exit code."""
        self._patch_emulator()
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
        self.stopping.set()
        await asyncio.to_thread(self.workers.stop)  # while the stack still answers them
        ready = await booted
        self.data_dir.info.unlink(missing_ok=True)
        await asyncio.to_thread(self.persister.stop)  # the last save comes when the emulator stops
        closing.set()
        await served
        self.journal.close()
        return 0 if ready and self.persister.unsaved is None else 1

    def _patch_emulator(self) -> None:
        """Replace functions of the emulator, before it loads what was saved."""
        newest = self.snapshots.newest()
        if self.uploads.owed is None:
            record_uploads_since(newest, time.time())
        logging.getLogger("persistence").setLevel(logging.WARNING)  # at INFO it logs every file
        emulator_patches.install(
            WriteAhead(self.journal, self.space).wrappers(),
            emulator_state.state_wrappers(self.journal, newest),
            {"app.save_all": lambda _: self._save_last},
            self.workers.wrappers(),
            versioned_reads.read_wrappers(),
            self.uploads.wrappers(),
            ObjectFiles(self.space).wrappers(),
            protection.protection_wrappers(),
            queue_url_wrappers(self.endpoint),
        )

    def _save_last(self, _states: object) -> None:
        """Save everything when the emulator stops."""
        with suppress(Exception):  # the persister has logged it; the snapshot before stays valid, as after a kill
            self.persister.save(everything=True, last=True)

    def _note_unsaved(self, reason: str | None) -> None:
        """Record for `status` and `down` why the state could not be saved, None if it was saved."""
        try:
            self.data_dir.note_unsaved(reason)
        except OSError:
            logger.exception("cannot write to %s", self.data_dir.lock)

    def _boot(self) -> bool:
        """Deploy, and report when the stack is ready; return False if it cannot start."""
        try:
            info = self._start()
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

    def _start(self) -> StackInfo:
        """Start everything, and return the running stack."""
        options = self.options
        outputs = deploy(emulator.PROJECT, self.report.say)
        self.console.api_id = outputs["ApiId"]
        self.console.input_bucket = self.uploads.bucket = outputs["InputBucketName"]
        console = f"http://{emulator.HOST}:{options.port}"
        self.report.say("starting the functions")
        threads = [threading.Thread(target=warm_up, args=(outputs[name], 1)) for name in WARM]
        for thread in threads:
            thread.start()
        try:
            with urllib.request.urlopen(f"{console}/api/health") as answer:  # noqa: S310 - our own address
                answer.read()
        except urllib.error.HTTPError as error:
            raise DeployFailed(
                f"the API answered its first request with {error.code}: its function does not start"
            ) from error
        for thread in threads:
            thread.join()
        self.persister.save(everything=True)  # a stack that was ready once can be restored
        self.persister.start()
        self.workers.share([outputs[name].rpartition("/")[2] for name in QUEUES])
        # These are not needed at once: the second concurrent subtask, and the first sweep.
        for name, count in (("RunSubtaskFunctionName", 2), ("SweepFunctionName", 1)):
            threading.Thread(target=warm_up, args=(outputs[name], count), daemon=True).start()
        return StackInfo(
            console_url=console,
            api_url=f"{console}/api",
            aws_endpoint_url=self.endpoint,
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
            outputs={name: true_url(value, self.endpoint) for name, value in outputs.items()},
        )

    def _recover(self, info: StackInfo) -> None:
        """Resume in the background the work of an earlier run that was killed."""
        self.report.say("the stack was not shut down cleanly; resuming its work")
        sweep = functools.partial(boto3.client("lambda").invoke, FunctionName=info.outputs["SweepFunctionName"])
        lease = float(PARAMETERS["LeaseSeconds"])
        facts = (self.uploads, info.console_url, sweep, lease, self.stopping)
        threading.Thread(target=recover, args=facts, name="recovery", daemon=True).start()
