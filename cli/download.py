"""Downloads of outputs: safe names, complete files only, and nothing outside the folder."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cli import show
from cli.errors import CommandFailed
from cli.http_client import HttpClient

MAX_NAME_BYTES = 255 - len(".part")  # the usual limit of a file system, minus our extension
FORBIDDEN = frozenset('/\\:*?"<>|')  # on Windows, so that the folder can be used there
TIMEOUT = httpx.Timeout(60, connect=10)


@dataclass(frozen=True)
class Saved:
    """An output that was downloaded."""

    path: Path
    output: Mapping[str, Any]


def safe_name(wanted: str) -> str:
    """Return a safe file name similar to the wanted one: without folders, not hidden, not too long."""
    last = wanted.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = "".join("_" if c in FORBIDDEN or not c.isprintable() else c for c in last).strip(" ").lstrip(".")
    return shorten_name(name.rstrip(". ") or "output")


def shorten_name(name: str, mark: str = "") -> str:
    """Return the name with a mark before its extension, shortened to the limit of file systems."""
    stem, dot, extension = name.rpartition(".")
    tail = f"{dot}{extension}" if stem and len(extension) <= 10 else ""  # noqa: PLR2004 - no format is longer
    room = MAX_NAME_BYTES - len(f"{mark}{tail}".encode())
    return f"{name.removesuffix(tail).encode()[:room].decode(errors='ignore')}{mark}{tail}"


def free_name(wanted: str, taken: Collection[str]) -> str:
    """Return a safe name that differs from those taken, even if case is ignored."""
    name = safe_name(wanted)
    lowered = {other.casefold() for other in taken}
    if name.casefold() not in lowered:
        return name
    numbered = (shorten_name(name, f" ({number})") for number in range(2, len(taken) + 3))
    return next(candidate for candidate in numbered if candidate.casefold() not in lowered)


def save_outputs(
    outputs: Sequence[Mapping[str, Any]], folder: Path, advance: Callable[[int], None]
) -> tuple[Saved, ...]:
    """Download every output into the folder; `advance` receives the bytes of each piece."""
    folder.mkdir(parents=True, exist_ok=True)
    saved: list[Saved] = []
    # Credentials are not sent: the URLs are signed, and S3 is not the API.
    with HttpClient(TIMEOUT) as http:
        for output in outputs:
            name = free_name(output.get("fileName") or output["key"], [s.path.name for s in saved])
            save_output(http, output, folder / name, advance)
            saved.append(Saved(folder / name, output))
    return tuple(saved)


def save_output(http: HttpClient, output: Mapping[str, Any], path: Path, advance: Callable[[int], None]) -> None:
    """Download one output; the file gets its name only once it is complete."""
    part, url = path.with_name(f"{path.name}.part"), output["downloadUrl"]
    part.unlink(missing_ok=True)  # of an earlier attempt, or a link to another place
    try:
        with part.open("xb") as file, http.to(url).stream("GET", url, follow_redirects=True) as response:
            if not response.is_success:
                raise CommandFailed(
                    f"could not download {show.plain(output['key'])}: S3 answered {response.status_code}",
                    remedy="the link may have expired: run the command again",
                )
            for piece in response.iter_bytes(1 << 18):
                file.write(piece)
                advance(len(piece))
        whole = output.get("size")
        if whole is not None and part.stat().st_size != whole:
            raise CommandFailed(
                f"could not download {show.plain(output['key'])}: received {part.stat().st_size} of {whole} bytes",
                remedy="run the command again",
            )
        part.replace(path)
    except httpx.TransportError as error:
        raise CommandFailed(
            f"the download of {show.plain(output['key'])} was interrupted: {str(error) or type(error).__name__}",
            remedy="run the command again",
        ) from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
