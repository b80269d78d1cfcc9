"""The DASH manifest of a stream: ISO/IEC 23009-1, on-demand profile, in which each file has its own index."""

from xml.etree import ElementTree as ET

from shared.operations.frame_rate import exact_rate
from shared.operations.streaming.cmaf import CmafTrack
from shared.operations.streaming.rendition import (
    CHANNELS,
    SAMPLE_RATE,
    AudioRendition,
    Stream,
    SubtitleRendition,
    VideoRendition,
)

MANIFEST = "manifest.mpd"
CHANNEL_SCHEME = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
ROLE_SCHEME = "urn:mpeg:dash:role:2011"
CAPTION_BANDWIDTH = 256  # bits per second; the standard requires a number, and text takes next to nothing


def build_manifest(stream: Stream) -> str:
    """Return the manifest; it names the files in the same folder."""
    root = ET.Element(
        "MPD",
        {
            "xmlns": "urn:mpeg:dash:schema:mpd:2011",
            "profiles": "urn:mpeg:dash:profile:isoff-on-demand:2011",
            "type": "static",
            "mediaPresentationDuration": f"PT{stream.seconds:.3f}S",
            "minBufferTime": f"PT{stream.segment_seconds}S",
        },
    )
    period = ET.SubElement(root, "Period", {"id": "0", "start": "PT0S"})
    if stream.videos:
        choice = _adaptation(period, "video", {"maxWidth": str(stream.videos[0].width)})
        for video in stream.videos:
            _video_rendition(choice, video)
    for number in dict.fromkeys(audio.number for audio in stream.audios):
        _audio_renditions(period, [audio for audio in stream.audios if audio.number == number])
    for caption in stream.captions:
        _caption(period, caption)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _adaptation(period: ET.Element, kind: str, attributes: dict[str, str | None]) -> ET.Element:
    """Return a set of renditions between which a player can switch at any segment."""
    known = {name: value for name, value in attributes.items() if value is not None}
    given = {"id": str(len(period)), "contentType": kind, **known}
    if kind != "text":
        given |= {"mimeType": f"{kind}/mp4", "subsegmentAlignment": "true", "subsegmentStartsWithSAP": "1"}
    return ET.SubElement(period, "AdaptationSet", given)


def _video_rendition(choice: ET.Element, video: VideoRendition) -> None:
    attributes = {"width": str(video.width), "height": str(video.height), "sar": "1:1"}
    if video.frame_rate:
        attributes["frameRate"] = exact_rate(video.frame_rate)
    _media(choice, video.name, video.file, video.track, attributes)


def _audio_renditions(period: ET.Element, audios: list[AudioRendition]) -> None:
    choice = _adaptation(period, "audio", {"lang": audios[0].language})
    ET.SubElement(choice, "Label").text = audios[0].label
    ET.SubElement(choice, "Role", {"schemeIdUri": ROLE_SCHEME, "value": "main" if audios[0].default else "alternate"})
    for audio in audios:
        made = _media(choice, audio.name, audio.file, audio.track, {"audioSamplingRate": str(SAMPLE_RATE)})
        channels = ET.Element("AudioChannelConfiguration", {"schemeIdUri": CHANNEL_SCHEME, "value": str(CHANNELS)})
        made.insert(0, channels)


def _media(choice: ET.Element, name: str, file: str, track: CmafTrack, attributes: dict[str, str]) -> ET.Element:
    given = {"id": name, "codecs": track.codecs, "bandwidth": str(track.peak), **attributes}
    representation = ET.SubElement(choice, "Representation", given)
    ET.SubElement(representation, "BaseURL").text = file
    base = ET.SubElement(representation, "SegmentBase", {"indexRange": "{}-{}".format(*track.index)})
    ET.SubElement(base, "Initialization", {"range": f"0-{track.header - 1}"})
    return representation


def _caption(period: ET.Element, caption: SubtitleRendition) -> None:
    choice = _adaptation(period, "text", {"mimeType": "text/vtt", "lang": caption.language})
    role = "forced-subtitle" if caption.forced else "subtitle"
    ET.SubElement(choice, "Label").text = caption.label
    ET.SubElement(choice, "Role", {"schemeIdUri": ROLE_SCHEME, "value": role})
    representation = ET.SubElement(choice, "Representation", {"id": caption.name, "bandwidth": str(CAPTION_BANDWIDTH)})
    ET.SubElement(representation, "BaseURL").text = caption.file
