"""Which streams of a file ffmpeg can decode. Only ffmpeg knows, so it tries each doubtful stream."""

from dataclasses import replace
from pathlib import Path

from shared.errors import OperationFailed
from shared.media.ffmpeg import Ffmpeg
from shared.media.probe import Audio, Media, Video, probe

# Codecs by the names that probe gives them. A codec missing from this list costs a tenth of a second; a codec that is
# in this list and can't be decoded fails its operation.
USUAL_AUDIO_CODECS = frozenset(
    {"aac", "ac3", "alac", "dts", "eac3", "flac", "mp2", "mp3", "opus", "pcm", "vorbis", "wma"}
)
USUAL_VIDEO_CODECS = frozenset(
    {
        *("av1", "dv", "ffv1", "h264", "h265", "jpeg", "mpeg2", "mpeg4", "png", "prores", "vc-1", "vc-3"),
        *("theora", "vp8", "vp9"),
    }
)


def probe_decodable(path: Path, name: str, ffmpeg: Ffmpeg) -> Media:
    """Return what a file contains and which streams ffmpeg can't decode; raise MediaRejected if it isn't media.

    Durations that the file doesn't state are those of its packets.
    """
    media = probe(path, name)
    # Operations only ever take the first video stream.
    videos = [_tried_video(video, path, ffmpeg) for video in media.videos[:1]]
    audios = [_tried_audio(audio, track, path, ffmpeg) for track, audio in enumerate(media.audios)]
    tried = replace(media, videos=(*videos, *media.videos[1:]), audios=tuple(audios))
    return tried if tried.duration else _measured(tried, path, ffmpeg)


def _measured(media: Media, path: Path, ffmpeg: Ffmpeg) -> Media:
    """Return the media with the durations of its packets, which are read but not decoded.

    Recordings of browsers and files written to a pipe need that. Several audio tracks are measured together.
    """
    video = _length(path, "0:V:0", ffmpeg) if media.video else None
    audio = _length(path, "0:a", ffmpeg) if media.audios else None
    audios = (
        media.audios
        if len(media.audios) > 1
        else [replace(one, duration=audio or one.duration) for one in media.audios]
    )
    return replace(
        media,
        duration=max(filter(None, (video, audio)), default=None),
        videos=tuple(replace(one, duration=video or one.duration) for one in media.videos[:1]) + media.videos[1:],
        audios=tuple(audios),
    )


def _length(path: Path, streams: str, ffmpeg: Ffmpeg) -> float | None:
    """Return the end of the last packet of these streams in seconds; None if ffmpeg finds no times in them."""
    arguments = [*ffmpeg.input_arguments(path), "-map", streams, "-c", "copy", "-f", "null", "-"]
    try:
        return ffmpeg.run(arguments, duration=None, phase="measuring", share=(0, 0)) or None
    except OperationFailed:
        return None


def _tried_video(video: Video, path: Path, ffmpeg: Ffmpeg) -> Video:
    if video.codec in USUAL_VIDEO_CODECS:
        return video
    return replace(video, decodable=_decoded(path, "0:V:0", ffmpeg) is not None)  # a capital V skips cover art


def _tried_audio(audio: Audio, track: int, path: Path, ffmpeg: Ffmpeg) -> Audio:
    if audio.codec in USUAL_AUDIO_CODECS and audio.duration != 0:
        return audio
    seconds = _decoded(path, f"0:a:{track}", ffmpeg)
    return replace(audio, decodable=seconds is not None, empty=seconds == 0)


def _decoded(path: Path, stream: str, ffmpeg: Ffmpeg) -> float | None:
    """Decode the first frame of a stream; return its time in seconds, None if ffmpeg has no decoder for it.

    ffmpeg has no exit code for that: it exits as for any mistake in its arguments, and these arguments have no mistake.
    """
    arguments = [*ffmpeg.input_arguments(path), "-map", stream, f"-frames:{stream[2]}", "1", "-f", "null", "-"]
    try:
        return ffmpeg.run(arguments, duration=None, phase="checking the streams", share=(0, 0))
    except OperationFailed:
        return None
