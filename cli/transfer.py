"""Sending a file into the input bucket, whole or in parts, and finding the tasks that it started."""

import mimetypes
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

import httpx

from cli import show
from cli.api_client import Api
from cli.errors import CommandFailed
from cli.http_client import HttpClient

# What the standard table of media types lacks on some machines.
MEDIA_TYPES = {
    ".mkv": "video/x-matroska",
    ".mka": "audio/x-matroska",
    ".ts": "video/mp2t",
    ".m2ts": "video/mp2t",
}
CHUNK = 1 << 18
TIMEOUT = httpx.Timeout(120, connect=10)
PAUSES = (0.5, 2.0)  # seconds before each further try of a part
PARTS_AT_ONCE = 4
FULL = 507  # Insufficient Storage, which only the stack on a laptop answers: it doesn't pass by itself
CLOCKS_APART = timedelta(minutes=15)  # S3 refuses signatures when clocks differ by more, so none differ by more
S3_XML = "http://s3.amazonaws.com/doc/2006-03-01/"

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Uploaded:
    """A file that has arrived; the version ID, or else the ETag, tells it from other files of that key."""

    bucket: str
    key: str
    e_tag: str
    version_id: str | None

    def is_source_of(self, task: Mapping[str, Any]) -> bool:
        """Whether the task was made for this very object."""
        source = task["source"]
        if source["bucket"] != self.bucket or source["key"] != self.key:
            return False
        if self.version_id and source.get("versionId"):
            return bool(source["versionId"] == self.version_id)
        return bool((source.get("eTag") or "").strip('"') == self.e_tag)


def media_type(path: Path) -> str:
    """Return the content type that a file's ending stands for."""
    return MEDIA_TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def key_for(path: Path, key: str | None) -> str:
    """Return where a file goes: under `uploads/` by default, and a key that ends with `/` is a folder."""
    wanted = key or "uploads/"
    whole = f"{wanted}{path.name}" if wanted.endswith("/") else wanted
    try:
        whole.encode()
    except UnicodeEncodeError as error:  # a key is UTF-8, a file's name may be any bytes
        raise CommandFailed(f"the name {show.plain(path.name)} is no UTF-8", remedy="name it: --key KEY") from error
    return whole


def upload(api: Api, path: Path, key: str, advance: Advance) -> Uploaded:
    """Send one file; `advance` hears of each piece's bytes, or of minus what must be sent again."""
    total = path.stat().st_size
    grant = api.send("POST", "/uploads", {"key": key, "size": total, "contentType": media_type(path)})
    # No sign-in goes along: the URLs are signed, and the store is not the API.
    with HttpClient(TIMEOUT) as http:
        try:
            way = send_parts if grant.get("parts") else send_whole
            answer = way(http, grant, path, advance)
        except httpx.TransportError as error:
            message = f"the upload of {show.plain(path.name)} broke off: {str(error) or type(error).__name__}"
            raise CommandFailed(message, remedy="run the command again") from error
    return Uploaded(grant["bucket"], grant["key"], *answer)


def send_whole(http: HttpClient, grant: Mapping[str, Any], path: Path, advance: Advance) -> tuple[str, str | None]:
    """Send the file in one request; return its ETag and version ID."""
    response = put(http, grant["url"], path, (0, path.stat().st_size), grant.get("headers") or {}, advance)
    return response.headers.get("etag", "").strip('"'), response.headers.get("x-amz-version-id")


def send_parts(http: HttpClient, grant: Mapping[str, Any], path: Path, advance: Advance) -> tuple[str, str | None]:
    """Send the file in parts, some at once, and join them; return the whole's ETag and version ID."""
    size, total = grant["partSize"], path.stat().st_size

    def send(part: Mapping[str, Any]) -> str:
        begin = (part["number"] - 1) * size
        response = put(http, part["url"], path, (begin, min(begin + size, total)), {}, advance)
        return str(response.headers["etag"])

    try:
        with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
            tags = list(pool.map(send, grant["parts"]))
        return join_parts(http, grant, tags)
    except BaseException:
        with suppress(httpx.TransportError):  # the bucket's lifecycle rule clears it away as well
            http.to(grant["abort"]["url"]).request("DELETE", grant["abort"]["url"])
        raise


def join_parts(http: HttpClient, grant: Mapping[str, Any], tags: list[str]) -> tuple[str, str | None]:
    """Tell the store that all parts are there; return the whole's ETag and version ID."""
    root = ET.Element("CompleteMultipartUpload", xmlns=S3_XML)
    for part, tag in zip(grant["parts"], tags, strict=True):
        item = ET.SubElement(root, "Part")
        ET.SubElement(item, "PartNumber").text = str(part["number"])
        ET.SubElement(item, "ETag").text = tag
    url = grant["complete"]["url"]
    response = http.to(url).request("POST", url, content=ET.tostring(root), headers={"Content-Type": "text/xml"})
    # S3 may begin a 200 while it still joins, and end it as an error.
    if not response.is_success or b"<Error>" in response.content:
        raise store_refused(response)
    tag = ET.fromstring(response.content).findtext("{*}ETag", "")  # noqa: S314 - from the store that we chose
    return tag.strip('"'), response.headers.get("x-amz-version-id")


def put(  # noqa: PLR0913, PLR0917 - a request is what it is
    http: HttpClient,
    url: str,
    path: Path,
    span: tuple[int, int],
    headers: Mapping[str, str],
    advance: Advance,
) -> httpx.Response:
    """PUT the bytes of a file from span[0] up to span[1], a few times if a fault may pass."""
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
                # With its length known the body is not chunked, which S3 would refuse.
                length = {"Content-Length": str(end - begin)}
                response = http.to(url).put(url, content=pieces(file), headers={**headers, **length})
        except httpx.LocalProtocolError as error:
            message = f"{show.plain(path.name)} changed while it was sent"
            raise CommandFailed(message, remedy="upload it once it is whole") from error
        except httpx.TransportError:
            if pause is None:
                raise
        else:
            if response.is_success:
                return response
            if response.status_code < 500 or response.status_code == FULL or pause is None:  # noqa: PLR2004 - the store's own faults may pass
                raise store_refused(response)
        advance(-sent)
        time.sleep(pause)
    raise AssertionError(url)


def store_refused(response: httpx.Response) -> CommandFailed:
    """Return the error for a store that took no upload, in its own words."""
    code, message = f"Http{response.status_code}", "it gave no reason"
    with suppress(ET.ParseError):
        said = ET.fromstring(response.content)  # noqa: S314 - from the store that we chose
        code, message = said.findtext("{*}Code", code), said.findtext("{*}Message", message)
    return CommandFailed(f"the store refused the upload: {message}", code=code, remedy="run the command again")


def started_tasks(api: Api, uploaded: Uploaded, expected: int, patience: float) -> list[dict[str, Any]]:
    """Return the tasks that an upload started, after `patience` seconds at the latest."""
    since = datetime.now(UTC) - CLOCKS_APART
    deadline = time.monotonic() + patience
    while True:
        page = api.get("/tasks", sourceKey=uploaded.key, createdAfter=f"{since:%Y-%m-%dT%H:%M:%S.000Z}", maxResults=100)
        tasks = [task for task in page["tasks"] if uploaded.is_source_of(task)]
        if len(tasks) >= expected or time.monotonic() > deadline:
            return tasks
        time.sleep(0.2)
