"""A stream as HLS lists it: RFC 8216, with the byte ranges of its version 4 and the MP4 files of its version 7."""

import math
from collections.abc import Iterator

from shared.operations.streaming.cmaf import Track
from shared.operations.streaming.rendition import Caption, Picture, Sound, Stream

CONTENT_TYPE = "application/vnd.apple.mpegurl"
MASTER = "master.m3u8"
HEAD = ("#EXTM3U", "#EXT-X-VERSION:7")


def master(stream: Stream) -> str:
    """Return the playlist that names all others, which lie beside it."""
    lines = [*HEAD, "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += [_sound(sound) for sound in stream.sounds if _is_choice(sound, stream)]
    lines += [_caption(caption) for caption in stream.captions]
    for place, picture in enumerate(stream.pictures):
        # The better half of the pictures takes the better of two sounds, and so on.
        bitrates = stream.bitrates
        bitrate = bitrates[place * len(bitrates) // len(stream.pictures)] if bitrates else None
        lines += _variant(stream, picture, bitrate)
    if not stream.pictures:
        for bitrate in stream.bitrates:
            lines += _variant(stream, None, bitrate)
    return _text(lines)


def _is_choice(sound: Sound, stream: Stream) -> bool:
    """Whether a viewer or a picture chooses the sound; else it is all that there is, and its own variant."""
    return bool(stream.pictures) or len(stream.sounds_at(sound.bitrate)) > 1


def _sound(sound: Sound) -> str:
    return _tag(
        "#EXT-X-MEDIA:TYPE=AUDIO",
        f'GROUP-ID="audio-{sound.bitrate}k"',
        f'NAME="{sound.label}"',
        sound.language and f'LANGUAGE="{sound.language}"',
        f"DEFAULT={_yes(sound.default)}",
        "AUTOSELECT=YES",
        'CHANNELS="2"',
        f'URI="{sound.name}.m3u8"',
    )


def _caption(caption: Caption) -> str:
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


def _variant(stream: Stream, picture: Picture | None, bitrate: int | None) -> Iterator[str]:
    """Yield what a player chooses by its line: a picture, the sounds that go with it, or a sound alone."""
    sounds = stream.sounds_at(bitrate) if bitrate else ()
    heaviest = max(sounds, key=lambda sound: sound.track.peak, default=None)
    tracks = [made.track for made in (picture, heaviest) if made]
    codecs = ",".join(track.codecs for track in tracks)
    rate = picture.frame_rate if picture else None
    yield _tag(
        f"#EXT-X-STREAM-INF:BANDWIDTH={sum(track.peak for track in tracks)}",
        f"AVERAGE-BANDWIDTH={sum(track.average for track in tracks)}",
        f'CODECS="{codecs}"',
        f"RESOLUTION={picture.width}x{picture.height}" if picture else None,
        f"FRAME-RATE={rate:.3f}" if rate else None,
        "VIDEO-RANGE=SDR" if picture else None,
        f'AUDIO="audio-{bitrate}k"' if sounds and _is_choice(sounds[0], stream) else None,
        'SUBTITLES="subtitles"' if stream.captions else None,
        "CLOSED-CAPTIONS=NONE" if picture else None,
    )
    chosen = picture or next((sound for sound in sounds if sound.default), sounds[0])
    yield f"{chosen.name}.m3u8"


def media(track: Track, file: str, key: str | None = None) -> str:
    """Return the playlist of one media file; `key` is the file of the key that its segments are encrypted with."""
    lines = [
        *_head(max(segment.seconds for segment in track.segments)),
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{file}",BYTERANGE="{track.header}@0"',
    ]
    if key:
        # After the map, which it therefore leaves in clear. Without an IV, a segment's number is it.
        lines.append(f'#EXT-X-KEY:METHOD=AES-128,URI="{key}"')
    for segment in track.segments:
        lines += [f"#EXTINF:{segment.seconds:.6f},", f"#EXT-X-BYTERANGE:{segment.size}@{segment.start}", file]
    return _text([*lines, "#EXT-X-ENDLIST"])


def captions(caption: Caption, seconds: float) -> str:
    """Return the playlist of subtitles: one segment, as long as the stream."""
    return _text([*_head(seconds), f"#EXTINF:{seconds:.6f},", caption.file, "#EXT-X-ENDLIST"])


def _head(longest: float) -> tuple[str, ...]:
    # No segment's length, rounded, may exceed the target.
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
