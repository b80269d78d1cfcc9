"""Upload decisions in DynamoDB: one item for each upload, or for each orchestration that accepted it."""

import hashlib
import heapq
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.indexes import AllProjection

from shared.domain.ids import id_before, id_range
from shared.domain.output_names import MAX_KEY_BYTES
from shared.domain.page import Page
from shared.domain.page_token import read_token, write_token
from shared.domain.subtask import DEFAULT_TENANT
from shared.domain.upload import REFUSALS, KeyHistory, Upload, UploadDecision, Verdict
from shared.errors import NewerVersion, ServiceBusy
from shared.stores.dynamodb import (
    VersionedItem,
    bind_model,
    define_index,
    dynamodb_error,
    is_readable,
    read_item,
    save_item,
    stamp,
    stored_form,
    update_item,
)
from shared.stores.forward_compatibility import keep_unknown, reading

SHARDS = 4  # A partition takes 1,000 writes a second (DynamoDB quotas).
KEPT_SECONDS = 90 * 24 * 3600
MAX_CONFLICTS = 20  # how many events of the same key may arrive at the same time
READ_PER_PAGE = 1000  # The limit of items that a page reads if few of them have the wanted verdict.


class DecisionItem(VersionedItem):
    """An upload decision. `pk` comes from the upload's identity, so the same upload has it only once."""

    pk = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute()
    ix_time = UnicodeAttribute()
    ix_key = UnicodeAttribute()
    tenant = UnicodeAttribute()
    bucket = UnicodeAttribute()
    key = UnicodeAttribute()
    size = NumberAttribute()
    e_tag = UnicodeAttribute()
    at = NumberAttribute()
    version_id = UnicodeAttribute(null=True)
    sequencer = UnicodeAttribute()
    alias = UnicodeAttribute()
    verdict = UnicodeAttribute()
    reason = UnicodeAttribute()
    orchestration = UnicodeAttribute(null=True)
    task_id = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()
    by_time = define_index("ix_time", AllProjection(), id=UnicodeAttribute(range_key=True))  # by tenant
    by_key = define_index("ix_key", AllProjection(), id=UnicodeAttribute(range_key=True))


class HistoryItem(VersionedItem):
    """The history of a key in a bucket without versions; the indexes don't contain it."""

    pk = UnicodeAttribute(hash_key=True)
    history: JSONAttribute = JSONAttribute()
    expires_at = NumberAttribute()
    version = VersionAttribute()


@dataclass(frozen=True)
class DecisionFilter:
    """A filter of upload decisions; None means any. Times are those of the uploads, in epoch milliseconds."""

    tenant: str = DEFAULT_TENANT
    key: str | None = None
    verdict: Verdict | None = None
    after: int | None = None
    before: int | None = None


class DecisionStore:
    """The uploads table. A failed request raises ServiceBusy or ServiceRefused."""

    def __init__(self, table: str) -> None:
        """Bind to the table of that name; this makes no request."""
        self._items = bind_model(DecisionItem, table)
        self._histories = bind_model(HistoryItem, table)

    def put_if_absent(self, decision: UploadDecision, now: int) -> UploadDecision:
        """Store a decision and return the one that applies: a matched upload keeps its first task. Raise NewerVersion.

        An upload has one refusal, or one decision for each orchestration that accepted it, but never both. The same
        decision again is not written, so that it keeps what a newer version stored with it.
        """
        accepted_by = decision.accepted_by
        replaceable = self._items.verdict.is_in(*REFUSALS)
        if accepted_by:
            replaceable |= (self._items.orchestration == accepted_by) & self._items.task_id.does_not_exist()
        if not decision.task_id:
            replaceable &= (self._items.verdict != str(decision.verdict)) | (self._items.reason != decision.reason)
        replaceable &= is_readable(self._items)
        # The first orchestration that accepts an upload replaces the refusal; each of the others has a separate item.
        for identity in (decision.upload.identity(), decision.upload.identity(accepted_by)):
            item = decision_item(decision, hash_identity(identity), now, self._items)
            if save_item(item, self._items.pk.does_not_exist() | replaceable):
                return decision
            found = read_item(self._items, item.pk)
            winner = decision_from(found) if found else decision  # it may have expired since
            if not accepted_by or winner.accepted_by == accepted_by:
                break
        return winner

    def identify(self, upload: Upload, now: int) -> tuple[Upload, bool]:
        """Return an upload by the name of its object, and whether a later write has replaced it. Raise NewerVersion."""
        if upload.version_id:  # which identifies it, and nothing replaces it
            return upload, False
        key = hash_identity(f"HISTORY\0{upload.tenant}\0{upload.bucket}\0{upload.key}".encode())
        for _ in range(MAX_CONFLICTS):
            item = read_item(self._histories, key) or self._histories(key, history={})
            history = history_from(item)
            superseded = history.supersedes(upload)
            named = history.with_known_name(upload)
            if superseded and read_item(self._items, hash_identity(upload.identity())):
                named = upload  # a decision was stored under its own name, before other names were known
            after = history.after(named, now)
            if after == history:
                return named, superseded
            stored = keep_unknown(item.history, history_json(history), history_json(after))
            changes = [
                self._histories.history.set(stored),
                self._histories.expires_at.set(expiry_seconds(now)),
                stamp(self._histories),
            ]
            # PynamoDB makes this conditional: no other request has changed it meanwhile.
            if update_item(item, changes):
                return named, False
        message = f"s3://{upload.bucket}/{upload.key} changes too fast; try again"
        raise ServiceBusy(message)

    def page(self, wanted: DecisionFilter, limit: int, token: str | None = None) -> Page[UploadDecision]:
        """Return one page, newest uploads first; `unreadable` are the keys of uploads whose decisions are.

        Raise RequestRejected if the token is from a list with another filter.
        """
        low, high = id_range("", wanted.after, wanted.before)
        if token is not None:
            high = min(high, id_before(read_token(token, wanted)))
        found: list[UploadDecision] = []
        unreadable: list[str] = []
        last = ""
        try:
            rows = self._rows(wanted, low, high, limit)
            for row in islice(rows, READ_PER_PAGE):
                last = str(row.id)
                if wanted.verdict not in {None, row.verdict}:
                    continue
                try:
                    found.append(decision_from(row))
                except NewerVersion:
                    unreadable.append(row.key)
                if len(found) == limit:
                    break
            more = next(rows, None) is not None
        except PynamoDBException as error:
            raise dynamodb_error(error) from error
        return Page(tuple(found), write_token(last, wanted) if more else None, tuple(dict.fromkeys(unreadable)))

    def _rows(self, wanted: DecisionFilter, low: str, high: str, limit: int) -> Iterator[DecisionItem]:
        """Yield the rows of the most selective index, newest first."""
        if low > high or len((wanted.key or "").encode()) > MAX_KEY_BYTES:
            return iter(())
        index: Any = self._items.by_time
        keys = [f"{wanted.tenant}#{number}" for number in range(SHARDS)]
        if wanted.key is not None:
            index, keys = self._items.by_key, [f"{wanted.tenant}#{wanted.key}"]
        between = self._items.id.between(low, high)
        lists = [index.query(key, between, scan_index_forward=False, page_size=limit + 1) for key in keys]
        return heapq.merge(*lists, key=lambda row: str(row.id), reverse=True)


def decision_item(decision: UploadDecision, key: str, now: int, model: type[DecisionItem]) -> DecisionItem:
    """Return the item of a decision."""
    upload, identifier = decision.upload, decision.id
    return model(
        key,
        id=identifier,
        ix_time=f"{upload.tenant}#{zlib.crc32(identifier.encode()) % SHARDS}",
        ix_key=f"{upload.tenant}#{upload.key}",
        verdict=str(decision.verdict),
        reason=decision.reason,
        orchestration=decision.orchestration,
        task_id=decision.task_id,
        expires_at=expiry_seconds(now),
        **vars(upload),
    )


def decision_from(item: DecisionItem) -> UploadDecision:
    """Return the decision in an item; raise NewerVersion if this version can't read it."""
    with reading(f"the decision on {item.key}", item.schema_version):
        return UploadDecision(
            upload=Upload(
                bucket=item.bucket,
                key=item.key,
                size=int(item.size),
                e_tag=item.e_tag,
                at=int(item.at),
                version_id=item.version_id,
                sequencer=item.sequencer,
                alias=item.alias,
                tenant=item.tenant,
            ),
            verdict=Verdict(item.verdict),
            reason=item.reason,
            orchestration=item.orchestration,
            task_id=item.task_id,
        )


def history_json(history: KeyHistory) -> dict[str, Any]:
    """Return a history as plain JSON."""
    stored: dict[str, Any] = stored_form(KeyHistory).dump_python(history, mode="json")
    return stored


def history_from(item: HistoryItem) -> KeyHistory:
    """Return the history in an item; raise NewerVersion if this version can't read it."""
    with reading("the history of a key", item.schema_version):
        return stored_form(KeyHistory).validate_python(item.history)


def hash_identity(identity: bytes) -> str:
    """Return the key of an item, because a key in S3 may be longer than a partition key in DynamoDB."""
    return hashlib.sha256(identity).hexdigest()


def expiry_seconds(now: int) -> int:
    """Return the epoch seconds at which DynamoDB may delete an item that is written now."""
    return now // 1000 + KEPT_SECONDS
