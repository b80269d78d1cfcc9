"""The API plays streams: in each playlist, every file name becomes a link, and nothing else changes."""

import gzip
import re
from base64 import b64decode
from typing import Any
from urllib.parse import quote

import m3u8
import pytest
import requests

from shared.services import Services
from shared.use_cases import playback
from tests.functions.api_tasks import COVER, ODD, a_task, fetched, query, worked
from tests.support.deployment import made_once
from tests.support.functions import Answer, Api
from tests.support.outages import calls

TINY = {"ladder": [{"height": 90, "bitrate": 100}], "speed": "fastest", "segmentSeconds": 1}
WEB = {"name": "web", "type": "STREAM", "params": TINY}
LOCKED = {"name": "locked", "type": "STREAM", "params": {**TINY, "encryption": "aes-128"}}
SPRITE = {
    "name": "sprite",
    "type": "SPRITE",
    "params": {"every": 0.2, "columns": 2, "rows": 1, "width": 32, "height": 18},
}
VIDEO, AUDIO = "video-90p-100k", "audio-1-128k"


@pytest.fixture
def done(api: Api, services: Services, blink: bytes) -> dict[str, Any]:
    """A task with a stream, a locked stream, an image, and a sheet of images."""
    subtasks = [WEB, LOCKED, COVER, SPRITE]
    return made_once("streams", lambda: worked(api, services, a_task(api, key=ODD, content=blink, subtasks=subtasks)))


def played(api: Api, task: dict[str, Any], path: str, no: int = 1, **asked: Any) -> Answer:  # noqa: ANN401
    return api.get(f"/tasks/{task['taskId']}/subtasks/{no}/play/{path}", **asked)


def playlist(api: Api, task: dict[str, Any], path: str, no: int = 1, **asked: Any) -> Any:  # noqa: ANN401
    answer = played(api, task, path, no, **asked)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/vnd.apple.mpegurl")
    assert answer.headers["cache-control"] == "no-store"
    return m3u8.loads(answer.text)


def keys_of(api: Api, task: dict[str, Any], no: int = 1) -> dict[str, str]:
    """Return the links of a subtask's files by their names, without their signatures."""
    outputs = api.get(f"/tasks/{task['taskId']}/subtasks/{no}/outputs").json["outputs"]
    return {output["fileName"]: output["url"].partition("?")[0] for output in outputs}


def test_a_master_playlist_names_the_playlists_of_the_same_run(api: Api, done: dict[str, Any]) -> None:
    master = playlist(api, done, "master.m3u8")

    assert done["outcome"] == "SUCCEEDED"
    assert [line.uri for line in master.playlists] == [f"{VIDEO}.m3u8?run=1"]
    assert [one.uri for one in master.media] == [f"{AUDIO}.m3u8?run=1"]


@pytest.mark.parametrize("name", [VIDEO, AUDIO])
def test_every_segment_of_a_playlist_is_a_link_that_works_for_as_long_as_a_film(
    api: Api, done: dict[str, Any], name: str
) -> None:
    found = playlist(api, done, f"{name}.m3u8", run=1)

    (link,) = {segment.uri for segment in found.segments} | {found.segment_map[0].uri}
    size, start = map(int, found.segments[0].byterange.split("@"))
    part = requests.get(link, headers={"Range": f"bytes={start}-{start + size - 1}"}, timeout=10)
    assert link.partition("?")[0] == keys_of(api, done)[f"{name}.mp4"]
    assert query(link)["X-Amz-Expires"] == str(6 * 3600)
    assert query(link)["response-content-type"] == f"{name.partition('-')[0]}/mp4"
    assert (part.status_code, len(part.content), part.content[4:8]) == (206, size, b"moof")


def test_a_manifests_files_are_links(api: Api, done: dict[str, Any]) -> None:
    answer = played(api, done, "manifest.mpd")

    links = [link.replace("&amp;", "&") for link in re.findall("<BaseURL>(.*)</BaseURL>", answer.text)]
    assert (answer.status, answer.headers["content-type"]) == (200, "application/dash+xml")
    assert [link.partition("?")[0] for link in links] == [keys_of(api, done)[f"{name}.mp4"] for name in (VIDEO, AUDIO)]
    assert all(fetched(link)[4:8] == b"ftyp" for link in links)


def test_a_sprites_cues_show_areas_of_links_to_its_sheets(api: Api, done: dict[str, Any]) -> None:
    answer = played(api, done, "sprite.vtt", 4)

    links = [line.partition("#xywh=") for line in answer.text.splitlines() if "#xywh=" in line]
    sheets = {link for name, link in keys_of(api, done, 4).items() if name != "sprite.vtt"}
    assert (answer.status, answer.headers["content-type"]) == (200, "text/vtt")
    assert answer.text.startswith("WEBVTT")
    assert {link.partition("?")[0] for link, _, _ in links} == sheets
    assert [place for _, _, place in links][:3] == ["0,0,32,18", "32,0,32,18", "0,0,32,18"]
    assert fetched(links[0][0])[:3] == b"\xff\xd8\xff"


def test_any_other_file_is_a_redirect(api: Api, done: dict[str, Any]) -> None:
    answer = played(api, done, f"{VIDEO}.mp4")

    assert (answer.status, answer.text) == (302, "")
    assert answer.headers["location"].partition("?")[0] == keys_of(api, done)[f"{VIDEO}.mp4"]
    assert query(answer.headers["location"])["X-Amz-Expires"] == str(6 * 3600)


@pytest.mark.parametrize(("path", "no"), [("sprite.vtt", 4), ("stream.key", 2)])
def test_a_file_that_is_too_large_for_a_response_is_a_redirect(
    api: Api, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch, path: str, no: int
) -> None:
    monkeypatch.setattr(playback, "MAX_LIST_BYTES", 10)

    with calls() as made:
        answer = played(api, done, path, no)

    assert (answer.status, answer.text) == (302, "")
    assert answer.headers["location"].partition("?")[0] == keys_of(api, done, no)[path]
    assert "GetObject" not in made


@pytest.mark.parametrize("path", ["master.m3u8", "manifest.mpd"])
def test_a_playlist_that_is_too_large_for_a_response_is_rejected(
    api: Api, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(playback, "MAX_LIST_BYTES", 10)

    with calls() as made:
        answer = played(api, done, path)

    assert answer.code == "409 TooLargeToPlay"
    assert "GetObject" not in made


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
def test_a_key_is_returned_to_the_caller_and_never_linked(api: Api, done: dict[str, Any], accepted: str) -> None:
    found = playlist(api, done, f"{VIDEO}.m3u8", 2)
    (key,) = {line.uri for line in found.keys if line}

    path = f"/tasks/{done['taskId']}/subtasks/2/play/stream.key"
    answer = api.ask("GET", path, event_says={"headers": {"accept-encoding": accepted}})

    assert key == "stream.key?run=1"
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    outputs = api.get(f"/tasks/{done['taskId']}/subtasks/2/outputs").json["outputs"]
    assert b64decode(answer.text) == fetched(outputs[-1]["url"])
    assert len(b64decode(answer.text)) == 16


def test_a_path_outside_the_subtasks_files_is_not_found(api: Api, done: dict[str, Any]) -> None:
    theirs = [*keys_of(api, done, 3), "stream.key", "sprite.vtt"]
    odd = ["../master.m3u8", "%2e%2e/master.m3u8", "x/../master.m3u8", "/master.m3u8", f"{VIDEO}.mp4/..", "a.m3u8"]

    answers = {path: played(api, done, path).code for path in (*theirs, *odd)}

    assert answers == dict.fromkeys(answers, "404 OutputNotFound")


def test_a_file_is_found_by_its_percent_encoded_name(api: Api, done: dict[str, Any]) -> None:
    (name,) = keys_of(api, done, 3)

    assert played(api, done, name, 3).status == 302
    assert played(api, done, quote(name), 3).status == 302


def test_a_subtask_that_has_not_succeeded_plays_nothing(api: Api) -> None:
    assert played(api, a_task(api, subtasks=[WEB]), "master.m3u8").code == "409 NoOutputs"


def test_a_stream_of_an_earlier_run_keeps_playing_during_the_next_run(api: Api, done: dict[str, Any]) -> None:
    api.post(f"/tasks/{done['taskId']}/restart")

    master = playlist(api, done, "master.m3u8", run=1)

    path, _, asked = master.playlists[0].uri.partition("?run=")
    assert asked == "1"
    assert playlist(api, done, path, run=1).segments
    assert played(api, done, "master.m3u8").code == "409 NoOutputs"


def test_a_playlist_is_compressed_if_the_player_accepts_it(api: Api, done: dict[str, Any]) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/1/play/{VIDEO}.m3u8"

    answer = api.ask("GET", path, event_says={"headers": {"accept-encoding": "gzip, br"}})

    text = gzip.decompress(b64decode(answer.text)).decode()
    assert answer.headers["content-encoding"] == "gzip"
    assert len(m3u8.loads(text).segments) == len(playlist(api, done, f"{VIDEO}.m3u8").segments)
