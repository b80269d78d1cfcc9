"""Stored orchestrations and templates in DynamoDB: the newest of each name, and every version before it."""

from typing import Generic, TypeVar

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, PynamoDBException
from pynamodb.models import Model

from shared.errors import Conflict
from shared.orchestration import Orchestration, Template
from shared.table import REFUSED, bound, busy

D = TypeVar("D", Orchestration, Template)


class CatalogItem(Model):
    """A document. `pk` names the shelf, or one name's versions; `sk` the document, or the version."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    document: JSONAttribute = JSONAttribute()


class Shelf(Generic[D]):
    """The documents of one kind. Trouble with AWS raises ServiceBusy."""

    def __init__(self, table: str, kind: type[D]) -> None:
        """Keep documents of that kind in the table of that name; no request is made yet."""
        self._items = bound(CatalogItem, table)
        self._kind: type[D] = kind

    def all(self, tenant: str) -> list[D]:
        """Return the newest version of every document, by name."""
        try:
            return [
                self._kind.model_validate(item.document)
                for item in self._items.query(self._shelf(tenant), consistent_read=True)
            ]
        except PynamoDBException as error:
            raise busy(error) from error

    def get(self, tenant: str, name: str) -> D | None:
        """Return the newest version of a document; None when none is stored."""
        try:
            return self._kind.model_validate(
                self._items.get(self._shelf(tenant), name, consistent_read=True).document
            )
        except DoesNotExist:
            return None
        except PynamoDBException as error:
            raise busy(error) from error

    def put(self, tenant: str, document: D) -> None:
        """Store a new version, which must follow the newest one. Raise Conflict when another came first."""
        body = document.model_dump(mode="json", by_alias=True)
        history = self._items(
            f"{self._shelf(tenant)}#{document.name}",
            f"{document.version:06}",
            version=document.version,
            document=body,
        )
        newest = self._items(self._shelf(tenant), document.name, version=document.version, document=body)
        first = self._items.pk.does_not_exist()
        try:
            newest.save(condition=first | (self._items.version == document.version - 1))
            history.save()
        except PutError as error:
            if error.cause_response_code == REFUSED:
                message = (
                    f"{document.name} was changed by somebody else at the same time; look at it and try again"
                )
                raise Conflict(message, code="ChangedMeanwhile") from error
            raise busy(error) from error

    def delete(self, tenant: str, name: str) -> bool:
        """Forget a document; its versions stay for the tasks that were made by them. False when none is stored."""
        try:
            self._items(self._shelf(tenant), name).delete(condition=self._items.pk.exists())
        except DeleteError as error:
            if error.cause_response_code == REFUSED:
                return False
            raise busy(error) from error
        return True

    def _shelf(self, tenant: str) -> str:
        return f"{tenant}#{self._kind.__name__.upper()}"
