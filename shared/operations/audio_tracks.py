"""An audio track as every operation hears it: from a track that can be decoded, each sample at its time in the file."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from shared.errors import MediaRejected
from shared.media.probe import Audio, Media
from shared.operations.operation import OperationContext
from shared.operations.packets import iter_packets

# Seconds. Audio that comes earlier than its video by this much is noticed: ITU-R BT.1359.
HOLE = 0.045
# Begin every filter chain of written audio with one of these. They put silence where packets are missing: encoders and
# players take one sample after the other, and everything after the gap would come too early. They leave smaller gaps,
# which are the rounding of containers, and never resample.
ON_THE_CLOCK = f"aresample=async=1:min_hard_comp={HOLE}"
# Silence also before an audio track that begins late: for files and readers that know no times, only samples.
FROM_THE_START = f"{ON_THE_CLOCK}:first_pts=0"
NOISE = 0.005  # Seconds between two packets that containers round away.
PACKETS = "audio-packets.txt"  # a name in the context's folder


def require_decodable(media: Media) -> Audio | None:
    """Return the audio to work on, None without one; raise MediaRejected when none can be decoded."""
    audio = media.audio
    if audio and not audio.decodable:
        raise _undecodable(media, audio)
    return audio


def require_main_track(media: Media) -> Audio | None:
    """Return the audio that the file itself marks as its main one; raise MediaRejected when it can't be decoded.

    Use it where the parameters choose the tracks: another track takes its place only if it is asked for.
    """
    audio = media.main_audio
    if audio and not audio.decodable:
        raise _undecodable(media, audio)
    return audio


def require_tracks(media: Media) -> tuple[Audio, ...]:
    """Return all tracks that can be taken; raise MediaRejected when there is audio and none can be decoded."""
    require_decodable(media)
    return decodable_tracks(media)


def decodable_tracks(media: Media) -> tuple[Audio, ...]:
    """Return all tracks that can be taken, which may be none."""
    return tuple(audio for audio in media.audios if audio.decodable and not audio.empty)


def _undecodable(media: Media, audio: Audio) -> MediaRejected:
    """Return the error for a track that was asked for and can't be decoded."""
    others = "set audio.tracks to all to take the others, or " if decodable_tracks(media) else ""
    message = f"{_name(media, audio)} can't be decoded: {others}convert the audio to a usual codec such as AAC"
    return MediaRejected(message, code="SourceFileError.UnsupportedCodec")


def skipped_track_warnings(media: Media) -> list[str]:
    """Return a warning for each track that can't be decoded or holds nothing."""
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
    """Return the media, with `holes` set for each of the `copied` tracks: a copy can't fill them.

    Chromium plays what follows a hole too early, in MP4, WebM and Matroska alike, whatever times the packets have.
    """
    if not copied:
        return media
    audios = (
        replace(audio, holes=_has_holes(context, track)) if any(audio is other for other in copied) else audio
        for track, audio in enumerate(media.audios)
    )
    return replace(media, audios=tuple(audios))


def _has_holes(context: OperationContext, track: int) -> bool:
    """Return whether packets are missing in the midst of a track, counted from 0."""
    path = context.folder / PACKETS
    try:
        context.ffmpeg.run(
            [
                *context.ffmpeg.input_arguments(context.source),
                *("-map", f"0:a:{track}", "-c", "copy", "-f", "framecrc", f"file:{path}"),
            ],
            duration=context.media.duration,
            phase="looking at the audio",
            share=context.percents(0, 0),
        )
        return _missing(path) > HOLE
    finally:
        path.unlink(missing_ok=True)


def _missing(path: Path) -> float:
    """Return how many seconds of packets are missing from a list of those of one track.

    It is told by the steps from packet to packet: in MP4 the packet before a hole says that it lasts to its end.
    """
    steps = Counter(round(after - before, 3) for before, after in pairwise(_times(path)))
    if not steps:
        return 0
    usual = steps.most_common(1)[0][0]
    # Longer steps against shorter ones: a recorder's clock goes to and fro, and nothing is missing.
    return sum((step - usual) * count for step, count in steps.items() if abs(step - usual) > NOISE)


def _times(path: Path) -> Iterator[float]:
    return (packet.time for packet in iter_packets(path) if packet.time is not None)
