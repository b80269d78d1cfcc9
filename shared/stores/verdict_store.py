"""The verdicts on uploads in DynamoDB: one item for each upload and orchestration that had a say."""

import hashlib
import heapq
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from pydantic import TypeAdapter
from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from shared.domain.ids import id_before, id_range
from shared.domain.orchestration import MAX_KEY_BYTES
from shared.domain.page import Page
from shared.domain.page_token import read_token, write_token
from shared.domain.subtask import DEFAULT_TENANT
from shared.domain.upload import REFUSALS, KeyHistory, Upload, UploadDecision, Verdict
from shared.errors import NewerVersion, ServiceBusy
from shared.stores.dynamodb import bound, busy, read, save
from shared.stores.forward_compatibility import reading

HISTORY = TypeAdapter(KeyHistory)
SHARDS = 4  # A partition takes 1,000 writes a second (DynamoDB quotas).
KEPT_SECONDS = 90 * 24 * 3600
RIVALS = 20  # who may be told of writes of the same key at the same time
READ_PER_PAGE = 1000  # What a page may read beyond what it shows, when few uploads got the verdict that is asked for.


class ByTime(GlobalSecondaryIndex[Any]):
    """Every verdict of a tenant."""

    class Meta:
        """Its name and what it holds."""

        index_name = "by_time"
        projection = AllProjection()

    ix_time = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class ByKey(GlobalSecondaryIndex[Any]):
    """The verdicts on all objects of one key."""

    class Meta:
        """Its name and what it holds."""

        index_name = "by_key"
        projection = AllProjection()

    ix_key = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class VerdictItem(Model):
    """A verdict. `pk` is made of the upload's identity: the same upload has it once, whoever tells of it."""

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
    by_time = ByTime()
    by_key = ByKey()


class HistoryItem(Model):
    """What is known of a key in a bucket without versions; it is in no index."""

    pk = UnicodeAttribute(hash_key=True)
    history: JSONAttribute = JSONAttribute()
    expires_at = NumberAttribute()
    version = VersionAttribute()


@dataclass(frozen=True)
class VerdictFilter:
    """Which verdicts are asked for; None means any. Times are epoch milliseconds, those of the uploads."""

    tenant: str = DEFAULT_TENANT
    key: str | None = None
    verdict: Verdict | None = None
    after: int | None = None
    before: int | None = None


class VerdictStore:
    """The uploads table. Trouble with AWS raises ServiceBusy."""

    def __init__(self, table: str) -> None:
        """Bind to the table of that name; no request is made yet."""
        self._items = bound(VerdictItem, table)
        self._histories = bound(HistoryItem, table)

    def put_if_absent(self, decision: UploadDecision, now: int) -> UploadDecision:
        """Keep a verdict; return the one that stands: what was matched once stays so, to its first task.

        An upload has one refusal, or one verdict by each orchestration that took it, but never both.
        """
        accepted_by = decision.accepted_by
        mine = self._items.verdict.is_in(*REFUSALS)
        if accepted_by:
            mine |= (self._items.orchestration == accepted_by) & self._items.task_id.does_not_exist()
        # What takes an upload first lies in the refusal's place, all others in places of their own.
        for identity in (decision.upload.identity(), decision.upload.identity(accepted_by)):
            item = verdict_item_from(decision, hashed(identity), now, self._items)
            if save(item, self._items.pk.does_not_exist() | mine):
                return decision
            found = read(self._items, item.pk)
            winner = decision_from(found) if found else decision  # its time may be over since
            if not accepted_by or winner.accepted_by == accepted_by:
                break
        return winner

    def identify(self, upload: Upload, now: int) -> tuple[Upload, bool]:
        """Return an upload as its object is known, and whether a later write has taken its place."""
        if upload.version_id:  # which says it all, and nothing takes its place
            return upload, False
        key = hashed(f"HISTORY\0{upload.tenant}\0{upload.bucket}\0{upload.key}".encode())
        for _ in range(RIVALS):
            item = read(self._histories, key) or self._histories(key, history={})
            history = history_from(item.history)
            superseded = history.supersedes(upload)
            named = history.named(upload)
            if superseded and read(self._items, hashed(upload.identity())):
                named = upload  # it was judged under its own name, before anything else was known
            after = history.after(named, now)
            if after == history:
                return named, superseded
            item.history, item.expires_at = asdict(after), expiry(now)
            if save(item):  # which PynamoDB makes conditional: nobody else has saved it meanwhile
                return named, False
        message = f"s3://{upload.bucket}/{upload.key} changes too fast"
        raise ServiceBusy(message)

    def page(self, wanted: VerdictFilter, limit: int, token: str | None = None) -> Page[UploadDecision]:
        """Return one page, without verdicts that this version can't read.

        Raise RequestRejected for a token that this filter's list didn't give.
        """
        low, high = id_range("", wanted.after, wanted.before)
        if token is not None:
            high = min(high, id_before(read_token(token, wanted)))
        found: list[UploadDecision] = []
        last = ""
        try:
            rows = self._rows(wanted, low, high, limit)
            for row in islice(rows, READ_PER_PAGE):
                last = str(row.id)
                with suppress(NewerVersion):
                    decision = decision_from(row)
                    if wanted.verdict in {None, decision.verdict}:
                        found.append(decision)
                if len(found) == limit:
                    break
            more = next(rows, None) is not None
        except PynamoDBException as error:
            raise busy(error) from error
        return Page(tuple(found), write_token(last, wanted) if more else None)

    def _rows(self, wanted: VerdictFilter, low: str, high: str, limit: int) -> Iterator[VerdictItem]:
        """Yield the rows of the index that narrows the most, newest first."""
        if low > high or len((wanted.key or "").encode()) > MAX_KEY_BYTES:
            return iter(())
        index: Any = self._items.by_time
        places = [f"{wanted.tenant}#{number}" for number in range(SHARDS)]
        if wanted.key is not None:
            index, places = self._items.by_key, [f"{wanted.tenant}#{wanted.key}"]
        between = self._items.id.between(low, high)
        lists = [index.query(place, between, scan_index_forward=False, page_size=limit + 1) for place in places]
        return heapq.merge(*lists, key=lambda row: str(row.id), reverse=True)


def verdict_item_from(decision: UploadDecision, key: str, now: int, model: type[VerdictItem]) -> VerdictItem:
    """Return the item of a verdict."""
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
        expires_at=expiry(now),
        **vars(upload),
    )


def decision_from(item: VerdictItem) -> UploadDecision:
    """Return the verdict that an item holds; raise NewerVersion when this version can't read it."""
    with reading(f"the verdict on {item.key}"):
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


def history_from(stored: dict[str, Any]) -> KeyHistory:
    """Return what is known of a key, as an item holds it; fields of a newer version are ignored."""
    return HISTORY.validate_python(stored)


def hashed(identity: bytes) -> str:
    """Return the key of an item: a key of S3 may be longer than the text that DynamoDB takes as one."""
    return hashlib.sha256(identity).hexdigest()


def expiry(now: int) -> int:
    """Return the epoch seconds at which DynamoDB may forget what is written now."""
    return now // 1000 + KEPT_SECONDS
