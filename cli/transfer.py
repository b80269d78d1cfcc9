"""Uploads to the input bucket, in one request or in parts, and the search for the tasks that they start."""

import mimetypes
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, TypeVar
from xml.etree import ElementTree as ET

import httpx

from cli import show
from cli.api_client import Api
from cli.errors import CommandFailed
from cli.http_client import HttpClient

# Media types that the standard table of some machines lacks.
MEDIA_TYPES = {
    ".mkv": "video/x-matroska",
    ".mka": "audio/x-matroska",
    ".ts": "video/mp2t",
    ".m2ts": "video/mp2t",
}
CHUNK = 1 << 18
TIMEOUT = httpx.Timeout(120, connect=10)
PAUSES = (0.5, 2.0)  # seconds before each retry of a part
PARTS_AT_ONCE = 4
# The codes with which S3 refuses a link that has expired, or whose keys have.
EXPIRED = frozenset({"AccessDenied", "ExpiredToken"})
FULL = 507  # Insufficient Storage, which only the stack on a laptop answers: retrying does not help
CLOCKS_APART = timedelta(minutes=15)  # S3 refuses signatures if clocks differ by more, so they don't
S3_XML = "http://s3.amazonaws.com/doc/2006-03-01/"

Advance = Callable[[int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Uploaded:
    """An uploaded file; the version ID, or else the ETag, distinguishes it from other files with its key."""

    bucket: str
    key: str
    e_tag: str
    version_id: str | None

    def is_source_of(self, task: Mapping[str, Any]) -> bool:
        """Whether the task was created for exactly this object."""
        source = task["source"]
        if source["bucket"] != self.bucket or source["key"] != self.key:
            return False
        if self.version_id and source.get("versionId"):
            return bool(source["versionId"] == self.version_id)
        return bool((source.get("eTag") or "").strip('"') == self.e_tag)


def media_type(path: Path) -> str:
    """Return the content type that a file's extension stands for."""
    return MEDIA_TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def key_for(path: Path, key: str | None) -> str:
    """Return the key of a file: below `uploads/` by default; a key that ends in `/` is a folder."""
    wanted = key or "uploads/"
    whole = f"{wanted}{path.name}" if wanted.endswith("/") else wanted
    try:
        whole.encode()
    except UnicodeEncodeError as error:  # a key is UTF-8, a file name may be any bytes
        raise CommandFailed(
            f"the name {show.plain(path.name)} is not valid UTF-8", remedy="pass a key: --key KEY"
        ) from error
    return whole


def upload_object(api: Api, path: Path, key: str, advance: Advance) -> Uploaded:
    """Upload one file; `advance` receives the bytes of each piece, negative if they must be sent again."""
    total = path.stat().st_size
    grant = api.send("POST", "/uploads", {"key": key, "size": total, "contentType": media_type(path)})
    # Credentials are not sent: the URLs are signed, and S3 is not the API.
    with HttpClient(TIMEOUT) as http:
        try:
            if grant.get("parts"):
                answer = send_parts(http, PartLinks(api, grant, total), path, advance)
            else:
                answer = send_whole(http, grant, path, advance)
        except httpx.TransportError as error:
            raise CommandFailed(
                f"the upload of {show.plain(path.name)} was interrupted: {str(error) or type(error).__name__}",
                remedy="run the command again",
            ) from error
    return Uploaded(grant["bucket"], grant["key"], *answer)


def send_whole(http: HttpClient, grant: Mapping[str, Any], path: Path, advance: Advance) -> tuple[str, str | None]:
    """Send the file in one request; return its ETag and version ID."""
    response = put_range(http, grant["url"], path, (0, path.stat().st_size), grant.get("headers") or {}, advance)
    return response.headers.get("etag", "").strip('"'), response.headers.get("x-amz-version-id")


class PartLinks:
    """The presigned requests of an upload in parts, for several threads; they are renewed when S3 refuses them."""

    def __init__(self, api: Api, grant: Mapping[str, Any], size: int) -> None:
        """Start with the first ones; `size` is that of the file, in bytes."""
        self.grant = grant
        self._api = api
        self._upload = {"key": grant["key"], "size": size, "uploadId": grant["uploadId"]}
        self._lock = Lock()

    def request(self, call: Callable[[Mapping[str, Any]], T]) -> T:
        """Return what `call` returns for the newest links; if they have expired, call it again with new ones."""
        grant = self.grant
        try:
            return call(grant)
        except CommandFailed as refused:
            if refused.code not in EXPIRED:
                raise
        with self._lock:
            if self.grant is grant:  # otherwise another thread was faster
                self.grant = self._api.send("POST", "/uploads/renewals", self._upload)
        return call(self.grant)


def send_parts(http: HttpClient, links: PartLinks, path: Path, advance: Advance) -> tuple[str, str | None]:
    """Send the file in parallel parts, and join them; return the object's ETag and version ID."""
    size, total = links.grant["partSize"], path.stat().st_size

    def send(place: int) -> str:
        begin = place * size
        span = begin, min(begin + size, total)
        response = links.request(lambda grant: put_range(http, grant["parts"][place]["url"], path, span, {}, advance))
        return str(response.headers["etag"])

    try:
        with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
            tags = list(pool.map(send, range(len(links.grant["parts"]))))
        return links.request(lambda grant: join_parts(http, grant, tags))
    except BaseException:
        abort = links.grant["abort"]["url"]
        with suppress(httpx.TransportError):  # the bucket's lifecycle rule deletes it as well
            http.to(abort).request("DELETE", abort)
        raise


def join_parts(http: HttpClient, grant: Mapping[str, Any], tags: list[str]) -> tuple[str, str | None]:
    """Complete the multipart upload; return the object's ETag and version ID."""
    root = ET.Element("CompleteMultipartUpload", xmlns=S3_XML)
    for part, tag in zip(grant["parts"], tags, strict=True):
        item = ET.SubElement(root, "Part")
        ET.SubElement(item, "PartNumber").text = str(part["number"])
        ET.SubElement(item, "ETag").text = tag
    url = grant["complete"]["url"]
    response = http.to(url).request("POST", url, content=ET.tostring(root), headers={"Content-Type": "text/xml"})
    # S3 may begin a 200 while it is still joining, and end it with an error.
    if not response.is_success or b"<Error>" in response.content:
        raise s3_refusal(response)
    tag = ET.fromstring(response.content).findtext("{*}ETag", "")  # noqa: S314 - from the S3 that we chose
    return tag.strip('"'), response.headers.get("x-amz-version-id")


def put_range(  # noqa: PLR0913, PLR0917 - the parts of a request
    http: HttpClient,
    url: str,
    path: Path,
    span: tuple[int, int],
    headers: Mapping[str, str],
    advance: Advance,
) -> httpx.Response:
    """PUT the bytes of a file from span[0] up to span[1]; retry after transient errors."""
    begin, end = span
    for pause in (*PAUSES, None):
        sent = 0

        def pieces(file: BinaryIO) -> Iterator[bytes]:
            nonlocal sent
            file.seek(begin)
            while piece := file.read(min(CHUNK, end - begin - sent)):
                yield piece
                sent += len(piece)
                advance(len(piece))

        try:
            with path.open("rb") as file:
                # With a known length the body is not chunked, which S3 would refuse.
                length = {"Content-Length": str(end - begin)}
                response = http.to(url).put(url, content=pieces(file), headers={**headers, **length})
        except httpx.LocalProtocolError as error:
            raise CommandFailed(
                f"{show.plain(path.name)} changed during the upload", remedy="upload it once it is complete"
            ) from error
        except httpx.TransportError:
            if pause is None:
                raise
        else:
            if response.is_success:
                return response
            if response.status_code < 500 or response.status_code == FULL or pause is None:  # noqa: PLR2004 - errors of S3 itself may be transient
                advance(-sent)
                raise s3_refusal(response)
        advance(-sent)
        time.sleep(pause)
    raise AssertionError(url)


def s3_refusal(response: httpx.Response) -> CommandFailed:
    """Return the error for an upload that S3 refused, with its reason."""
    code, message = f"Http{response.status_code}", "no reason given"
    with suppress(ET.ParseError):
        said = ET.fromstring(response.content)  # noqa: S314 - from the S3 that we chose
        code, message = said.findtext("{*}Code", code), said.findtext("{*}Message", message)
    return CommandFailed(f"S3 refused the upload: {message}", code=code, remedy="run the command again")


def wait_for_tasks(api: Api, uploaded: Uploaded, expected: int, patience: float) -> list[dict[str, Any]]:
    """Return the tasks that an upload started, after `patience` seconds at the latest."""
    since = datetime.now(UTC) - CLOCKS_APART
    deadline = time.monotonic() + patience
    while True:
        page = api.get("/tasks", sourceKey=uploaded.key, createdAfter=f"{since:%Y-%m-%dT%H:%M:%S.000Z}", maxResults=100)
        tasks = [task for task in page["tasks"] if uploaded.is_source_of(task)]
        if len(tasks) >= expected or time.monotonic() > deadline:
            return tasks
        time.sleep(0.2)
