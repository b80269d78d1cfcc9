"""The commit-msg hook: which titles it accepts, and what it says about the others."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra.commits.titles import find_title_faults, main, read_title

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "title",
    [
        "Keep the aspect of anamorphic video",
        "Fix …" + "x" * 67,  # 72 characters
        "Write ümlauts, too",
        'Revert "Keep the aspect of anamorphic video"',
        "fixup! keep the aspect.",
    ],
)
def test_a_good_title_passes(title: str) -> None:
    assert list(find_title_faults(title)) == []


@pytest.mark.parametrize(
    ("title", "fault"),
    [
        ("Fix " + "x" * 69, "has 73 characters"),
        ("Fix the aspect.", "ends with a period"),
        ("fix the aspect", "does not begin with a capital letter"),
        ("'Fix' the aspect", "does not begin with a capital letter"),
        ("", "has no title"),
    ],
)
def test_a_bad_title_is_refused_for_its_one_fault(title: str, fault: str) -> None:
    [said] = find_title_faults(title)

    assert fault in said


def test_every_fault_of_a_title_is_named() -> None:
    assert len(list(find_title_faults("x" * 80 + "."))) == 3


def test_the_title_is_the_first_line_that_git_keeps() -> None:
    assert read_title("\n# Please enter the message\n\nFix it  \n\nBecause.\n") == "Fix it"
    assert read_title("# nothing\n") == ""


def test_the_hook_prints_the_faults_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    message = tmp_path / "COMMIT_EDITMSG"
    monkeypatch.setattr(sys, "argv", ["titles", str(message)])

    message.write_text("fix it.\n", encoding="utf-8")
    assert main() == 1
    assert capsys.readouterr().out.count("\n") == 2

    message.write_text("Fix it\n\nA body may be as long as it likes, and it ends with a period.\n", encoding="utf-8")
    assert main() == 0
    assert capsys.readouterr().out == ""


def test_pre_commit_runs_the_hook_on_each_message(tmp_path: Path) -> None:
    hooks = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    [hook] = [hook for hook in hooks if hook.get("stages") == ["commit-msg"]]
    message = tmp_path / "COMMIT_EDITMSG"
    message.write_text("fix it\n", encoding="utf-8")

    program, *arguments = hook["entry"].split()
    done = subprocess.run(
        [sys.executable, *arguments, str(message)], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert program == ".venv/bin/python"
    assert (done.returncode, "capital letter" in done.stdout) == (1, True)
