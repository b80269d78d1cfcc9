"""Stored orchestrations and templates in DynamoDB: the newest of each name, and every version before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PynamoDBException
from pynamodb.models import Model

from shared.domain.orchestration import Orchestration, Template
from shared.errors import Conflict, NewerVersion
from shared.stores.dynamodb import REFUSED, bound, busy, read, save
from shared.stores.forward_compatibility import reading

D = TypeVar("D", Orchestration, Template)

LAST_VERSION = 999_999  # of those whose keys sort as their numbers do


class CatalogItem(Model):
    """A document. `pk` names the shelf, or one name's versions; `sk` the document, or the version."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    document: JSONAttribute = JSONAttribute()


@dataclass(frozen=True)
class UnreadableDocument:
    """A document that this version of Reelmill can't read: its name, its JSON, and what to tell people."""

    name: str
    document: Mapping[str, Any]
    error: NewerVersion


class CatalogStore(Generic[D]):
    """The documents of one kind. Trouble with AWS raises ServiceBusy."""

    def __init__(self, table: str, kind: type[D]) -> None:
        """Keep documents of that kind in the table of that name; no request is made yet."""
        self._items = bound(CatalogItem, table)
        self._kind: type[D] = kind

    def all(self, tenant: str) -> list[D]:
        """Return the newest version of every document, by name; what this version can't read is left out."""
        return [one for one in self.read_all(tenant) if not isinstance(one, UnreadableDocument)]

    def read_all(self, tenant: str) -> list[D | UnreadableDocument]:
        """Return the newest version of every document, by name, as far as this version can read them."""
        try:
            items = list(self._items.query(self._shelf(tenant), consistent_read=True))
        except PynamoDBException as error:
            raise busy(error) from error
        found: list[D | UnreadableDocument] = []
        for item in items:
            try:
                found.append(self._read(item))
            except NewerVersion as error:
                found.append(UnreadableDocument(item.sk, item.document, error))
        return found

    def get(self, tenant: str, name: str) -> D | None:
        """Return the newest version of a document; None when none is stored. Raise NewerVersion."""
        item = read(self._items, self._shelf(tenant), name)
        return self._read(item) if item else None

    def last_version(self, tenant: str, name: str) -> int:
        """Return the last version that a document has had, be it deleted since; 0 for none."""
        try:
            versions = self._items.query(
                self._versions(tenant, name), scan_index_forward=False, limit=1, consistent_read=True
            )
            return next((int(item.version) for item in versions), 0)
        except PynamoDBException as error:
            raise busy(error) from error

    def version(self, tenant: str, name: str, number: int) -> D | None:
        """Return one version of a document, even if it was deleted since; None without one. Raise NewerVersion."""
        item = read(self._items, self._versions(tenant, name), sort_key(number))
        return self._read(item) if item else None

    def versions(self, tenant: str, name: str, highest: int, limit: int) -> list[D]:
        """Return so many versions of a document from the highest down, even if it was deleted since.

        Raise NewerVersion.
        """
        upto = self._items.sk <= sort_key(highest)
        try:
            found = self._items.query(
                self._versions(tenant, name), upto, scan_index_forward=False, limit=limit, consistent_read=True
            )
            return [self._read(item) for item in found]
        except PynamoDBException as error:
            raise busy(error) from error

    def put(self, tenant: str, document: D) -> None:
        """Store a new version, which must follow the last one. Raise Conflict when another came first."""
        number, body = document.version, document.model_dump(mode="json", by_alias=True)
        history = self._items(self._versions(tenant, document.name), sort_key(number), version=number, document=body)
        newest = self._items(self._shelf(tenant), document.name, version=number, document=body)
        newer = self._items.pk.does_not_exist() | (self._items.version < number)
        if not save(history, self._items.pk.does_not_exist()):
            message = f"{document.name} was changed by somebody else at the same time; look at it and try again"
            raise Conflict(message, code="ChangedMeanwhile")
        save(newest, newer)  # when refused, a later version has taken its place already

    def delete(self, tenant: str, name: str) -> bool:
        """Forget a document; its versions stay for the tasks that were made by them. False when none is stored."""
        try:
            self._items(self._shelf(tenant), name).delete(condition=self._items.pk.exists())
        except DeleteError as error:
            if error.cause_response_code == REFUSED:
                return False
            raise busy(error) from error
        return True

    def _read(self, item: CatalogItem) -> D:
        kind = self._kind.__name__.lower()
        with reading(f"version {item.version} of the {kind} {item.document.get('name')}"):
            return self._kind.model_validate(item.document, extra="ignore")

    def _shelf(self, tenant: str) -> str:
        return f"{tenant}#{self._kind.__name__.upper()}"

    def _versions(self, tenant: str, name: str) -> str:
        return f"{self._shelf(tenant)}#{name}"


def sort_key(version: int) -> str:
    """Return the key of a version, which sorts as its number does."""
    return f"{version:06}"
