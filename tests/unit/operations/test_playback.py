"""Streams as players get them: each file name becomes a link."""

from shared.operations.streaming.playback import link_dash, link_hls, link_vtt


def test_a_playlist_s_file_names_are_replaced_and_nothing_else() -> None:
    text = '#EXTM3U\n#EXT-X-MAP:URI="a.mp4",BYTERANGE="9@0"\n#EXTINF:4,a.mp4\na.mp4\n\n#EXT-X-ENDLIST\n'

    assert link_hls(text, str.upper) == (
        '#EXTM3U\n#EXT-X-MAP:URI="A.MP4",BYTERANGE="9@0"\n#EXTINF:4,a.mp4\nA.MP4\n\n#EXT-X-ENDLIST\n'
    )


def test_a_link_in_a_manifest_keeps_its_ampersands() -> None:
    text = "<BaseURL>a&amp;b.mp4</BaseURL><Label>a.mp4</Label>"

    assert link_dash(text, lambda uri: f"https://x/{uri}?a&b") == (
        "<BaseURL>https://x/a&amp;b.mp4?a&amp;b</BaseURL><Label>a.mp4</Label>"
    )


def test_cues_that_show_an_area_of_an_image_are_replaced_and_no_others() -> None:
    cues = ["00:00.000 --> 00:05.000\r\nsprite 1.jpg#xywh=0,0,160,90", "00:05.000 --> 00:06.000\r\nwe are #1"]
    text = "\r\n\r\n".join(["WEBVTT", *cues, ""])

    assert link_vtt(text, str.upper) == text.replace("sprite 1.jpg", "SPRITE 1.JPG")
