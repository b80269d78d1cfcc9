"""The stores and the queue of this deployment, each imported and built when it is first used.

Each function needs only some of them, and every import is part of its cold start.
"""

import time
from functools import cache, cached_property
from typing import TYPE_CHECKING

from shared.domain.subtask import DEFAULT_TENANT
from shared.domain.task import Lane
from shared.domain.tenant import tenant_of_key
from shared.settings import Settings, settings

if TYPE_CHECKING:
    from shared.stores.budget_store import BudgetStore
    from shared.stores.catalog_store import CatalogStore
    from shared.stores.decision_store import DecisionStore
    from shared.stores.multipart import MultipartStore
    from shared.stores.object_store import ObjectStore
    from shared.stores.presigned_links import PresignedLinks
    from shared.stores.progress_store import ProgressStore
    from shared.stores.s3 import S3Connection
    from shared.stores.subtask_queue import SubtaskQueues
    from shared.stores.task_queries import TaskQueries
    from shared.stores.task_store import TaskStore


class Services:
    """All that the use cases need from outside."""

    def __init__(self, settings: Settings) -> None:
        """Note the deployment's names; no client is opened yet."""
        self.settings = settings

    @cached_property
    def _s3(self) -> "S3Connection":
        from shared.stores.s3 import S3Connection

        return S3Connection()

    @cached_property
    def objects(self) -> "ObjectStore":
        """The objects in S3."""
        from shared.stores.object_store import ObjectStore

        return ObjectStore(self._s3)

    @cached_property
    def links(self) -> "PresignedLinks":
        """The presigned links to objects in S3."""
        from shared.stores.presigned_links import PresignedLinks

        return PresignedLinks(self._s3)

    @cached_property
    def multipart(self) -> "MultipartStore":
        """The multipart uploads in S3."""
        from shared.stores.multipart import MultipartStore

        return MultipartStore(self._s3)

    @cached_property
    def tasks(self) -> "TaskStore":
        """The tasks."""
        from shared.stores.task_store import TaskStore

        return TaskStore(self.settings.require("tasks_table"), self.settings.resend_after_seconds)

    @cached_property
    def progress(self) -> "ProgressStore":
        """The progress of running subtasks."""
        from shared.stores.progress_store import ProgressStore

        return ProgressStore(self.settings.require("tasks_table"))

    @cached_property
    def task_queries(self) -> "TaskQueries":
        """The lists of tasks."""
        from shared.stores.task_queries import TaskQueries

        return TaskQueries(self.tasks)

    @cached_property
    def budget(self) -> "BudgetStore":
        """What each day has cost so far."""
        from shared.stores.budget_store import BudgetStore

        return BudgetStore(self.settings.require("tasks_table"))

    @cached_property
    def catalog(self) -> "CatalogStore":
        """The stored orchestrations and templates."""
        from shared.stores.catalog_store import CatalogStore

        return CatalogStore(self.settings.require("catalog_table"))

    @cached_property
    def decisions(self) -> "DecisionStore":
        """The decisions on uploads."""
        from shared.stores.decision_store import DecisionStore

        return DecisionStore(self.settings.require("uploads_table"))

    @cached_property
    def queues(self) -> "SubtaskQueues":
        """The queues of subtasks."""
        from shared.stores.subtask_queue import SubtaskQueues

        return SubtaskQueues({lane: self.settings.require(f"{lane.lower()}_queue_url") for lane in Lane})

    def tenant_of(self, key: str) -> str:
        """Return the tenant that an object of that key belongs to: all belong to one where tokens tell none apart."""
        return tenant_of_key(key) if self.settings.tenant_claim else DEFAULT_TENANT

    def now(self) -> int:
        """Return the time, in epoch milliseconds."""
        return time.time_ns() // 1_000_000


@cache
def services() -> Services:
    """Return this process's services."""
    return Services(settings())
