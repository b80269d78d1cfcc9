"""Items and messages are in the journal before their request is answered, or they aren't in the emulator either.

A request that the journal doesn't take is answered in the service's own words with what is wrong and what to do.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack import app as emulated  # type: ignore[import-untyped]  # it ships no types
from ministack.services import dynamodb, sqs  # type: ignore[import-untyped]  # the same

from infra.local.disk_full import refused
from infra.local.disk_space import FOR_RECORDS, DiskSpace
from infra.local.errors import DiskFull
from infra.local.journal import ITEM, MESSAGE, Journal

# ruff: noqa: SLF001 - ministack offers none of this in the open

Table = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Answer]]
TRANSACTIONS = ("_transact_write_items", "_execute_transaction")


class WriteAhead:
    """Stands between the emulator's tables and queues and what changes them."""

    def __init__(self, journal: Journal, space: DiskSpace) -> None:
        """Take where the lines go, and what is known of the disk below."""
        self._journal, self._space = journal, space
        self._put, self._remove, self._send = dynamodb._set_item, dynamodb._remove_item, sqs._act_send_message
        self._undo: list[Callable[[], object]] | None = None  # of the transaction under way

    def install(self) -> None:
        """Follow every item that changes and every message that is sent; once in a process."""
        dynamodb._set_item = self._put_item
        dynamodb._remove_item = self._remove_item
        sqs._act_send_message = sqs._HANDLERS["SendMessage"] = self._send_message
        for name in TRANSACTIONS:
            setattr(dynamodb, name, self._all_or_nothing(getattr(dynamodb, name)))
        for service in ("dynamodb", "sqs"):
            emulated.SERVICE_HANDLERS[service] = refusing(service, emulated.SERVICE_HANDLERS[service])

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

    def _all_or_nothing(self, act: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
        """Return a transaction that changes nothing when the journal doesn't take all of it."""

        @functools.wraps(act)
        def acted(data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - ministack's own
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

        return acted


def refusing(service: str, handler: Handler) -> Handler:
    """Return a service's handler that answers DiskFull as the service answers its errors."""

    @functools.wraps(handler)
    async def handled(method: str, path: str, headers: Mapping[str, str], *rest: Any) -> Answer:  # noqa: ANN401
        try:
            return await handler(method, path, headers, *rest)
        except DiskFull as error:
            return refused(service, headers, error.message)

    return handled
