"""The HLS playlists of a stream: RFC 8216, with byte ranges (version 4) and MP4 files (version 7)."""

import math
from collections.abc import Iterator

from shared.operations.streaming.cmaf import CmafTrack
from shared.operations.streaming.rendition import AudioRendition, Stream, SubtitleRendition, VideoRendition

MASTER = "master.m3u8"
HEAD = ("#EXTM3U", "#EXT-X-VERSION:7")


def build_master_playlist(stream: Stream) -> str:
    """Return the playlist that names all others, which are in the same folder."""
    lines = [*HEAD, "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += [_audio_rendition(audio) for audio in stream.audios if _is_choice(audio, stream)]
    lines += [_caption(caption) for caption in stream.captions]
    for place, video in enumerate(stream.videos):
        # With two audio bit rates, the better half of the videos gets the higher one, and so on.
        bitrates = stream.bitrates
        bitrate = bitrates[place * len(bitrates) // len(stream.videos)] if bitrates else None
        lines += _variant(stream, video, bitrate)
    if not stream.videos:
        for bitrate in stream.bitrates:
            lines += _variant(stream, None, bitrate)
    return _text(lines)


def _is_choice(audio: AudioRendition, stream: Stream) -> bool:
    """Whether the audio is selected by a viewer or with a video; otherwise it is the only one, and its own variant."""
    return bool(stream.videos) or len(stream.audios_at(audio.bitrate)) > 1


def _audio_rendition(audio: AudioRendition) -> str:
    return _tag(
        "#EXT-X-MEDIA:TYPE=AUDIO",
        f'GROUP-ID="audio-{audio.bitrate}k"',
        f'NAME="{audio.label}"',
        audio.language and f'LANGUAGE="{audio.language}"',
        f"DEFAULT={_yes(audio.default)}",
        "AUTOSELECT=YES",
        'CHANNELS="2"',
        f'URI="{audio.name}.m3u8"',
    )


def _caption(caption: SubtitleRendition) -> str:
    return _tag(
        "#EXT-X-MEDIA:TYPE=SUBTITLES",
        'GROUP-ID="subtitles"',
        f'NAME="{caption.label}"',
        caption.language and f'LANGUAGE="{caption.language}"',
        "DEFAULT=NO",
        "AUTOSELECT=YES",
        f"FORCED={_yes(caption.forced)}",
        f'URI="{caption.name}.m3u8"',
    )


def _variant(stream: Stream, video: VideoRendition | None, bitrate: int | None) -> Iterator[str]:
    """Yield one variant for a player to select: a video with its audio tracks, or audio alone."""
    audios = stream.audios_at(bitrate) if bitrate else ()
    heaviest = max(audios, key=lambda audio: audio.track.peak, default=None)
    tracks = [made.track for made in (video, heaviest) if made]
    codecs = ",".join(track.codecs for track in tracks)
    rate = video.frame_rate if video else None
    yield _tag(
        f"#EXT-X-STREAM-INF:BANDWIDTH={sum(track.peak for track in tracks)}",
        f"AVERAGE-BANDWIDTH={sum(track.average for track in tracks)}",
        f'CODECS="{codecs}"',
        f"RESOLUTION={video.width}x{video.height}" if video else None,
        f"FRAME-RATE={rate:.3f}" if rate else None,
        "VIDEO-RANGE=SDR" if video else None,
        f'AUDIO="audio-{bitrate}k"' if audios and _is_choice(audios[0], stream) else None,
        'SUBTITLES="subtitles"' if stream.captions else None,
        "CLOSED-CAPTIONS=NONE" if video else None,
    )
    chosen = video or next((audio for audio in audios if audio.default), audios[0])
    yield f"{chosen.name}.m3u8"


def build_media_playlist(track: CmafTrack, file: str, key: str | None = None) -> str:
    """Return the playlist of one media file; `key` is the file with the key of its segments."""
    lines = [
        *_head(max(segment.seconds for segment in track.segments)),
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{file}",BYTERANGE="{track.header}@0"',
    ]
    if key:
        # After the map, which therefore stays in clear. Without an IV, the segment's number is the IV.
        lines.append(f'#EXT-X-KEY:METHOD=AES-128,URI="{key}"')
    for segment in track.segments:
        lines += [f"#EXTINF:{segment.seconds:.6f},", f"#EXT-X-BYTERANGE:{segment.size}@{segment.start}", file]
    return _text([*lines, "#EXT-X-ENDLIST"])


def build_caption_playlist(caption: SubtitleRendition, seconds: float) -> str:
    """Return the playlist of subtitles: one segment, as long as the stream."""
    return _text([*_head(seconds), f"#EXTINF:{seconds:.6f},", caption.file, "#EXT-X-ENDLIST"])


def _head(longest: float) -> tuple[str, ...]:
    # The rounded length of a segment must not exceed the target.
    target = max(1, math.floor(longest + 0.5))
    return (
        *HEAD,
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    )


def _tag(*attributes: str | None) -> str:
    return ",".join(attribute for attribute in attributes if attribute)


def _yes(value: bool) -> str:  # noqa: FBT001 - what it says in HLS
    return "YES" if value else "NO"


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
