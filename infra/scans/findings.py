"""Judges what the scanners found: each finding has its reason in findings.yaml, and each reason its finding."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

EXPLAINED = Path(__file__).with_name("findings.yaml")


@dataclass(frozen=True, order=True)
class Finding:
    """A check that failed: in which form of the template or which file, and on which resource."""

    check: str
    where: str
    what: str = ""

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.check} in {self.where}" + (f" on {self.what}" if self.what else "")


def of_checkov(report: Path) -> Iterator[Finding]:
    """Yield what checkov found."""
    for failed in json.loads(report.read_text())["results"]["failed_checks"]:
        yield Finding(failed["check_id"], Path(failed["file_path"]).stem, failed["resource"].rpartition(".")[2])


def of_bandit(report: Path) -> Iterator[Finding]:
    """Yield what bandit found."""
    for found in json.loads(report.read_text())["results"]:
        yield Finding(found["test_id"], found["filename"].removeprefix("./"))


def explained() -> set[Finding]:
    """Return the findings that have a reason."""
    return {
        Finding(entry["check"], where, what)
        for entry in yaml.safe_load(EXPLAINED.read_text())
        if entry["reason"].strip()
        for where in entry["where"]
        for what in entry.get("what", [""])
    }


def main(folder: Path) -> int:
    """Print what is amiss; return the exit code."""
    found = {*of_checkov(folder / "checkov.json"), *of_bandit(folder / "bandit.json")}
    known = explained()
    for finding in sorted(found - known):
        print(f"{finding}: mend it, or give the reason why it stays in {EXPLAINED.name}")
    for finding in sorted(known - found):
        print(f"{finding}: nothing of the kind is found any more; take it out of {EXPLAINED.name}")
    print(f"{len(found)} findings of checkov and bandit, {len(found - known)} without a reason")
    return 1 if found != known else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
