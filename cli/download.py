"""Bringing outputs to this machine: safe names, whole files only, and never outside the folder."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cli import show
from cli.errors import CommandFailed
from cli.http_client import HttpClient

MAX_NAME_BYTES = 255 - len(".part")  # the usual limit of a file system, less our ending
FORBIDDEN = frozenset('/\\:*?"<>|')  # of Windows, so that a folder can be handed on
TIMEOUT = httpx.Timeout(60, connect=10)


@dataclass(frozen=True)
class Saved:
    """An output that lies on this machine."""

    path: Path
    output: Mapping[str, Any]


def safe_name(wanted: str) -> str:
    """Return a plain file name near the one wanted: no folder, nothing hidden, not too long."""
    last = wanted.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = "".join("_" if c in FORBIDDEN or not c.isprintable() else c for c in last).strip(" ").lstrip(".")
    return shortened(name.rstrip(". ") or "output")


def shortened(name: str, mark: str = "") -> str:
    """Return the name with a mark before its ending, cut where a file system would refuse it."""
    stem, dot, ending = name.rpartition(".")
    tail = f"{dot}{ending}" if stem and len(ending) <= 10 else ""  # noqa: PLR2004 - no format is longer
    room = MAX_NAME_BYTES - len(f"{mark}{tail}".encode())
    return f"{name.removesuffix(tail).encode()[:room].decode(errors='ignore')}{mark}{tail}"


def free_name(wanted: str, taken: Collection[str]) -> str:
    """Return a safe name that differs from those taken, also where case makes no difference."""
    name = safe_name(wanted)
    lowered = {other.casefold() for other in taken}
    if name.casefold() not in lowered:
        return name
    numbered = (shortened(name, f" ({number})") for number in range(2, len(taken) + 3))
    return next(candidate for candidate in numbered if candidate.casefold() not in lowered)


def save_outputs(
    outputs: Sequence[Mapping[str, Any]], folder: Path, advance: Callable[[int], None]
) -> tuple[Saved, ...]:
    """Download every output into the folder; `advance` hears of each piece's bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    saved: list[Saved] = []
    # No sign-in goes along: the URLs are signed, and the store is not the API.
    with HttpClient(TIMEOUT) as http:
        for output in outputs:
            name = free_name(output.get("fileName") or output["key"], [s.path.name for s in saved])
            save(http, output, folder / name, advance)
            saved.append(Saved(folder / name, output))
    return tuple(saved)


def save(http: HttpClient, output: Mapping[str, Any], path: Path, advance: Callable[[int], None]) -> None:
    """Download one output; the file appears under its name only when it is whole."""
    part, url = path.with_name(f"{path.name}.part"), output["downloadUrl"]
    part.unlink(missing_ok=True)  # what an earlier try left, or a link that would lead elsewhere
    try:
        with part.open("xb") as file, http.to(url).stream("GET", url, follow_redirects=True) as response:
            if not response.is_success:
                raise CommandFailed(
                    f"{show.plain(output['key'])} can't be had: the store answered {response.status_code}",
                    remedy="its URL may be over: run the command again",
                )
            for piece in response.iter_bytes(1 << 18):
                file.write(piece)
                advance(len(piece))
        whole = output.get("size")
        if whole is not None and part.stat().st_size != whole:
            message = f"{show.plain(output['key'])} came as {part.stat().st_size} of {whole} bytes"
            raise CommandFailed(message, remedy="run the command again")
        part.replace(path)
    except httpx.TransportError as error:
        message = f"{show.plain(output['key'])} broke off: {str(error) or type(error).__name__}"
        raise CommandFailed(message, remedy="run the command again") from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
