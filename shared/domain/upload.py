"""Uploads: new objects, the history of their keys, and the decisions on them. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.ids import sortable_id
from shared.domain.subtask import DEFAULT_TENANT

CLOCKS_MS = 60_000  # How much the time in an S3 event and the time in a listing may differ.
MAX_LISTED = 20  # How many backfills, each after another write, may list a key before the S3 events arrive.


class Verdict(StrEnum):
    """The result of one upload, or the predicted one."""

    MATCHED = "MATCHED"
    DUPLICATE = "DUPLICATE"  # the upload was processed before; its task exists
    NO_MATCH = "NO_MATCH"  # no enabled orchestration accepts this bucket and prefix
    WRONG_FORMAT = "WRONG_FORMAT"  # one accepts the bucket and prefix, but not the format
    EMPTY_OBJECT = "EMPTY_OBJECT"  # empty, or a folder
    OWN_OUTPUT = "OWN_OUTPUT"  # an output of Reelmill
    SUPERSEDED = "SUPERSEDED"  # a later write of the key was processed first, and the bucket keeps no versions
    INVALID_ORCHESTRATION = "INVALID_ORCHESTRATION"  # one accepts it but can't be planned: no template, for example


# The verdicts on an upload that no orchestration accepts: one of them applies to all orchestrations.
REFUSALS = frozenset({Verdict.NO_MATCH, Verdict.WRONG_FORMAT, Verdict.EMPTY_OBJECT, Verdict.OWN_OUTPUT})


@dataclass(frozen=True)
class Upload:
    """A new object, from an S3 event or a listing. `size` is in bytes, `at` is its time in epoch milliseconds.

    A listing has no sequencer. In a bucket without versions, `alias` is the name by which the object was known before.
    """

    bucket: str
    key: str
    size: int
    e_tag: str
    at: int
    version_id: str | None = None
    sequencer: str = ""
    alias: str = ""
    tenant: str = DEFAULT_TENANT

    @property
    def order(self) -> str:
        """A value that sorts the writes of one key in the order in which S3 accepted them."""
        # S3 says to pad the shorter of two sequencers with zeros on the right. Without those, the texts sort the same.
        return self.sequencer.upper().rstrip("0")

    @property
    def name(self) -> str:
        """A name that distinguishes this object from all others with the same key."""
        return self.version_id or self.alias or self.sequencer or f"{self.e_tag}@{self.at}"

    def is_of(self, version_id: str | None, e_tag: str) -> bool:
        """Whether an object with this key is this one: by its version, or by its ETag without versions."""
        return version_id == self.version_id if self.version_id else e_tag == self.e_tag

    def identity(self, orchestration: str = "") -> bytes:
        """Return a value that is unique for this object or, with an orchestration, for its task by that one."""
        return f"{self.bucket}\0{self.key}\0{self.name}\0{self.tenant}\0{orchestration}".encode()


@dataclass(frozen=True)
class ListedObject:
    """An object from a listing: its name, its ETag, and when it was listed, in epoch milliseconds."""

    name: str
    e_tag: str
    at: int


@dataclass(frozen=True)
class KeyHistory:
    """The history of a key in a bucket without versions, where each write replaces the one before.

    `notified` is the newest write that an S3 event reported. `listed` has the objects that were listed before their
    events, in that order. The event of a listed object, and a listing of a notified one, must find it by the same name.
    """

    notified: Upload | None = None
    listed: tuple[ListedObject, ...] = ()

    def with_known_name(self, upload: Upload) -> Upload:
        """Return the upload with the name by which the same object is known, if it is known."""
        notified = self.notified
        if upload.sequencer:
            if notified and notified.order == upload.order:
                return replace(upload, alias=notified.alias)
            # EventBridge reports whole seconds; other events of the same write may not.
            at = upload.at // 1000 * 1000
            same = [one for one in self.listed if one.e_tag == upload.e_tag and at <= one.at + CLOCKS_MS]
            # The first listing after the write shows it; by another clock, that may be shortly before the write.
            first = min(same, key=lambda one: (one.at < at, abs(one.at - at)), default=None)
            return replace(upload, alias=first.name) if first else upload
        # For a large object, a listing has the time when its upload began, an event the time when the upload ended.
        if notified and notified.e_tag == upload.e_tag and notified.at >= upload.at - CLOCKS_MS:
            return replace(upload, alias=notified.name)
        return upload

    def supersedes(self, upload: Upload) -> bool:
        """Whether an event has reported a later write."""
        return bool(self.notified and upload.sequencer and upload.order < self.notified.order)

    def after(self, upload: Upload, now: int) -> "KeyHistory":
        """Return the history after an upload, which comes from `with_known_name`."""
        if upload.sequencer:
            newer = self.notified is None or self.notified.order < upload.order
            return replace(self, notified=upload) if newer else self
        if upload.alias:
            return self
        others = [one for one in self.listed if one.name != upload.name]
        return replace(self, listed=(*others, ListedObject(upload.name, upload.e_tag, now))[-MAX_LISTED:])


@dataclass(frozen=True)
class UploadDecision:
    """The verdict on an upload, with its reason, the orchestration that caused it, and the task that was created."""

    upload: Upload
    verdict: Verdict
    reason: str
    orchestration: str | None = None
    task_id: str | None = None

    @property
    def accepted_by(self) -> str:
        """The orchestration that accepted the upload, even if no task was created; empty if none did."""
        return "" if self.verdict in REFUSALS else self.orchestration or ""

    @property
    def id(self) -> str:
        """Its sortable ID, by the time of the upload: the same event gives the same ID."""
        return sortable_id(self.upload.at, self.upload.identity(self.accepted_by))
