"""Reads of one version of an object: ranges of it, and the response headers that a presigned link asks for.

ministack answers such a read with the whole object and its stored headers. Every task reads its source by version, and
boto3 reads in ranges, so it would assemble a file from several whole files.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import s3  # type: ignore[import-untyped]  # it ships no types

from infra.local.emulator_patches import Wrappers

# ruff: noqa: SLF001 - emulator_patches checks each of these names

Answer = tuple[int, dict[str, str], bytes]


def read_wrappers() -> Wrappers:
    """Return what replaces the emulator's reads."""
    return {"s3._get_object": cut_versions}


def cut_versions(get_object: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return the emulator's GetObject, which then returns the range of a version that is asked for."""

    @functools.wraps(get_object)
    def get(bucket: str, key: str, headers: Mapping[str, str], query: Mapping[str, Any] | None = None) -> Answer:
        answer: Answer = get_object(bucket, key, headers, query)
        if not query or "versionId" not in query or answer[0] != 200:  # noqa: PLR2004 - OK
            return answer
        return cut_range(answer, headers.get("range"), query)

    return get


def cut_range(answer: Answer, wanted: str | None, query: Mapping[str, Any]) -> Answer:
    """Return the part that a Range header asks for, with the headers that the query asks for."""
    status, headers, body = answer
    s3._apply_response_overrides(headers, query)  # as for reads without a version
    bounds = s3._parse_range(wanted, len(body)) if wanted else None
    if bounds is None:
        return status, headers, body
    start, end = bounds
    part = body[start : end + 1]
    sized = {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    # The checksums belong to the whole object; a client would compare them with the part.
    kept = {name: value for name, value in headers.items() if not name.lower().startswith("x-amz-checksum-")}
    return 206, kept | sized, part
