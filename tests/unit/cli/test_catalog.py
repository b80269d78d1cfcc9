"""`reelmill orchestrations` and `reelmill templates`: documents are stored and returned unchanged."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command import RemoteService, Reply, Run

STORED: dict[str, Any] = {
    "name": "web-video",
    "description": "",
    "enabled": True,
    "trigger": {"bucket": None, "prefix": "uploads/", "formats": ["mp4", "mov"]},
    "output": {"prefix": "{inputDir}/{inputName}/"},
    "subtasks": [{"name": "hd", "type": "TRANSCODE", "template": None, "params": {"crf": 20}, "needs": []}],
    "version": 3,
    "kind": "CUSTOM",
    "updatedAt": "2026-01-02T03:04:05.000Z",
}
TEMPLATE: dict[str, Any] = {
    "name": "h264-1080p",
    "operation": "TRANSCODE",
    "summary": "Full HD",
    "params": {"crf": 21},
    "version": 1,
    "kind": "PRESET",
    "updatedAt": None,
}
VERSIONS: dict[str, Any] = {
    "versions": [
        {"version": 3, "current": True, "kind": "CUSTOM", "updatedAt": "2026-01-02T03:04:05.000Z", "enabled": False},
        {"version": 1, "current": False, "kind": "PRESET", "updatedAt": None, "enabled": True},
    ],
    "nextToken": None,
}
TEMPLATE_VERSIONS: dict[str, Any] = {
    "versions": [{"version": 1, "current": True, "kind": "PRESET", "updatedAt": None}],
    "nextToken": None,
}


@pytest.mark.parametrize(
    ("arguments", "method", "path", "answer"),
    [
        (("orchestrations", "list"), "GET", "/api/orchestrations", {"orchestrations": [STORED]}),
        (("orchestrations", "get", "web-video"), "GET", "/api/orchestrations/web-video", STORED),
        (("orchestrations", "versions", "web-video"), "GET", "/api/orchestrations/web-video/versions", VERSIONS),
        (("orchestrations", "enable", "web-video"), "POST", "/api/orchestrations/web-video/enable", STORED),
        (("orchestrations", "disable", "web-video", "--yes"), "POST", "/api/orchestrations/web-video/disable", STORED),
        (("orchestrations", "delete", "web-video", "-y"), "DELETE", "/api/orchestrations/web-video", {}),
        (("orchestrations", "match", "a.mp4"), "POST", "/api/orchestrations/match", {"matches": []}),
        (("templates", "list"), "GET", "/api/templates", {"templates": [TEMPLATE]}),
        (("templates", "get", "h264-1080p"), "GET", "/api/templates/h264-1080p", TEMPLATE),
        (("templates", "versions", "h264-1080p"), "GET", "/api/templates/h264-1080p/versions", TEMPLATE_VERSIONS),
        (("templates", "delete", "h264-1080p", "--yes"), "DELETE", "/api/templates/h264-1080p", {}),
    ],
)
def test_json_output_is_the_api_s_document_and_nothing_else(  # noqa: PLR0913, PLR0917 - the columns of the table
    here: Run,
    service: RemoteService,
    arguments: tuple[str, ...],
    method: str,
    path: str,
    answer: dict[str, Any],
) -> None:
    service.answers(method, path, answer)

    ended = here(*arguments, "--json")

    assert ended.document == answer
    assert ended.code == 0


def test_what_get_prints_can_be_edited_and_put_again(here: Run, service: RemoteService, tmp_path: Path) -> None:
    service.answers("GET", "/api/orchestrations/web-video", STORED)
    service.answers("PUT", "/api/orchestrations/web-video", {**STORED, "version": 4})

    (tmp_path / "edited.yaml").write_text(here("orchestrations", "get", "web-video").out)
    ended = here("orchestrations", "put", "edited.yaml")

    sent = service.asked("PUT", "/api/orchestrations/web-video")[0].document
    assert sent == {
        "name": "web-video",
        "description": "",
        "enabled": True,
        "trigger": {"prefix": "uploads/", "formats": ["mp4", "mov"]},
        "output": {"prefix": "{inputDir}/{inputName}/"},
        "subtasks": [{"name": "hd", "type": "TRANSCODE", "params": {"crf": 20}, "needs": []}],
    }
    assert "version 4" in ended.err
    assert ended.out == ""


def test_a_document_may_be_stored_under_another_name(here: Run, service: RemoteService, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"name": "h264-1080p", "operation": "TRANSCODE", "params": {"crf": 30}}')
    service.answers("PUT", "/api/templates/small", {**TEMPLATE, "name": "small"})

    ended = here("templates", "put", "t.json", "--name", "small", "--json")

    assert service.heard[0].document == {"name": "small", "operation": "TRANSCODE", "params": {"crf": 30}}
    assert ended.document["name"] == "small"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("subtasks: [", "line 1"),
        ("- a\n- b\n", "x.yaml contains a list instead of a document"),
        ("subtasks: []\n", "has no `name`"),
        ("", "x.yaml contains nothing instead of a document"),
        ("just words\n", "x.yaml contains a text instead of a document"),
        ("42\n", "x.yaml contains a single value instead of a document"),
        ("name: !!python/object/apply:os.system [true]\n", "not valid YAML"),
    ],
)
def test_an_invalid_document_is_a_usage_error_with_its_place(
    here: Run, service: RemoteService, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "x.yaml").write_text(text)

    ended = here("orchestrations", "put", "x.yaml")

    assert ended.code == 2
    assert says in " ".join(ended.err.replace("│", " ").split())
    assert service.heard == []


def test_a_refused_document_names_the_file_and_the_description_of_its_fields(
    here: Run, service: RemoteService, tmp_path: Path
) -> None:
    (tmp_path / "my.yaml").write_text("name: mine\nsubtasks: []\n")
    said = {"code": "InvalidRequest", "message": "body.subtasks: it is empty", "requestId": "r"}
    service.answers("PUT", "/api/orchestrations/mine", Reply(said, 400))

    ended = here("orchestrations", "put", "my.yaml")

    assert ended.code == 1
    assert f"fix my.yaml; see docs/reference/operations.md and {service.url}/docs" in ended.err


def test_match_uses_the_input_bucket_by_default(here: Run, service: RemoteService) -> None:
    found = {
        "orchestration": "web-video",
        "verdict": "NO_MATCH",
        "reason": "the trigger accepts keys that begin with 'uploads/'",
    }
    whole = {"verdict": "NO_MATCH", "reason": "no enabled orchestration matches it", "matches": [found]}
    service.answers("POST", "/api/orchestrations/match", whole)

    ended = here("orchestrations", "match", "other/a.mp4")
    here("orchestrations", "match", "a.mp4", "--bucket", "films", "--size", "0")

    assert [heard.document for heard in service.heard] == [
        {"key": "other/a.mp4"},
        {"key": "a.mp4", "bucket": "films", "size": 0},
    ]
    overall, blank, _headings, row = ended.out.splitlines()
    assert (overall, blank) == ("NO_MATCH: no enabled orchestration matches it", "")
    assert " ".join(row.split()) == "web-video NO_MATCH the trigger accepts keys that begin with 'uploads/'"


def test_an_answer_without_a_body_is_an_empty_object_in_json(here: Run, service: RemoteService) -> None:
    service.answers("DELETE", "/api/templates/mine", Reply(b"", 204))

    ended = here("templates", "delete", "mine", "--yes", "--json")

    assert (ended.code, ended.document) == (0, {})


def test_a_name_cannot_reach_another_route(here: Run, service: RemoteService) -> None:
    service.answers("DELETE", "/api/templates/..%2Forchestrations%2Fweb-video", {})

    ended = here("templates", "delete", "../orchestrations/web-video", "--yes")

    assert ended.code == 0


def test_lists_show_the_most_important_facts(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/orchestrations", {"orchestrations": [{**STORED, "enabled": False}]})
    service.answers("GET", "/api/templates", {"templates": [TEMPLATE]})

    orchestrations, templates = here("orchestrations", "list").out, here("templates", "list").out

    assert [" ".join(line.split()) for line in orchestrations.splitlines()] == [
        "NAME ENABLED VERSION KIND FILES SUBTASKS",
        "web-video no 3 CUSTOM uploads/ mp4, mov hd TRANSCODE",
    ]
    assert "h264-1080p" in templates
    assert "PRESET" in templates


def test_versions_show_the_current_one_and_that_there_are_more(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/orchestrations/web-video/versions", {**VERSIONS, "nextToken": "more"})
    service.answers("GET", "/api/templates/h264-1080p/versions", TEMPLATE_VERSIONS)

    orchestration = here("orchestrations", "versions", "web-video", "--limit", "2")
    template = here("templates", "versions", "h264-1080p")

    headings, newest, shipped = [line.split() for line in orchestration.out.splitlines()]
    assert headings == ["VERSION", "UPDATED", "KIND", "ENABLED", "CURRENT"]
    assert (newest[0], newest[3:]) == ("3", ["CUSTOM", "no", "yes"])
    assert shipped == ["1", "PRESET", "yes"]
    assert "--all for more" in orchestration.err
    assert [line.split() for line in template.out.splitlines()] == [
        ["VERSION", "UPDATED", "KIND", "CURRENT"],
        ["1", "PRESET", "yes"],
    ]
    assert template.err == ""


def test_all_versions_are_requested_page_by_page(here: Run, service: RemoteService) -> None:
    first = {"versions": VERSIONS["versions"][:1], "nextToken": "more"}
    last = {"versions": VERSIONS["versions"][1:], "nextToken": None}
    service.answers("GET", "/api/orchestrations/web-video/versions", first, last)

    ended = here("orchestrations", "versions", "web-video", "--all", "--json")

    assert ended.document == VERSIONS
    assert [heard.query.get("nextToken") for heard in service.heard] == [None, "more"]


@pytest.mark.parametrize(("kind", "document"), [("orchestrations", STORED), ("templates", TEMPLATE)])
def test_an_earlier_version_is_printed_and_restored_by_put(
    here: Run, service: RemoteService, tmp_path: Path, kind: str, document: dict[str, Any]
) -> None:
    path = f"/api/{kind}/{document['name']}"
    service.answers("GET", path, document)
    service.answers("PUT", path, {**document, "version": 4})

    (tmp_path / "old.yaml").write_text(here(kind, "get", document["name"], "--version", "2").out)
    ended = here(kind, "put", "old.yaml")

    assert [heard.query for heard in service.asked("GET", path)] == [{"version": "2"}]
    assert "version" not in service.asked("PUT", path)[0].document
    assert "version 4" in ended.err


def test_the_printed_document_is_plain_yaml(here: Run, service: RemoteService) -> None:
    service.answers("GET", "/api/templates/h264-1080p", TEMPLATE)

    ended = here("templates", "get", "h264-1080p")

    assert yaml.safe_load(ended.out) == {k: v for k, v in TEMPLATE.items() if v is not None}
