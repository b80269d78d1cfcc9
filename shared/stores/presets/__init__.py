"""The preset templates and orchestrations, as YAML files in this folder."""

from functools import cache
from importlib.resources import files
from typing import Any

from shared.domain.orchestration import Kind, Orchestration, Template


@cache
def preset_templates() -> dict[str, Template]:
    """Return the preset templates, by name."""
    return {fields["name"]: Template(kind=Kind.PRESET, **fields) for fields in read_preset("templates.yaml")}


@cache
def preset_orchestrations() -> dict[str, Orchestration]:
    """Return the preset orchestrations, by name; a stored one of the same name overrides a preset."""
    return {fields["name"]: Orchestration(kind=Kind.PRESET, **fields) for fields in read_preset("orchestrations.yaml")}


def read_preset(name: str) -> list[dict[str, Any]]:
    """Return the list in one of the files."""
    import yaml  # noqa: PLC0415 - 50 ms of every cold start otherwise, and most never read a preset

    documents: list[dict[str, Any]] = yaml.safe_load(files(__name__).joinpath(name).read_text("utf-8"))
    return documents
