"""Recovery after a kill: sweeps at once, and offers uploads again whose event was lost."""

import json
import logging
import threading
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime

from infra.local.pending_uploads import PendingUploads

logger = logging.getLogger(__name__)

MARGIN = 60.0  # seconds by which a version may be older than the upload that created it: sending its parts takes time
RETRY = 5.0
PATIENCE = 60.0


def recover(
    uploads: PendingUploads, console_url: str, sweep: Callable[[], object], lease_seconds: float, stop: threading.Event
) -> None:
    """Sweep, offer the uploads, and sweep again once the leases of killed workers have expired."""
    attempt_step(sweep)
    while uploads.owed is not None and not stop.is_set():
        if attempt_step(lambda: offer_again(uploads, console_url)):
            uploads.owed = None
        else:
            stop.wait(RETRY)
    if not stop.wait(lease_seconds):
        attempt_step(sweep)


def offer_again(uploads: PendingUploads, console_url: str) -> None:
    """Offer the uploads since the owed time to the orchestrations; those that already have tasks keep them."""
    since = datetime.fromtimestamp((uploads.owed or 0) - MARGIN, UTC).isoformat(timespec="milliseconds")
    wanted = {"bucket": uploads.bucket, "modifiedAfter": since}
    token = None
    while True:
        body = json.dumps(wanted | ({"nextToken": token} if token else {})).encode()
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{console_url}/api/uploads/backfill", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - the same
            page = json.load(answer)
        if not (token := page.get("nextToken")):
            return


def attempt_step(step: Callable[[], object]) -> bool:
    """Run a step and return whether it succeeded; the log has the reason if it didn't."""
    try:
        step()
    except Exception:  # in every case the stack serves, and the sweeper runs every minute
        logger.exception("a step of the recovery failed")
        return False
    return True
