"""Captions as files: every reader and writer of WebVTT and SubRip."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WEBVTT_TYPE, SUBRIP_TYPE = "text/vtt", "application/x-subrip"
SIGNATURES = (b"WEBVTT", b"\xef\xbb\xbfWEBVTT")
CUE_TIMES = re.compile("{0} --> {0}".format(r"((?:\d{2,3}:)?[0-5]\d:[0-5]\d\.\d{3})"))
# The characters that start markup in a WebVTT cue, and those of its arrow.
ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True)
class Cue:
    """The text on the screen from `start` to `end`, in seconds; a line break separates two lines."""

    start: float
    end: float
    text: str


def format_cue_time(seconds: float) -> str:
    """Return a time as WebVTT writes it: hours, minutes, seconds and milliseconds."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds / 1000:06.3f}"


def parse_cue_time(text: str) -> float:
    """Return the seconds of a time as WebVTT writes it, with or without hours."""
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def to_webvtt(cues: Sequence[Cue]) -> str:
    """Return the cues as the text of a WebVTT file."""
    blocks = [f"{_times(cue)}\n{cue.text.translate(ESCAPED)}" for cue in cues]
    return "\n\n".join(["WEBVTT", *blocks]) + "\n"


def to_subrip(cues: Sequence[Cue]) -> str:
    """Return the cues as the text of a SubRip (.srt) file."""
    blocks = [
        f"{number}\n{_times(cue).replace('.', ',')}\n{cue.text.replace('-->', '→')}"
        for number, cue in enumerate(cues, 1)
    ]
    return "\n\n".join(blocks) + "\n" if blocks else ""


def is_webvtt(path: Path) -> bool:
    """Whether a file starts like WebVTT."""
    with path.open("rb") as file:
        return file.read(len(max(SIGNATURES, key=len))).startswith(SIGNATURES)


def cut_webvtt(source: Path, target: Path, *, start: float, duration: float | None) -> bool:
    """Copy the cues of a part of a WebVTT file, with times from the part's start; return whether it has any.

    `start` is in seconds of the source; `duration` is None for everything after it.
    """
    found = False
    with source.open(encoding="utf-8", errors="replace") as lines, target.open("w", encoding="utf-8") as kept:
        inside = True  # the header, before the first cue
        for line in lines:
            if times := CUE_TIMES.match(line):
                begin, end = (parse_cue_time(time) - start for time in times.groups())
                begin, end = max(begin, 0), end if duration is None else min(end, duration)
                inside = begin < end
                found = found or inside
                line = f"{format_cue_time(begin)} --> {format_cue_time(end)}{line[times.end() :]}"  # noqa: PLW2901
            if inside:
                kept.write(line)
    return found


def _times(cue: Cue) -> str:
    return f"{format_cue_time(cue.start)} --> {format_cue_time(cue.end)}"
