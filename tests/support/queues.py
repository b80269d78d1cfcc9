"""How long each message of a queue stays hidden, from moto's own state: SQS does not report it."""

from time import time

from moto.backends import get_backend


def hidden_for(url: str) -> list[float]:
    """Return for how many seconds from now on the messages of the queue at that URL are hidden."""
    account, name = url.split("/")[-2:]
    queue = get_backend("sqs")[account]["us-east-1"].queues[name]
    return [message.visible_at / 1000 - time() for message in queue._messages]  # noqa: SLF001
