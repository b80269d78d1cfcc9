"""Items and messages are written to the journal before their request is answered, or the request fails.

If the journal cannot take an item, the emulator does not store it either, and the answer says in the service's own
format what is wrong and what to do.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.services import sqs  # type: ignore[import-untyped]  # it ships no types

from infra.local.disk_full import disk_full_response
from infra.local.disk_space import FOR_RECORDS, DiskSpace
from infra.local.emulator_patches import Wrappers
from infra.local.errors import DiskFull
from infra.local.journal import ITEM, MESSAGE, Journal

# ruff: noqa: SLF001 - emulator_patches checks each of these names

Table = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Answer]]


class WriteAhead:
    """The journal in front of the emulator's tables and queues."""

    def __init__(self, journal: Journal, space: DiskSpace) -> None:
        """Take where the lines go, and the disk below."""
        self._journal, self._space = journal, space
        self._put: Callable[..., Any]
        self._remove: Callable[..., Any]
        self._send: Callable[..., Any]
        self._undo: list[Callable[[], object]] | None = None  # of the current transaction

    def wrappers(self) -> Wrappers:
        """Return what journals every change of an item and every message that is sent."""
        return {
            "dynamodb._set_item": self._wrap_put,
            "dynamodb._remove_item": self._wrap_remove,
            "dynamodb._transact_write_items": self._wrap_transaction,
            "dynamodb._execute_transaction": self._wrap_transaction,
            "sqs._act_send_message": self._wrap_send,
            "app.SERVICE_HANDLERS[dynamodb]": functools.partial(answer_disk_full, "dynamodb"),
            "app.SERVICE_HANDLERS[sqs]": functools.partial(answer_disk_full, "sqs"),
        }

    def _wrap_put(self, put: Callable[..., Any]) -> Callable[..., Any]:
        self._put = put
        return self._put_item

    def _wrap_remove(self, remove: Callable[..., Any]) -> Callable[..., Any]:
        self._remove = remove
        return self._remove_item

    def _wrap_send(self, send: Callable[..., Any]) -> Callable[..., Any]:
        self._send = send
        return self._send_message

    def _put_item(self, table: Table, pk: str, sk: str, item: Table) -> Any:  # noqa: ANN401 - ministack's own
        with self._space.writing(), self._journal.whole():
            self._space.require(0, FOR_RECORDS)
            self._journal.append(ITEM, table["TableArn"], pk, sk, item)
            before = self._put(table, pk, sk, item)
            self._remember(table, pk, sk, before)
            return before

    def _remove_item(self, table: Table, pk: str, sk: str) -> Any:  # noqa: ANN401 - ministack's own
        with self._space.writing(), self._journal.whole():
            self._journal.append(ITEM, table["TableArn"], pk, sk, None)
            before = self._remove(table, pk, sk)
            self._remember(table, pk, sk, before)
            return before

    def _send_message(self, data: Mapping[str, Any], url: str) -> Any:  # noqa: ANN401 - ministack's own
        self._space.require(0, FOR_RECORDS)
        sent, queue = self._send(data, url), sqs._get_q(url)
        message = next(message for message in reversed(queue["messages"]) if message["id"] == sent["MessageId"])
        try:
            with self._space.writing():
                self._journal.append(MESSAGE, queue["attributes"]["QueueArn"], message)
        except DiskFull:
            queue["messages"] = [known for known in queue["messages"] if known["id"] != message["id"]]
            queue["dedup_cache"].pop(message["dedup_cache_key"], None)
            raise
        return sent

    def _remember(self, table: Table, pk: str, sk: str, before: Table | None) -> None:
        if self._undo is None:
            return
        if before is None:
            self._undo.append(functools.partial(self._remove, table, pk, sk))
        else:
            self._undo.append(functools.partial(self._put, table, pk, sk, before))

    def _wrap_transaction(self, act: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
        """Return a transaction that changes nothing if the journal cannot take all of it."""

        @functools.wraps(act)
        def act_or_undo(data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - ministack's own
            with self._journal.whole():
                self._undo = []
                try:
                    return act(data)
                except DiskFull:
                    for step in reversed(self._undo):
                        step()
                    raise
                finally:
                    self._undo = None

        return act_or_undo


def answer_disk_full(service: str, handle: Handler) -> Handler:
    """Return a service's handler, which then answers DiskFull in the format of the service's errors."""

    @functools.wraps(handle)
    async def handle_or_refuse(method: str, path: str, headers: Mapping[str, str], *rest: Any) -> Answer:  # noqa: ANN401
        try:
            return await handle(method, path, headers, *rest)
        except DiskFull as error:
            return disk_full_response(service, headers, error.message)

    return handle_or_refuse
