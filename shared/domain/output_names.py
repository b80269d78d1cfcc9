"""The names of outputs: patterns with variables, which the source key fills in. Pure."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from shared.errors import ParametersRejected

MAX_KEY_BYTES = 1024  # S3: the maximum length of an object key in UTF-8.
DOTS = frozenset({".", ".."})
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def format_of(key: str) -> str:
    """Return the key's format: its file extension in lower case without the dot, empty if it has none."""
    return PurePosixPath(key).suffix.lower().removeprefix(".")


def name_variables(key: str) -> dict[str, str]:
    """Return the variables that a source key defines for output names; the names `.` and `..` become `_`."""
    path = PurePosixPath("/".join("_" if part in DOTS else part for part in key.split("/")))
    folder = "" if str(path.parent) == "." else str(path.parent)
    name = "_" if path.stem in DOTS else path.stem  # the stem of "..mp4" is "."
    return {"inputDir": folder.strip("/"), "inputName": name, "inputFormat": format_of(key)}


def output_key(
    prefix: str, folder: str, file_name: str | None, variables: Mapping[str, str], number: int | None
) -> str:
    """Return the key of an output: its prefix, the attempt's folder and its file name, with variables filled in.

    Several files of one subtask always have their number in the name. Raise ParametersRejected if the name would be
    empty, leave its prefix, or be too long.
    """
    pattern = file_name or "{inputName}-{subtask}.{format}"
    if number is not None and "{number}" not in pattern:
        stem, dot, extension = pattern.rpartition(".")
        pattern = f"{stem}-{{number}}{dot}{extension}" if dot else f"{pattern}-{{number}}"
    known = {**variables, "number": "" if number is None else str(number)}
    name = fill_pattern(pattern, known)
    parts = [*(part for part in fill_pattern(prefix, known).split("/") if part), folder, name]
    key = "/".join(parts)
    if not name or DOTS.intersection(parts):
        message = (
            f"{prefix + pattern!r} gives the output {key!r}, which is not a file below its prefix; "
            "change the output's prefix or file name"
        )
        raise ParametersRejected(message, code="ParameterError.OutputName")
    if len(key.encode()) > MAX_KEY_BYTES:
        message = (
            f"the output key would be {len(key.encode())} bytes long, and the limit of S3 is {MAX_KEY_BYTES}; "
            "shorten the output's prefix and file name, or the source's name"
        )
        raise ParametersRejected(message, code="ParameterError.OutputName")
    return key


def fill_pattern(pattern: str, variables: Mapping[str, str]) -> str:
    """Return a pattern with its variables filled in; one without a value becomes empty."""
    return PLACEHOLDER.sub(lambda found: variables.get(found[1], ""), pattern)
