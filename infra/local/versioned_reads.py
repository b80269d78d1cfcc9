"""Reads of one version of an object as S3 answers them: in parts, and under the headers that a link asks for.

ministack 1.5.33 answers them with the whole object and its stored headers. Every task reads its source by
version, and boto3 reads in parts: it would put a file together out of whole files.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import s3  # type: ignore[import-untyped]  # it ships no types

Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Let the emulator answer them so; once in a process."""
    whole = s3._get_object  # noqa: SLF001 - it has no other place to be mended at

    def get_object(bucket: str, key: str, headers: Mapping[str, str], query: Mapping[str, Any] | None = None) -> Answer:
        answer: Answer = whole(bucket, key, headers, query)
        if not query or "versionId" not in query or answer[0] != 200:  # noqa: PLR2004 - OK
            return answer
        return part(answer, headers.get("range"), query)

    s3._get_object = get_object  # noqa: SLF001


def part(answer: Answer, wanted: str | None, query: Mapping[str, Any]) -> Answer:
    """Return the part that a Range header wants, under the headers that the query wants."""
    status, headers, body = answer
    s3._apply_response_overrides(headers, query)  # noqa: SLF001 - as for reads without a version
    found = s3._parse_range(wanted, len(body)) if wanted else None  # noqa: SLF001
    if found is None:
        return status, headers, body
    start, end = found
    some = body[start : end + 1]
    sized = {"Content-Length": str(len(some)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    # The checksums are the whole object's; a client would check the part against them.
    kept = {name: value for name, value in headers.items() if not name.lower().startswith("x-amz-checksum-")}
    return 206, kept | sized, some
