"""The audio tracks that operations take: decodable ones, with each sample at its time in the file."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from shared.errors import MediaRejected
from shared.media.probe import Audio, Media
from shared.operations.operation import OperationContext
from shared.operations.packets import iter_packets

# Seconds. People notice audio that is ahead of its video by this much: ITU-R BT.1359.
HOLE = 0.045
# Begin every filter chain of written audio with one of these. They put silence where packets are missing: encoders and
# players take one sample after the other, and everything after the gap would come too early. They leave smaller gaps,
# which are the rounding of containers, and never resample.
ON_THE_CLOCK = f"aresample=async=1:min_hard_comp={HOLE}"
# Silence also before audio that begins late: for files and readers that count samples and have no times.
FROM_THE_START = f"{ON_THE_CLOCK}:first_pts=0"
NOISE = 0.005  # Seconds between two packets that come from the rounding of containers.
PACKETS = "audio-packets.txt"  # a file in the context's folder


def require_decodable(media: Media) -> Audio | None:
    """Return the audio to process, None if there is none; raise MediaRejected if no track can be decoded."""
    audio = media.audio
    if audio and not audio.decodable:
        raise _undecodable(media, audio)
    return audio


def require_main_track(media: Media) -> Audio | None:
    """Return the track that the file marks as its main one; raise MediaRejected if it can't be decoded.

    Use it where the parameters select tracks: then another track replaces the main one only on request.
    """
    audio = media.main_audio
    if audio and not audio.decodable:
        raise _undecodable(media, audio)
    return audio


def require_tracks(media: Media) -> tuple[Audio, ...]:
    """Return all usable tracks; raise MediaRejected if there is audio and no track can be decoded."""
    require_decodable(media)
    return decodable_tracks(media)


def decodable_tracks(media: Media) -> tuple[Audio, ...]:
    """Return all usable tracks, which may be none."""
    return tuple(audio for audio in media.audios if audio.decodable and not audio.empty)


def _undecodable(media: Media, audio: Audio) -> MediaRejected:
    """Return the error for a requested track that can't be decoded."""
    others = 'set audio.tracks to "all" to take the others, or ' if decodable_tracks(media) else ""
    message = f"{_name(media, audio)} can't be decoded: {others}convert the audio to a common codec such as AAC"
    return MediaRejected(message, code="SourceFileError.UnsupportedCodec")


def skipped_track_warnings(media: Media) -> list[str]:
    """Return a warning for each track that is empty or can't be decoded."""
    empty, strange = "is empty", "can't be decoded"
    return [
        f"{_name(media, audio)} {empty if audio.empty else strange} and was left out"
        for audio in media.audios
        if audio.empty or not audio.decodable
    ]


def _name(media: Media, audio: Audio) -> str:
    known = filter(None, (audio.codec, audio.language, audio.title))
    return f"audio track {media.track(audio) + 1} ({', '.join(known)})"


def find_holes(context: OperationContext, media: Media, copied: Collection[Audio]) -> Media:
    """Return the media with `holes` set for each of the `copied` tracks: a copy can't fill them.

    Chromium plays the audio after a hole too early, in MP4, WebM and Matroska, with any packet times.
    """
    if not copied:
        return media
    audios = (
        replace(audio, holes=_has_holes(context, track)) if any(audio is other for other in copied) else audio
        for track, audio in enumerate(media.audios)
    )
    return replace(media, audios=tuple(audios))


def _has_holes(context: OperationContext, track: int) -> bool:
    """Return whether packets are missing in the middle of a track, counted from 0."""
    path = context.folder / PACKETS
    try:
        context.ffmpeg.run(
            [
                *context.ffmpeg.input_arguments(context.source),
                *("-map", f"0:a:{track}", "-c", "copy", "-f", "framecrc", f"file:{path}"),
            ],
            duration=context.media.duration,
            phase="checking the audio",
            share=context.percents(0, 0),
        )
        return _missing(context.ffmpeg.watched(_times(path))) > HOLE
    finally:
        path.unlink(missing_ok=True)


def _missing(times: Iterable[float]) -> float:
    """Return how many seconds of packets are missing between the times of one track's packets.

    The steps between packets show it, not their durations: in MP4, the packet before a hole lasts until its end.
    """
    steps = Counter(round(after - before, 3) for before, after in pairwise(times))
    if not steps:
        return 0
    usual = steps.most_common(1)[0][0]
    # Longer steps offset shorter ones: a recorder's clock jitters, and no packet is missing.
    return sum((step - usual) * count for step, count in steps.items() if abs(step - usual) > NOISE)


def _times(path: Path) -> Iterator[float]:
    return (packet.time for packet in iter_packets(path) if packet.time is not None)
