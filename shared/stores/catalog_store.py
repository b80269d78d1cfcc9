"""Orchestrations and templates in DynamoDB: the newest version of each name, and all earlier versions."""

from typing import Any, TypeVar

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PynamoDBException
from pynamodb.expressions.condition import Condition

from shared.domain.orchestration import Orchestration, Template, UnreadableDocument
from shared.errors import Conflict, NewerVersion
from shared.stores.dynamodb import REFUSED, VersionedItem, bind_model, dynamodb_error, read_item, save_item, update_item
from shared.stores.forward_compatibility import SCHEMA_VERSION, keep_unknown, reading

D = TypeVar("D", Orchestration, Template)

LAST_VERSION = 999_999  # the last one whose key sorts by its number


class CatalogItem(VersionedItem):
    """A document. `pk` is a tenant's catalog or one document's versions; `sk` is the document or the version."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    document: JSONAttribute = JSONAttribute()


class CatalogStore:
    """The catalog table. One partition has the newest versions of all of a tenant's documents, for a single query.

    A failed request raises ServiceBusy or ServiceRefused.
    """

    def __init__(self, table: str) -> None:
        """Bind to the table of that name; this makes no request."""
        self._items = bind_model(CatalogItem, table)

    def list_all(self, tenant: str) -> list[Orchestration | Template | UnreadableDocument]:
        """Return the newest version of every orchestration and template; some may be unreadable."""
        found: list[Orchestration | Template | UnreadableDocument] = []
        for item in self._query(tenant, None):
            kind, _, name = item.sk.partition("#")
            if kind == Template.__name__.upper():
                found.append(self._document(Template, item, name))
            else:
                found.append(self._document(Orchestration, item, name))
        return found

    def list_type(self, document_type: type[D], tenant: str) -> list[D | UnreadableDocument]:
        """Return the newest version of every document of a type, by name; some may be unreadable."""
        items = self._query(tenant, self._items.sk.startswith(f"{document_type.__name__.upper()}#"))
        return [self._document(document_type, item, item.sk.partition("#")[2]) for item in items]

    def get(self, document_type: type[D], tenant: str, name: str) -> D | None:
        """Return the newest version of a document; None if there is none. Raise NewerVersion."""
        item = read_item(self._items, catalog_key(tenant), document_key(document_type, name))
        return self._read(document_type, item) if item else None

    def last_version(self, document_type: type[D], tenant: str, name: str) -> int:
        """Return the number of a document's last version, even of a deleted one; 0 if it never existed."""
        try:
            versions = self._items.query(
                versions_key(document_type, tenant, name), scan_index_forward=False, limit=1, consistent_read=True
            )
            return next((int(item.version) for item in versions), 0)
        except PynamoDBException as error:
            raise dynamodb_error(error) from error

    def get_version(self, document_type: type[D], tenant: str, name: str, number: int) -> D | None:
        """Return one version of a document, even of a deleted one; None if there is none. Raise NewerVersion."""
        item = read_item(self._items, versions_key(document_type, tenant, name), version_key(number))
        return self._read(document_type, item) if item else None

    def list_versions(
        self, document_type: type[D], tenant: str, name: str, highest: int, limit: int
    ) -> list[D | UnreadableDocument]:
        """Return up to `limit` versions of a document, even of a deleted one, from `highest` downwards.

        Some may be unreadable.
        """
        upto = self._items.sk <= version_key(highest)
        try:
            found = self._items.query(
                versions_key(document_type, tenant, name),
                upto,
                scan_index_forward=False,
                limit=limit,
                consistent_read=True,
            )
            return [self._document(document_type, item, name) for item in found]
        except PynamoDBException as error:
            raise dynamodb_error(error) from error

    def put(self, tenant: str, document: D, changed: D | None = None) -> None:
        """Store a new version, which must follow the last one. Raise Conflict if another request stored it first.

        `changed` is the stored version that this one changes, if it does. Then fields of a newer Reelmill are kept.
        """
        document_type, name, number = type(document), document.name, document.version
        body = document_json(document)
        if changed:
            item = read_item(self._items, versions_key(document_type, tenant, name), version_key(changed.version))
            body = keep_unknown(item.document, document_json(changed), body) if item else body
        history = self._items(
            versions_key(document_type, tenant, name), version_key(number), version=number, document=body
        )
        newer = self._items.pk.does_not_exist() | (self._items.version < number)
        if not save_item(history, self._items.pk.does_not_exist()):
            message = f"another request changed {name} at the same time; review that change and try again"
            raise Conflict(message, code="ChangedMeanwhile")
        newest = [
            self._items.version.set(number),
            self._items.document.set(body),
            self._items.schema_version.set(SCHEMA_VERSION),
        ]
        # Refused if a later version is stored already.
        update_item(self._items(catalog_key(tenant), document_key(document_type, name)), newest, newer)

    def delete(self, document_type: type[D], tenant: str, name: str) -> bool:
        """Delete a document; return False if there is none. Its versions stay, because tasks refer to them."""
        try:
            self._items(catalog_key(tenant), document_key(document_type, name)).delete(
                condition=self._items.pk.exists()
            )
        except DeleteError as error:
            if error.cause_response_code == REFUSED:
                return False
            raise dynamodb_error(error) from error
        return True

    def _query(self, tenant: str, condition: Condition | None) -> list[CatalogItem]:
        try:
            return list(self._items.query(catalog_key(tenant), condition, consistent_read=True))
        except PynamoDBException as error:
            raise dynamodb_error(error) from error

    def _document(self, document_type: type[D], item: CatalogItem, name: str) -> D | UnreadableDocument:
        try:
            return self._read(document_type, item)
        except NewerVersion as error:
            return UnreadableDocument(document_type, name, int(item.version), item.document, error)

    def _read(self, document_type: type[D], item: CatalogItem) -> D:
        what = f"version {item.version} of the {document_type.__name__.lower()} {item.document.get('name')}"
        with reading(what, item.schema_version):
            return document_type.model_validate(item.document, extra="ignore")


def document_json(document: Orchestration | Template) -> dict[str, Any]:
    """Return a document as JSON."""
    return document.model_dump(mode="json", by_alias=True)


def catalog_key(tenant: str) -> str:
    """Return the partition key of the newest versions of all of a tenant's documents."""
    return f"{tenant}#CATALOG"


def document_key(document_type: type[Any], name: str) -> str:
    """Return the sort key of a document in its tenant's catalog."""
    return f"{document_type.__name__.upper()}#{name}"


def versions_key(document_type: type[Any], tenant: str, name: str) -> str:
    """Return the partition key of all versions of a document."""
    return f"{tenant}#{document_key(document_type, name)}"


def version_key(version: int) -> str:
    """Return the sort key of a version, which sorts by its number."""
    return f"{version:06}"
