"""Checks the scanners' findings: findings.yaml has a reason for each finding, and no reason without a finding."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

REASONS = Path(__file__).with_name("findings.yaml")


@dataclass(frozen=True, order=True)
class ScannerFinding:
    """A failed check: the form of the template or the file, and the resource."""

    check: str
    where: str
    what: str = ""

    def __str__(self) -> str:
        """Return the finding as a line."""
        return f"{self.check} in {self.where}" + (f" on {self.what}" if self.what else "")


def read_checkov(report: Path) -> Iterator[ScannerFinding]:
    """Yield the findings of checkov."""
    for failed in json.loads(report.read_text())["results"]["failed_checks"]:
        yield ScannerFinding(failed["check_id"], Path(failed["file_path"]).stem, failed["resource"].rpartition(".")[2])


def read_bandit(report: Path) -> Iterator[ScannerFinding]:
    """Yield the findings of bandit."""
    for found in json.loads(report.read_text())["results"]:
        yield ScannerFinding(found["test_id"], found["filename"].removeprefix("./"))


def explained_findings() -> set[ScannerFinding]:
    """Return the findings that have a reason."""
    return {
        ScannerFinding(entry["check"], where, what)
        for entry in yaml.safe_load(REASONS.read_text())
        if entry["reason"].strip()
        for where in entry["where"]
        for what in entry.get("what", [""])
    }


def main(folder: Path) -> int:
    """Print findings without a reason and reasons without a finding; return the exit code."""
    found = {*read_checkov(folder / "checkov.json"), *read_bandit(folder / "bandit.json")}
    known = explained_findings()
    for finding in sorted(found - known):
        print(f"{finding}: fix it, or add the reason to keep it to {REASONS.name}")
    for finding in sorted(known - found):
        print(f"{finding}: it is no longer found; remove it from {REASONS.name}")
    print(f"{len(found)} findings of checkov and bandit, {len(found - known)} without a reason")
    return 1 if found != known else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
