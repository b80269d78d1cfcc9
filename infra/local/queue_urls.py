"""The addresses of queues, which name the port of the stack.

The saved state refers to queues by their URLs, so the emulator always has the same port in them (emulator.NAMED_PORT)
and the state fits any port of the next start. It finds a queue by the path of a URL alone.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from infra.local import emulator
from infra.local.emulator_patches import Wrapper, Wrappers

NAMED = f"http://{emulator.HOST}:{emulator.NAMED_PORT}/"
Result = Mapping[str, Any]


def queue_url_wrappers(endpoint: str) -> Wrappers:
    """Return what replaces the emulator's answers that contain URLs of queues."""
    return {"sqs._externalize_result": with_true_port(endpoint)}


def with_true_port(endpoint: str) -> Wrapper:
    """Return a wrapper of the emulator's last step of an SQS answer, which then names the port of the stack."""

    def wrap(externalize: Callable[[Result], Result]) -> Callable[[Result], Result]:
        @functools.wraps(externalize)
        def externalize_port(result: Result) -> Result:
            answer = externalize(result)
            if not isinstance(answer, dict) or not {"QueueUrl", "QueueUrls"} & set(answer):
                return answer
            urls = (
                {"QueueUrls": [true_url(url, endpoint) for url in answer["QueueUrls"]]} if "QueueUrls" in answer else {}
            )
            url = {"QueueUrl": true_url(answer["QueueUrl"], endpoint)} if "QueueUrl" in answer else {}
            return {**answer, **url, **urls}

        return externalize_port

    return wrap


def true_url(text: str, endpoint: str) -> str:
    """Return a URL of a queue with the stack's address in it; any other text unchanged."""
    return f"{endpoint}/{text.removeprefix(NAMED)}" if text.startswith(NAMED) else text
