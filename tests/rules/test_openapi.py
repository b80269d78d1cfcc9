"""The OpenAPI document as client generators and `/docs` need it: the rules of Spectral's set `oas`, and some of ours.

Spectral itself would add 242 packages of 68 MB to what every checkout installs.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from functions.task_api.handler import openapi_document

DOCUMENT: dict[str, Any] = json.loads(openapi_document())
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
VERBS = {"GET": r"get|list|download|play|check", "PUT": "store", "DELETE": "delete"}


def parts(value: object, place: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each object of the document with its place."""
    if isinstance(value, dict):
        yield place, value
        for name, part in value.items():
            yield from parts(part, f"{place}/{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from parts(part, f"{place}/{number}")


def resolved(reference: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what a reference refers to."""
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_the_document_says_what_it_describes() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["title"]
    assert DOCUMENT["info"]["description"]
    assert DOCUMENT["info"]["license"]["identifier"] == "Apache-2.0"
    assert [server["url"] for server in DOCUMENT["servers"]] == ["."]
    assert not [path for path in DOCUMENT["paths"] if path.endswith("/") or "?" in path]


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_has_an_id_in_plain_words_a_summary_a_description_and_a_tag(name: str) -> None:
    operation, method = OPERATIONS[name], name.partition(" ")[0]

    assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", operation["operationId"])
    assert re.match(VERBS.get(method, "(?!get|post|put)"), operation["operationId"])
    assert operation["summary"]
    assert not operation["summary"].endswith(".")
    assert operation["description"].rstrip("`.")
    (tag,) = operation["tags"]
    assert tag in {known["name"] for known in DOCUMENT["tags"] if known["description"]}


def test_an_operation_id_names_one_operation() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]

    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_has_a_success_and_lists_its_errors(name: str) -> None:
    operation, (method, _, path) = OPERATIONS[name], name.partition(" ")
    statuses = set(operation["responses"])

    assert statuses & {"200", "201", "204", "302"}
    assert {"400", "429", "500", "503", "default"} <= statuses
    assert ({"401", "403"} <= statuses) == (path != "/health")
    assert ({"413", "415"} <= statuses) == (method in {"POST", "PUT"})
    assert "{" not in path or {"404", "409"} <= statuses
    for response in operation["responses"].values():
        assert (resolved(response["$ref"]) if "$ref" in response else response)["description"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_part_of_a_path_is_a_required_parameter(name: str) -> None:
    parameters = OPERATIONS[name].get("parameters", [])
    wanted = re.findall(r"\{(\w+)\}", name)

    assert sorted(one["name"] for one in parameters if one["in"] == "path") == sorted(wanted)
    assert all(one["required"] for one in parameters if one["in"] == "path")
    assert all(one.get("description") for one in parameters if one["in"] == "query")
    assert len({(one["in"], one["name"]) for one in parameters}) == len(parameters)


def test_every_reference_refers_to_something_and_every_component_is_used() -> None:
    references = {part["$ref"] for _, part in parts(DOCUMENT) if isinstance(part.get("$ref"), str)}
    components = {
        f"#/components/{kind}/{name}"
        for kind, named in DOCUMENT["components"].items()
        if kind != "securitySchemes"
        for name in named
    }

    assert all(resolved(reference) for reference in references)
    assert components - references == set()


def test_a_title_is_the_name_of_the_document_or_of_its_schema() -> None:
    titles = {place: part["title"] for place, part in parts(DOCUMENT) if isinstance(part.get("title"), str)}

    assert titles.pop("#/info") == "Reelmill"
    assert titles == {place: place.rpartition("schemas/")[2] for place in titles}


def test_schemas_are_such_as_generators_understand() -> None:
    wrong = [
        place
        for place, part in parts(DOCUMENT["components"]["schemas"])
        if (part.get("type") == "array" and not {"items", "prefixItems"} & set(part))
        or ("enum" in part and len(set(map(str, part["enum"]))) < len(part["enum"]))
        or (
            "required" in part
            and isinstance(part["required"], list)
            and set(part["required"]) - set(part["properties"])
        )
        or ("default" in part and "enum" in part and part["default"] not in part["enum"])
    ]

    assert wrong == []
    assert all(one.get("description") for one in DOCUMENT["components"]["schemas"].values() if "properties" in one)
