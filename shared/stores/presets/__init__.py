"""The preset templates and orchestrations, as YAML files in this folder."""

from functools import cache
from importlib.resources import files
from typing import Any

from shared.domain.orchestration import DocumentOrigin, Orchestration, Template


@cache
def preset_templates() -> dict[str, Template]:
    """Return the preset templates by name."""
    return {fields["name"]: Template(kind=DocumentOrigin.PRESET, **fields) for fields in read_presets("templates.yaml")}


@cache
def preset_orchestrations() -> dict[str, Orchestration]:
    """Return the preset orchestrations by name. A stored one of the same name takes precedence."""
    return {
        fields["name"]: Orchestration(kind=DocumentOrigin.PRESET, **fields)
        for fields in read_presets("orchestrations.yaml")
    }


def read_presets(name: str) -> list[dict[str, Any]]:
    """Return the documents in one of the files."""
    import yaml  # noqa: PLC0415 - 50 ms of every cold start otherwise, and most never read a preset

    documents: list[dict[str, Any]] = yaml.safe_load(files(__name__).joinpath(name).read_text("utf-8"))
    return documents
