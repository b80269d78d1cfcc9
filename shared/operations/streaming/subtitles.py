"""The subtitles of a stream as WebVTT, from the source's own tracks or from other subtasks' files."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from shared.errors import LimitExceeded, MediaRejected, OperationFailed, ParametersRejected
from shared.operations import captions
from shared.operations.clip import ClipSpan
from shared.operations.language import known_language
from shared.operations.operation import OperationContext
from shared.operations.streaming.rendition import Labels, SubtitleRendition, clean_label
from shared.operations.streaming.stream_params import SubtitleSource

# Seconds: if a cue begins before 0, as after a seek, ffmpeg shifts the whole track until its first cue begins at 0.
AHEAD = 3600
MOST_BYTES = 20 * 10**6  # A film needs a hundredth of this; a few compressed bytes can expand to far more.
SHARE_OF_TIME = 0.25  # ffmpeg takes minutes for one cue of a megabyte, and the rest of the stream needs time as well.


def extract_subtitles(
    context: OperationContext, part: ClipSpan, labels: Labels
) -> tuple[list[SubtitleRendition], list[str]]:
    """Write that part of the source's text tracks into the context's folder; return them, and warnings."""
    tracks = context.media.subtitles
    found = {
        number: SubtitleRendition(
            name=f"subtitles-{number + 1}",
            label=labels.add(clean_label(track.title) or known_language(track.language) or f"Subtitles {number + 1}"),
            language=known_language(track.language),
            forced=track.forced,
        )
        for number, track in enumerate(tracks)
        if track.text
    }
    images = len(tracks) - len(found)
    warnings = [f"{images} subtitle tracks are images, not text: they were omitted"] if images else []
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
        return [], [*warnings, "the source's subtitle tracks could not be read: they were omitted"]
    # -fs stops a track at this size.
    large = [caption for caption in found.values() if (context.folder / caption.file).stat().st_size >= MOST_BYTES]
    if large:
        warnings.append(f"{len(large)} subtitle tracks are larger than {MOST_BYTES / 1e6:g} MB: they were omitted")
        _leave_out(large, context)
    return [caption for caption in found.values() if caption not in large and _cut(caption, part, context)], warnings


def _leave_out(captions: Iterable[SubtitleRendition], context: OperationContext) -> None:
    """Remove the files, which count toward what an attempt may write."""
    for caption in captions:
        (context.folder / caption.file).unlink(missing_ok=True)


def _cut(caption: SubtitleRendition, part: ClipSpan, context: OperationContext) -> bool:
    """Keep the cues of the part, with times from its start; return whether there are any."""
    context.ffmpeg.check_wall()
    path = context.folder / caption.file
    whole = path.rename(path.with_suffix(".whole"))
    found = captions.cut_webvtt(whole, path, start=AHEAD + part.start, duration=part.duration)
    whole.unlink()
    return found


def copy_subtitles(
    sources: Sequence[SubtitleSource], context: OperationContext, labels: Labels
) -> list[SubtitleRendition]:
    """Copy other subtasks' subtitles into the context's folder; raise ParametersRejected if there are none."""
    found = []
    first = len(context.media.subtitles) + 1
    for number, source in enumerate(sources, start=first):
        caption = SubtitleRendition(
            name=f"subtitles-{number}", label=labels.add(source.name or source.language), language=source.language
        )
        shutil.copyfile(_file(source.from_, context), context.folder / caption.file)
        found.append(caption)
    return found


def _file(name: str, context: OperationContext) -> Path:
    for path in context.files.outputs_of(name):
        if path.suffix == ".vtt" and captions.is_webvtt(path):
            return path
    message = f"subtask {name} wrote no WebVTT file: take subtitles from a subtask that writes one"
    raise ParametersRejected(message, code="ParameterError.NoSubtitles")
