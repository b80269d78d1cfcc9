"""Orchestrations and templates in DynamoDB: the newest version of each name, and every version before it."""

from typing import Any, TypeVar

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from shared.domain.orchestration import Orchestration, Template, UnreadableDocument
from shared.errors import Conflict, NewerVersion
from shared.stores.dynamodb import REFUSED, bound, busy, read, save
from shared.stores.forward_compatibility import reading

D = TypeVar("D", Orchestration, Template)

LAST_VERSION = 999_999  # of those whose keys sort as their numbers do


class CatalogItem(Model):
    """A document. `pk` is a tenant's catalog, or one document's versions; `sk` names the document, or the version."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    document: JSONAttribute = JSONAttribute()


class CatalogStore:
    """The catalog table. All newest versions of a tenant lie in one partition, so that one query reads them.

    A failed request raises ServiceBusy.
    """

    def __init__(self, table: str) -> None:
        """Bind to the table of that name; no request is made yet."""
        self._items = bound(CatalogItem, table)

    def list_all(self, tenant: str) -> list[Orchestration | Template | UnreadableDocument]:
        """Return the newest version of every orchestration and template, as far as this version can read them."""
        found: list[Orchestration | Template | UnreadableDocument] = []
        for item in self._query(tenant, None):
            if item.sk.startswith(document_key(Template, "")):
                found.append(self._document(Template, item))
            else:
                found.append(self._document(Orchestration, item))
        return found

    def list_kind(self, kind: type[D], tenant: str) -> list[D | UnreadableDocument]:
        """Return the newest version of every document of a kind, by name, as far as this version can read them."""
        items = self._query(tenant, self._items.sk.startswith(f"{kind.__name__.upper()}#"))
        return [self._document(kind, item) for item in items]

    def get(self, kind: type[D], tenant: str, name: str) -> D | None:
        """Return the newest version of a document; None if none is stored. Raise NewerVersion."""
        item = read(self._items, catalog_key(tenant), document_key(kind, name))
        return self._read(kind, item) if item else None

    def last_version(self, kind: type[D], tenant: str, name: str) -> int:
        """Return the last version that a document has had, even if it was deleted since; 0 for none."""
        try:
            versions = self._items.query(
                versions_key(kind, tenant, name), scan_index_forward=False, limit=1, consistent_read=True
            )
            return next((int(item.version) for item in versions), 0)
        except PynamoDBException as error:
            raise busy(error) from error

    def get_version(self, kind: type[D], tenant: str, name: str, number: int) -> D | None:
        """Return one version of a document, even if it was deleted since; None without one. Raise NewerVersion."""
        item = read(self._items, versions_key(kind, tenant, name), version_key(number))
        return self._read(kind, item) if item else None

    def list_versions(self, kind: type[D], tenant: str, name: str, highest: int, limit: int) -> list[D]:
        """Return up to `limit` versions of a document from the highest down, even if it was deleted since.

        Raise NewerVersion.
        """
        upto = self._items.sk <= version_key(highest)
        try:
            found = self._items.query(
                versions_key(kind, tenant, name), upto, scan_index_forward=False, limit=limit, consistent_read=True
            )
            return [self._read(kind, item) for item in found]
        except PynamoDBException as error:
            raise busy(error) from error

    def put(self, tenant: str, document: Orchestration | Template) -> None:
        """Store a new version, which must follow the last one. Raise Conflict if somebody else stored it first."""
        kind, name, number = type(document), document.name, document.version
        body = document.model_dump(mode="json", by_alias=True)
        history = self._items(versions_key(kind, tenant, name), version_key(number), version=number, document=body)
        newest = self._items(catalog_key(tenant), document_key(kind, name), version=number, document=body)
        newer = self._items.pk.does_not_exist() | (self._items.version < number)
        if not save(history, self._items.pk.does_not_exist()):
            message = f"{name} was changed by somebody else at the same time; look at it and try again"
            raise Conflict(message, code="ChangedMeanwhile")
        save(newest, newer)  # refused if a later version has been stored already

    def delete(self, kind: type[D], tenant: str, name: str) -> bool:
        """Delete a document; return False if none is stored. Its versions stay, for the tasks that name them."""
        try:
            self._items(catalog_key(tenant), document_key(kind, name)).delete(condition=self._items.pk.exists())
        except DeleteError as error:
            if error.cause_response_code == REFUSED:
                return False
            raise busy(error) from error
        return True

    def _query(self, tenant: str, condition: Condition | None) -> list[CatalogItem]:
        try:
            return list(self._items.query(catalog_key(tenant), condition, consistent_read=True))
        except PynamoDBException as error:
            raise busy(error) from error

    def _document(self, kind: type[D], item: CatalogItem) -> D | UnreadableDocument:
        try:
            return self._read(kind, item)
        except NewerVersion as error:
            return UnreadableDocument(kind, item.sk.partition("#")[2], item.document, error)

    def _read(self, kind: type[D], item: CatalogItem) -> D:
        with reading(f"version {item.version} of the {kind.__name__.lower()} {item.document.get('name')}"):
            return kind.model_validate(item.document, extra="ignore")


def catalog_key(tenant: str) -> str:
    """Return the key of the partition that holds the newest version of all a tenant's documents."""
    return f"{tenant}#CATALOG"


def document_key(kind: type[Any], name: str) -> str:
    """Return the sort key of a document in its tenant's catalog."""
    return f"{kind.__name__.upper()}#{name}"


def versions_key(kind: type[Any], tenant: str, name: str) -> str:
    """Return the key of the partition that holds all versions of a document."""
    return f"{tenant}#{document_key(kind, name)}"


def version_key(version: int) -> str:
    """Return the sort key of a version, which sorts as its number does."""
    return f"{version:06}"
