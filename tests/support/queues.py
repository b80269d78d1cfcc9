"""The messages of a queue that SQS does not return yet, from moto's own state."""

from time import time
from typing import Any

from moto.backends import get_backend


def hidden_for(url: str) -> list[float]:
    """Return for how many seconds from now on the messages of the queue at that URL are hidden."""
    return [message.visible_at / 1000 - time() for message in messages(url)]


def delayed(url: str) -> list[tuple[str, str, float]]:
    """Return the body and the group of each message that was sent with a delay, and the seconds that are left of it."""
    waits = [(one.body, one.group_id, one.delayed_until / 1000 - time()) for one in messages(url)]
    return [one for one in waits if one[2] > 0]


def messages(url: str) -> list[Any]:
    """Return the messages of the queue at that URL, as moto has them."""
    account, name = url.split("/")[-2:]
    found: list[Any] = get_backend("sqs")[account]["us-east-1"].queues[name]._messages  # noqa: SLF001
    return found
