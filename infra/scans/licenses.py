"""The licenses of all dependencies that Reelmill ships or requires: Python packages and the console's packages."""

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "ISC", "MIT", "MIT-0"),
        *("MIT-CMU", "MPL-2.0", "OFL-1.1", "PSF-2.0", "Unlicense", "Zlib"),
    }
)
# Packages under another license, or without a short name of theirs in their metadata. NOTICE has the consequences.
EXCEPTIONS: Mapping[str, tuple[str, str]] = {
    "python-bidi": (
        "LGPL-3.0-only",
        "imported unchanged and replaceable, which is all that the LGPL requires of its users",
    ),
}
# The names that packages use for licenses, and the short names of SPDX.
SPELLINGS: Mapping[str, str] = {
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mit no attribution license (mit-0)": "MIT-0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "public domain": "CC0-1.0",
    "python software foundation license": "PSF-2.0",
}
VAGUE = frozenset({"OSI Approved"})
ELSEWHERE = "for another platform"


@dataclass(frozen=True, order=True)
class Package:
    """A package, and its license as an SPDX expression."""

    registry: str
    name: str
    version: str
    license: str

    @property
    def is_allowed(self) -> bool:
        """Whether Reelmill may depend on it."""
        return self.license == ELSEWHERE or self.name in EXCEPTIONS or is_permitted(self.license)


def is_permitted(expression: str) -> bool:
    """Whether an SPDX expression can be satisfied with allowed licenses only."""
    every = re.split(r"\s+AND\s+", expression.replace("(", " ").replace(")", " ").strip())
    return all(any(each.strip() in ALLOWED for each in re.split(r"\s+OR\s+", one)) for one in every)


def python_packages() -> Iterator[Package]:
    """Yield the locked packages of Reelmill and its extras, without those that only development needs."""
    packages = tomllib.loads((PROJECT / "uv.lock").read_text())["package"]
    named: dict[str, list[dict[str, Any]]] = {}
    for package in packages:
        named.setdefault(package["name"], []).append(package)
    wanted, seen = ["reelmill"], set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        for package in named[name]:
            extras = package.get("optional-dependencies", {}).values()
            needed = [*package.get("dependencies", ()), *(one for extra in extras for one in extra)]
            wanted += [each["name"] for each in needed]
            if name != "reelmill":
                yield Package("PyPI", name, package["version"], python_license(name))


def python_license(name: str) -> str:
    """Return the license in the metadata of an installed package."""
    if name in EXCEPTIONS:
        return EXCEPTIONS[name][0]
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return ELSEWHERE
    for expression in found.get_all("License-Expression", []):
        return str(expression)
    classified = [line.rpartition(" :: ")[2] for line in found.get_all("Classifier", []) if line.startswith("License")]
    words = [word for word in classified if word not in VAGUE] or [
        str(text).strip().partition("\n")[0] for text in found.get_all("License", [])
    ]
    # If a package names several, it does not say whether users may choose: all must be allowed.
    return " AND ".join(dict.fromkeys(SPELLINGS.get(word.lower(), word) for word in words))


def console_packages() -> Iterator[Package]:
    """Yield the locked packages whose code is part of the console's pages."""
    lock = json.loads((PROJECT / "console" / "package-lock.json").read_text())
    for place, package in lock["packages"].items():
        if place and not package.get("dev"):
            name = place.rpartition("node_modules/")[2]
            yield Package("npm", name, package["version"], package.get("license", "unknown"))


def main(folder: Path) -> int:
    """Write the list, and add the licenses to the bill of materials of the Python packages; return the exit code."""
    packages = sorted({*python_packages(), *console_packages()})
    rows = [f"| {p.registry} | {p.name} | {p.version} | {p.license} |" for p in packages]
    listing = ["| registry | package | version | license |", "|---|---|---|---|", *rows]
    (folder / "licenses.md").write_text("\n".join(listing) + "\n")
    bill = folder / "python.cdx.json"
    document = json.loads(bill.read_text())
    licenses = {package.name: package.license for package in packages if package.registry == "PyPI"}
    for component in document["components"]:
        expression = licenses.get(component["name"], ELSEWHERE)
        if expression != ELSEWHERE:
            component["licenses"] = [{"expression": expression}]
    bill.write_text(json.dumps(document, indent=1) + "\n")
    refused = [package for package in packages if not package.is_allowed]
    for package in refused:
        print(f"{package.name} {package.version} has the license {package.license}, which {__file__} does not allow")
    print(f"{len(packages)} packages in {folder}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
