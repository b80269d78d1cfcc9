"""The process that MediaInfo runs in: what it may not do, and what becomes of files that it breaks on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import Interrupted, LimitExceeded, MediaRejected, WorkerFailed
from shared.media import mediainfo, mediainfo_process
from tests.support.clips import Clips

Pretend = Callable[[str], None]
BEGIN = (
    "import json, os, resource, signal, sys\ndef say(title): print(json.dumps([{'kind': 'General', 'title': title}]))\n"
)


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Lend a way to let another script do MediaInfo's part."""

    def pretend(script: str) -> None:
        path = tmp_path / "script.py"
        path.write_text(BEGIN + script)
        monkeypatch.setattr(mediainfo_process, "__file__", str(path))

    return pretend


def test_it_finds_the_same_under_every_name(clip: Clips, tmp_path: Path) -> None:
    odd = tmp_path / "-i; %03d\n.mp4"
    odd.write_bytes(clip("plain.mp4").read_bytes())

    found = mediainfo.read_tracks(odd, "odd")

    assert [track.kind for track in found] == ["General", "Video", "Audio"]
    assert "%03d" not in str(found)


def test_its_environment_is_empty(pretend: Pretend, clip: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "in-here")
    pretend("say(str(sorted(os.environ)))")

    (general,) = mediainfo.read_tracks(clip("plain.mp4"), "plain.mp4")

    assert general.title is not None
    assert "AWS" not in general.title


@pytest.mark.parametrize("deed", ["open('/etc/passwd')", "__import__('socket').socket()", "os.pipe()"])
def test_its_limits_let_it_open_neither_files_nor_connections(pretend: Pretend, clip: Clips, deed: str) -> None:
    limits = {int(limit): most for limit, most in mediainfo_process.LIMITS.items()}
    pretend(
        f"import socket\nfor limit, most in {limits}.items(): resource.setrlimit(limit, most)\n"
        f"try:\n    {deed}\n    done = 'yes'\nexcept OSError as error:\n    done = error.errno\n"
        "say(str(done))"
    )

    (general,) = mediainfo.read_tracks(clip("plain.mp4"), "plain.mp4")

    assert general.title == "24", "EMFILE"


@pytest.mark.parametrize(
    ("script", "kind", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", MediaRejected, "SourceFileError.Unreadable"),
        ("os.abort()", MediaRejected, "SourceFileError.Unreadable"),
        (f"sys.exit({mediainfo_process.TOO_MUCH})", MediaRejected, "SourceFileError.Unreadable"),
        ("print('[{')", MediaRejected, "SourceFileError.Unreadable"),
        ("print('[]')", MediaRejected, "SourceFileError.Unreadable"),
        ("print(json.dumps([{'kind': 'Video'}]))", MediaRejected, "SourceFileError.Unreadable"),
        ("print(json.dumps([{'kind': 'General', 'unasked': ''}]))", MediaRejected, "SourceFileError.Unreadable"),
        ("pass", MediaRejected, "SourceFileError.Unreadable"),
        ("resource.setrlimit(resource.RLIMIT_CPU, (0, 5))\nwhile True: pass", LimitExceeded, "LimitError.Time"),
        ("os.kill(os.getpid(), signal.SIGKILL)", WorkerFailed, "InternalError.Killed"),
    ],
)
def test_each_way_to_fail_has_its_error(
    pretend: Pretend, clip: Clips, script: str, kind: type[Exception], code: str
) -> None:
    pretend(script)

    with pytest.raises(kind) as caught:
        mediainfo.read_tracks(clip("plain.mp4"), "plain.mp4")

    assert getattr(caught.value, "code", None) == code


def test_one_that_gets_no_cpu_time_is_ended_and_the_file_is_not_blamed(
    pretend: Pretend, clip: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mediainfo, "WALL_SECONDS", 0.2)
    pretend("signal.pause()")

    with pytest.raises(Interrupted, match="the machine is overloaded") as caught:
        mediainfo.read_tracks(clip("plain.mp4"), "plain.mp4")

    assert caught.value.code == "InternalError.Overloaded"


def test_a_fault_of_the_deployment_is_not_blamed_on_the_file(clip: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mediainfo, "_library", lambda: "/nowhere/libmediainfo.so.0")

    with pytest.raises(Exception, match="non-zero exit status 1") as caught:
        mediainfo.read_tracks(clip("plain.mp4"), "plain.mp4")

    assert not isinstance(caught.value, MediaRejected)


def test_a_title_may_contain_any_character(pretend: Pretend, clip: Clips) -> None:
    title = "a" + "".join(map(chr, range(1, 32))) + "\ufffe\ud800" + "b"
    pretend(f"say({title!r})")

    (general,) = mediainfo.read_tracks(clip("plain.mp4"), "plain.mp4")

    assert general.title == title


def test_what_goes_wrong_once_mediainfo_is_loaded_is_the_medias_fault(
    tmp_path: Path, clip: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mediainfo_process.py"
    code = Path(mediainfo_process.__file__).read_text()
    path.write_text(code.replace("def _feed(", "def _feed(*_): raise ValueError('no such character')\ndef _unused("))
    monkeypatch.setattr(mediainfo_process, "__file__", str(path))

    with pytest.raises(MediaRejected) as caught:
        mediainfo.read_tracks(clip("plain.mp4"), "plain.mp4")

    assert caught.value.code == "SourceFileError.Unreadable"
