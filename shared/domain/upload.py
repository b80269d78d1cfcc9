"""A new object in a bucket, what is known of its key, and the verdict on it. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.ids import sortable_id
from shared.domain.subtask import DEFAULT_TENANT

CLOCKS_MS = 60_000  # By which the time of an event and that in a bucket's listing may differ.
MAX_LISTED = 20  # In how many backfills, with a write before each, an object may be told apart before its event comes.


class Verdict(StrEnum):
    """What became of one upload, or would become of it."""

    MATCHED = "MATCHED"
    DUPLICATE = "DUPLICATE"  # the event came before; its task exists
    NO_MATCH = "NO_MATCH"  # no enabled orchestration takes this place
    WRONG_FORMAT = "WRONG_FORMAT"  # one takes the place, but not the format
    EMPTY_OBJECT = "EMPTY_OBJECT"  # no bytes, or a folder
    OWN_OUTPUT = "OWN_OUTPUT"  # Reelmill wrote it itself
    SUPERSEDED = "SUPERSEDED"  # a later write of the key was seen first, and nothing keeps this one
    INVALID_ORCHESTRATION = "INVALID_ORCHESTRATION"  # one takes it, but can't be planned: its template is gone, say


# The verdicts on an upload that no orchestration takes: one of these stands for all of them.
REFUSALS = frozenset({Verdict.NO_MATCH, Verdict.WRONG_FORMAT, Verdict.EMPTY_OBJECT, Verdict.OWN_OUTPUT})


@dataclass(frozen=True)
class Upload:
    """A new object, as its event or its bucket tells. `size` in bytes, `at` its time in epoch milliseconds.

    A listing knows no sequencer. `alias` is by what the same object was known before, where there are no versions.
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
        """What sorts the writes of one key by the order in which S3 took them."""
        # S3 fills the shorter of two sequencers with zeros on the right; as text, the same without them sorts alike.
        return self.sequencer.upper().rstrip("0")

    @property
    def name(self) -> str:
        """What tells this object from all others that its key has held."""
        return self.version_id or self.alias or self.sequencer or f"{self.e_tag}@{self.at}"

    def is_of(self, version_id: str | None, e_tag: str) -> bool:
        """Whether an object of this key is this one: by its version, or by its ETag where there are no versions."""
        return version_id == self.version_id if self.version_id else e_tag == self.e_tag

    def identity(self, orchestration: str = "") -> bytes:
        """Return what tells this object from every other, and its task by one orchestration from that by another."""
        return f"{self.bucket}\0{self.key}\0{self.name}\0{self.tenant}\0{orchestration}".encode()


@dataclass(frozen=True)
class ListedObject:
    """An object that a listing showed, the name that it has since, and when it was there (epoch milliseconds)."""

    name: str
    e_tag: str
    at: int


@dataclass(frozen=True)
class KeyHistory:
    """What is known of a key in a bucket without versions, where each write takes the place of the one before.

    `told` is the newest write that an event told of; `seen` is what listings showed of which no event had told, in
    that order. An event of what was seen, and a listing of what was told of, must find it under the same name.
    """

    told: Upload | None = None
    seen: tuple[ListedObject, ...] = ()

    def named(self, upload: Upload) -> Upload:
        """Return the upload by the name under which the same object is known, if it is."""
        told = self.told
        if upload.sequencer:
            if told and told.order == upload.order:
                return replace(upload, alias=told.alias)
            same = [one for one in self.seen if one.e_tag == upload.e_tag and upload.at <= one.at + CLOCKS_MS]
            # It was there when it was seen first after it was written: that may be a moment before, by another clock.
            first = min(same, key=lambda one: (one.at < upload.at, abs(one.at - upload.at)), default=None)
            return replace(upload, alias=first.name) if first else upload
        # A listing's time of a large object is when its upload began, an event's when it was done.
        if told and told.e_tag == upload.e_tag and told.at >= upload.at - CLOCKS_MS:
            return replace(upload, alias=told.name)
        return upload

    def supersedes(self, upload: Upload) -> bool:
        """Whether an event has told of a later write."""
        return bool(self.told and upload.sequencer and upload.order < self.told.order)

    def after(self, upload: Upload, now: int) -> "KeyHistory":
        """Return what is known once an upload that was `named` here has been heard of."""
        if upload.sequencer:
            newer = self.told is None or self.told.order < upload.order
            return replace(self, told=upload) if newer else self
        if upload.alias:
            return self
        others = [one for one in self.seen if one.name != upload.name]
        return replace(self, seen=(*others, ListedObject(upload.name, upload.e_tag, now))[-MAX_LISTED:])


@dataclass(frozen=True)
class UploadDecision:
    """The verdict on an upload, with the orchestration that had a say, if one had, and the task that it made."""

    upload: Upload
    verdict: Verdict
    reason: str
    orchestration: str | None = None
    task_id: str | None = None

    @property
    def accepted_by(self) -> str:
        """The orchestration that took the upload, whether or not a task came of it; empty when none did."""
        return "" if self.verdict in REFUSALS else self.orchestration or ""

    @property
    def id(self) -> str:
        """Its sortable ID, by the time of the upload: the same event gives the same."""
        return sortable_id(self.upload.at, self.upload.identity(self.accepted_by))


def version_id_of(told: str | None) -> str | None:
    """Return a version ID as S3 tells it; without versions S3 says nothing, or "null"."""
    return None if told in {"", "null"} else told
