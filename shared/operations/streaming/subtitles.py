"""Subtitles as a stream carries them: WebVTT, out of the source's own tracks or out of other subtasks' files."""

import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from shared.errors import LimitExceeded, MediaRejected, OperationFailed, ParametersRejected
from shared.operations.clip import ClipSpan
from shared.operations.moment import format_clock, resolve_moment
from shared.operations.operation import OperationContext
from shared.operations.streaming.rendition import Caption, Labels, clean_label, known_language
from shared.operations.streaming.stream_params import SubtitleSource

SIGNATURES = (b"WEBVTT", b"\xef\xbb\xbfWEBVTT")
CONTENT_TYPE = "text/vtt"
TIMES = re.compile("{0} --> {0}".format(r"((?:\d{2,3}:)?[0-5]\d:[0-5]\d\.\d{3})"))
# Seconds: where cues begin before 0, as behind a seek, ffmpeg moves all of a track until its first one begins there.
AHEAD = 3600
MOST_BYTES = 20 * 10**6  # A film says a hundredth of that; a few compressed bytes may say it a thousand times.
SHARE_OF_TIME = 0.25  # ffmpeg takes minutes for one cue of a megabyte, and the rest of the stream needs time as well.


def extract_subtitles(context: OperationContext, part: ClipSpan, labels: Labels) -> tuple[list[Caption], list[str]]:
    """Write that part of the source's own text tracks into the context's folder; return them, and what was left out."""
    tracks = context.media.subtitles
    found = {
        number: Caption(
            name=f"subtitles-{number + 1}",
            label=labels.add(clean_label(track.title) or known_language(track.language) or f"Subtitles {number + 1}"),
            language=known_language(track.language),
            forced=track.forced,
        )
        for number, track in enumerate(tracks)
        if track.text
    }
    videos = len(tracks) - len(found)
    warnings = [f"{videos} subtitle tracks are videos, not text: they were left out"] if videos else []
    if not found:
        return [], warnings
    arguments = ["-itsoffset", str(AHEAD), *context.ffmpeg.input_arguments(context.source)]
    for number, caption in found.items():
        arguments += ["-map", f"0:s:{number}", "-c:s", "webvtt", "-fs", str(MOST_BYTES), "-f", "webvtt"]
        arguments.append(f"file:{context.folder / caption.file}")
    try:
        with context.ffmpeg.at_most(SHARE_OF_TIME):
            context.ffmpeg.run(arguments, duration=context.media.duration, phase="subtitles", share=(0, 5))
    except (OperationFailed, MediaRejected, LimitExceeded):
        _leave_out(found.values(), context)
        return [], [*warnings, "the source's subtitle tracks could not be read: they were left out"]
    # -fs ends what has reached it.
    large = [caption for caption in found.values() if (context.folder / caption.file).stat().st_size >= MOST_BYTES]
    if large:
        warnings.append(f"{len(large)} subtitle tracks are larger than {MOST_BYTES / 1e6:g} MB: they were left out")
        _leave_out(large, context)
    return [caption for caption in found.values() if caption not in large and _cut(caption, part, context)], warnings


def _leave_out(captions: Iterable[Caption], context: OperationContext) -> None:
    """Remove files that count among what an attempt may write."""
    for caption in captions:
        (context.folder / caption.file).unlink(missing_ok=True)


def _cut(caption: Caption, part: ClipSpan, context: OperationContext) -> bool:
    """Leave of a file's cues what falls into the part, by the part's clock; tell whether there is any."""
    context.ffmpeg.check_wall()
    path = context.folder / caption.file
    whole = path.rename(path.with_suffix(".whole"))
    found = False
    with whole.open(encoding="utf-8", errors="replace") as lines, path.open("w", encoding="utf-8") as kept:
        inside = True  # as the file's head is
        for line in lines:
            if times := TIMES.match(line):
                start, end = (resolve_moment(time, None) - AHEAD - part.start for time in times.groups())
                start, end = max(start, 0), end if part.duration is None else min(end, part.duration)
                inside = start < end
                found = found or inside
                line = f"{format_clock(start)} --> {format_clock(end)}{line[times.end() :]}"  # noqa: PLW2901
            if inside:
                kept.write(line)
    whole.unlink()
    return found


def copy_subtitles(sources: Sequence[SubtitleSource], context: OperationContext, labels: Labels) -> list[Caption]:
    """Copy other subtasks' subtitles into the context's folder; raise ParametersRejected where there are none."""
    found = []
    first = len(context.media.subtitles) + 1
    for number, source in enumerate(sources, start=first):
        caption = Caption(
            name=f"subtitles-{number}", label=labels.add(source.name or source.language), language=source.language
        )
        shutil.copyfile(_file(source.from_, context), context.folder / caption.file)
        found.append(caption)
    return found


def _file(name: str, context: OperationContext) -> Path:
    for path in context.files.outputs_of(name):
        if path.suffix == ".vtt" and _is_webvtt(path):
            return path
    message = f"subtask {name} wrote no WebVTT file to take subtitles from"
    raise ParametersRejected(message, code="ParameterError.NoSubtitles")


def _is_webvtt(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(max(SIGNATURES, key=len))).startswith(SIGNATURES)
