"""Malicious and invalid requests, by family; the API must refuse each."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from shared.domain.page_token import write_token
from shared.stores.decision_store import DecisionFilter
from shared.stores.task_queries import TaskFilter
from shared.use_cases.backfill import BackfillScope
from shared.use_cases.catalog_versions import VersionFilter
from tests.support.functions import ELSEWHERE

TEXTS = (
    *("\x00", "a\x00b", "\x1b[2J", "a\r\nSet-Cookie: x", "\x7f", "\x9f", "\ud800", "a\udfff", "\ud83d"),
    *("../../etc/passwd", "..", ".", "./", "a/../b", "/etc/passwd", "..\\..\\x", "%2e%2e%2f", "a/..", "..%00/"),
    *("' OR 1=1 --", '"; DROP TABLE tasks; --', "{0.__class__}", "${jndi:ldap://x}", "{{7*7}}", "$(id)", "`id`", "|id"),
    *("<script>alert(1)</script>", "]]>", "&amp;", "main#web-video", "#", "a#b", "TOKEN#main#x", "RUN#0001", "*"),
    *("\u202egpj", "é" * 600, "😀" * 300, "A" * 2000, " ", "\t", "a b", "Web-Video", "-web", "_x"),
    *("a_b", "\uff41", "x\u200b"),
)  # fmt: skip
# What no field of a body takes but one of that type.
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**63,
    10**40,
    1.5,
    "",
    "x" * 70_000,
    [],
    [[]],
    {},
    {"a": 1},
    ["a"],
    [None],
    "\ud800",
    "\x00",
)
COVER = {"name": "cover", "type": "SCREENSHOT", "params": {"at": [0]}}
SOURCE = {"bucket": "input", "key": "uploads/a.mp4"}
TASK = {"source": SOURCE, "subtasks": [COVER]}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/tasks"): {**TASK, "output": {"prefix": "p/"}, "priority": 0, "clientToken": "a", "sessionContext": "b"},
    ("POST", "/tasks/bulk"): {"action": "END", "taskIds": ["01M82HKCZFJ0Z9K3QMJZJR8E8W"]},
    ("POST", "/uploads"): {"key": "uploads/a.mp4", "size": 1, "contentType": "video/mp4"},
    ("POST", "/uploads/backfill"): {"bucket": "input", "prefix": "uploads/", "priority": 0, "dryRun": True},
    ("POST", "/orchestrations/match"): {"key": "uploads/a.mp4", "bucket": "input", "size": 1},
    ("PUT", "/orchestrations/x"): {"trigger": {"prefix": "x/", "formats": ["mp4"]}, "subtasks": [COVER]},
    ("PUT", "/templates/x"): {"operation": "SCREENSHOT", "summary": "s", "params": {"at": [0]}},
}  # fmt: skip
# Fields that may be left out or null, and texts that may be anything up to a length.
OPTIONAL = {"output", "priority", "clientToken", "sessionContext", "contentType", "bucket", "prefix", "dryRun", "size"}


@dataclass(frozen=True)
class Bad:
    """A request that must be refused; `body` as it travels."""

    family: str
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    says: dict[str, Any] = field(default_factory=dict)


def sent(family: str, method: str, path: str, body: object) -> Bad:
    """Return a request with a body that is JSON."""
    return Bad(family, method, path, body=json.dumps(body))


def cursors(token: str, verdict_token: str) -> Iterator[Bad]:
    """Tokens that are cut, changed, another list's, or forged: their marks are not secret."""
    for cut in range(len(token)):
        yield Bad("cursors", "GET", "/tasks", {"nextToken": token[:cut]})
    for place, sign in product(range(0, len(token), 2), "A_=%"):
        if token[place] != sign:
            yield Bad("cursors", "GET", "/tasks", {"nextToken": f"{token[:place]}{sign}{token[place + 1 :]}"})
    texts = ("null", "[]", "{}", "[1]", "[1,2,3]", '["a"]', "[" * 100, "nonsense", '[{"a":1},"b"]', "[null,null]")
    encoded_texts = [base64.urlsafe_b64encode(text.encode()).decode()[:200] for text in texts]
    ids = ("", "x", "0" * 25, "0" * 27, "o" * 26, "I" * 26, "\u0660" * 26, "\x00" * 26, "Z" * 25 + "é", "'" * 26)
    for path, wanted, other in (
        ("/tasks", TaskFilter(), verdict_token),
        ("/uploads/verdicts", DecisionFilter(), token),
    ):
        forged = [write_token(last, wanted) for last in ids]
        for value in (*forged, *encoded_texts, other, "é", "\x00", "a" * 201, "%00", "-" * 8, "=" * 8):
            yield Bad("cursors", "GET", path, {"nextToken": value})
    places = ("", "0", "-1", "01", "1.0", "x", "\u0663", "1000000", "9" * 100, " 1")
    for path, kind in (("/orchestrations/web-video", "Orchestration"), ("/templates/h264-720p", "Template")):
        forged = [write_token(last, VersionFilter("main", kind, path.rpartition("/")[2])) for last in places]
        for value in (*forged, *encoded_texts, token, verdict_token, "é", "\x00", "a" * 201, "%00", "=" * 8):
            yield Bad("cursors", "GET", f"{path}/versions", {"nextToken": value})
    for value in (token[:-1], "x", "", "a" * 201, verdict_token):
        yield sent("cursors", "POST", "/tasks/bulk", {"action": "END", "filter": {}, "nextToken": value})
    keys: tuple[Any, ...] = ("", "é" * 1000, "k" * 1025, None, 1, ["a"], {"a": 1})
    for value in (write_token(key, BackfillScope("input")) for key in keys):
        yield sent("cursors", "POST", "/uploads/backfill", {"dryRun": True, "nextToken": value})


def filters() -> Iterator[Bad]:
    """List filters with unknown values, in every field."""
    wrong = {
        "status": ("DONE", "waiting", "WAITING ", "WAITING,COMPLETED", "null", "0", *TEXTS[:20]),
        "outcome": ("GOOD", "failed", "FAILED'", "*", "", *TEXTS[:20]),
        "createdAfter": (
            "yesterday",
            "0",
            "1e9",
            "NaN",
            "2026-13-01",
            "2026-02-30",
            "2026-01-01T25:00:00Z",
            "9" * 30,
            "+inf",
        ),
        "createdBefore": ("", "-1", "0000-00-00", "99999-01-01", "2026-01-01T00:00:00+99:00", "20260101", "٢٠٢٦-01-01"),
        "maxResults": (
            "0",
            "-1",
            "101",
            "1.5",
            "1e1",
            "many",
            "",
            "9" * 5000,
            "NaN",
            "0x10",
            "Infinity",
            "null",
            "1,2",
        ),
        "taskId": ("0" * 27, "A" * 2000, "\x00", "\ud800"),
        "orchestration": ("x" * 64, "\x00", "\ud800", "a\x1bb"),
        "sourceKey": ("k" * 1025, "\x00", "\ud800", "a\nb\x00"),
        "nextToken": ("x" * 201, "\x00", "\ud800"),
    }
    for name, values in wrong.items():
        for value in values:
            yield Bad("filters", "GET", "/tasks", {name: value})
    for name in ("verdict", "uploadedAfter", "uploadedBefore", "maxResults"):
        for value in (*TEXTS[:20], "GOOD", "-1", "9" * 400, ""):
            yield Bad("filters", "GET", "/uploads/verdicts", {name: value})
    for path in ("/orchestrations/web-video", "/templates/h264-720p"):
        for value in (*TEXTS[:20], "0", "-1", "1.5", "1000000", "9" * 5000, "", "NaN", "0x1", "1e0", "1,1"):
            yield Bad("filters", "GET", path, {"version": value})
            yield Bad("filters", "GET", f"{path}/versions", {"maxResults": value})
        for value in ("2", "999999"):  # which never existed
            yield Bad("filters", "GET", path, {"version": value})
    for value in ("0", "-1", "1.5", "x", "9" * 5000, "1000000", "", "NaN", "\x00"):
        for path in ("", "/subtasks/1", "/subtasks/1/outputs", "/subtasks/1/download", "/subtasks/1/play/a"):
            yield Bad("filters", "GET", f"/tasks/01M82HKCZFJ0Z9K3QMJZJR8E8W{path}", {"run": value})


def names() -> Iterator[Bad]:
    """Names of what is stored, in paths and in bodies."""
    for text in TEXTS:
        for kind, body in (
            ("orchestrations", {"subtasks": [COVER]}),
            ("templates", {"operation": "SCREENSHOT", "params": {}}),
        ):
            yield sent("names", "PUT", f"/{kind}/{text}", body)
            yield Bad("names", "GET", f"/{kind}/{text}")
            yield Bad("names", "GET", f"/{kind}/{text}", {"version": "1"})
            yield Bad("names", "GET", f"/{kind}/{text}/versions")
            yield Bad("names", "DELETE", f"/{kind}/{text}")
            yield sent("names", "PUT", f"/{kind}/x", {**body, "name": text})
        yield Bad("names", "POST", f"/orchestrations/{text}/enable")
        yield sent("names", "POST", "/tasks", {"source": SOURCE, "orchestration": text})
        for name in ("name", "template", "input"):
            yield sent("names", "POST", "/tasks", {"source": SOURCE, "subtasks": [{**COVER, name: text}]})
        yield sent("names", "POST", "/tasks", {"source": SOURCE, "subtasks": [{**COVER, "needs": [text]}]})
        yield sent("names", "PUT", "/orchestrations/x", {"subtasks": [{**COVER, "when": text}]})


def paths() -> Iterator[Bad]:
    """Paths of things that do not exist or cannot exist."""
    for text in (
        *TEXTS,
        "0" * 26,
        "01m82hkczfj0z9k3qmjzjr8e8w",
        "a" * 8000,
        "%00",
        "%",
        "%zz",
        "//",
        "?",
        "01M82HKCZFJ0Z9K3QMJZJR8E8W",
    ):
        for rest in ("", "/source", "/subtasks/1", "/subtasks/1/outputs", "/subtasks/1/download", "/subtasks/1/play/x"):
            yield Bad("paths", "GET", f"/tasks/{text}{rest}")
        for rest in ("restart", "end", "cancel"):
            yield Bad("paths", "POST", f"/tasks/{text}/{rest}")
        yield Bad("paths", "GET", f"/{text}")
    for no in ("0", "-1", "51", "1.5", "x", "9" * 5000, "NaN", "1e1", "٣", "\x00", " ", "%31"):
        yield Bad("paths", "GET", f"/tasks/01M82HKCZFJ0Z9K3QMJZJR8E8W/subtasks/{no}")
        yield Bad("paths", "GET", f"/tasks/01M82HKCZFJ0Z9K3QMJZJR8E8W/subtasks/{no}/play/../../x")
    for method in ("PATCH", "TRACE", "CONNECT", "OPTIONS", "HEAD", "PROPFIND", "X" * 300, "DELETE", "\x00"):
        yield Bad("paths", method, "/tasks")


def outputs() -> Iterator[Bad]:
    """Places and names of outputs that would leave their folder, or ask for what no variable has."""
    wrong = (
        *(
            "..",
            "../",
            "a/../b/",
            "./a",
            "a/.",
            "{inputDir}/../x",
            "../{inputName}",
            "{",
            "}",
            "{}",
            "{{inputName}}",
            "a{b",
        ),
        *(
            "{unknown}",
            "{0}",
            "{inputName!r}",
            "{inputName:>99999}",
            "{inputName.__class__}",
            "{self}",
            "{inputDir[0]}",
        ),
        *("\x00", "a\nb", "a\x1b[2J/", "\ud800", "\u202e/", "x" * 513, "{ inputName }", "{INPUTNAME}"),
    )
    for text in wrong:
        yield sent("output paths", "POST", "/tasks", {**TASK, "output": {"prefix": text}})
        yield sent("output paths", "PUT", "/orchestrations/x", {"output": {"prefix": text}, "subtasks": [COVER]})
        for named in (text, f"{text}/a.jpg"):
            yield sent("output paths", "POST", "/tasks", {"source": SOURCE, "subtasks": [{**COVER, "fileName": named}]})
    for name in ("", "/", "a/b.jpg", "{inputDir}", "x" * 256):
        yield sent("output paths", "PUT", "/orchestrations/x", {"subtasks": [{**COVER, "fileName": name}]})
    yield sent("output paths", "PUT", "/orchestrations/x", {"trigger": {"bucket": "output"}, "subtasks": [COVER]})


def keys() -> Iterator[Bad]:
    """Keys that cannot be uploaded, and sources that do not exist."""
    wrong = (
        *(
            "",
            "/",
            "/a.mp4",
            "a/",
            "../a.mp4",
            "a/../b.mp4",
            "a/./b.mp4",
            "..",
            ".",
            "\x00",
            "a\nb",
            "\x1b[2J",
            "\x7f",
            "\u202ea",
        ),
        *("\ud800", "é" * 513, "k" * 1025, "😀" * 257, "a\u2028b", "\u200b"),
    )
    for key in wrong:
        yield sent("keys", "POST", "/uploads", {"key": key, "size": 1})
    for key in (*wrong, *TEXTS):
        for bucket in ("input", "output"):
            yield sent("keys", "POST", "/tasks", {"source": {"bucket": bucket, "key": key}, "subtasks": [COVER]})
        yield sent("keys", "POST", "/tasks", {"source": SOURCE | {"versionId": key or "x"}, "subtasks": [COVER]})
    for bucket in (
        *TEXTS,
        *ELSEWHERE,
        "does-not-exist",
        "Input",
        "in put",
        "input/uploads",
        "192.168.0.1",
        "..",
        "xn--a",
    ):
        yield sent("keys", "POST", "/tasks", {"source": {"bucket": bucket, "key": "a"}, "subtasks": [COVER]})
        yield sent("keys", "POST", "/uploads/backfill", {"bucket": bucket, "dryRun": True})
    for bucket in (*TEXTS, *ELSEWHERE):
        yield sent("keys", "POST", "/orchestrations/match", {"bucket": bucket, "key": "a.mp4"})
        yield sent("keys", "PUT", "/orchestrations/x", {"trigger": {"bucket": bucket}, "subtasks": [COVER]})
    for kind in (
        "video",
        "video/",
        "/mp4",
        "a/b/c",
        "video/mp4\r\nx: y",
        "video/mp4; x",
        "é/b",
        "x" * 200,
        "text/html>",
    ):
        yield sent("keys", "POST", "/uploads", {"key": "a.mp4", "size": 1, "contentType": kind})


def bodies() -> Iterator[Bad]:
    """Bodies that are not JSON, JSON that is not a document, and documents with an error in each place."""
    for (method, path), good in BODIES.items():
        text = json.dumps(good)
        for cut in range(0, len(text), 4):
            yield Bad("bodies", method, path, body=text[:cut])
        for name in good:
            rest = {other: value for other, value in good.items() if other != name}
            if name not in OPTIONAL | {"trigger", "summary"}:
                yield sent("bodies", method, path, rest)
            for value in VALUES:
                if not fits(name, value):
                    yield sent("bodies", method, path, {**rest, name: value})
            for number in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, "0x10", "01", "+1", ".5"):
                yield Bad("bodies", method, path, body=json.dumps({**rest, name: "@"}).replace('"@"', number))
        yield sent("bodies", method, path, {**good, "extra": 1})
        yield sent("bodies", method, path, {**good, "__proto__": {"x": 1}})
        yield sent("bodies", method, path, [good])
        yield from encoded(method, path, good, text)


def encoded(method: str, path: str, good: dict[str, Any], text: str) -> Iterator[Bad]:
    """Bodies with malicious bytes."""
    deep: Any = "x"
    for _ in range(25):
        deep = [deep]
    more = [
        *(
            "[" * 30_000,
            '{"a":' * 9_000,
            "null",
            "true",
            "0",
            '"x"',
            "[]",
            "\ufeff" + text,
            text + text,
            text + "\x00",
            "'a'",
        ),
        *(
            text.replace("{", '{"pad": "' + "x" * 66_000 + '", ', 1),
            "//" + text,
            text.replace('"', "'"),
            json.dumps({**good, "deep": deep}),
        ),
        *(text[:-1] + f', "{next(iter(good))}": [[1]]}}', " " * 70_000 + text, "[" + "0," * 32_000 + "0]"),
    ]
    for body in more:
        yield Bad("bodies", method, path, body=body)
    raw = [b"\xff\xfe", text.encode("utf-16"), b"\xed\xa0\x80", b"\x80" + text.encode(), b"\x1f\x8b\x08", bytes(70_000)]
    for content in raw:
        yield Bad("bodies", method, path, body=base64.b64encode(content).decode(), says={"isBase64Encoded": True})
    kinds = (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=a",
        "text/xml",
        "x",
    )
    for kind in kinds:
        yield Bad("bodies", method, path, body=text, says={"headers": {"content-type": kind}})
        yield Bad("bodies", method, path, body=None, says={"headers": {"content-type": kind}})
    yield Bad("bodies", method, path, body="@@@", says={"isBase64Encoded": True})


def fits(name: str, value: object) -> bool:
    """Whether a field takes that value after all."""
    if value is None:
        return name in OPTIONAL - {"output", "prefix", "dryRun", "contentType"} or (name == "size")
    if isinstance(value, bool):
        return name == "dryRun"
    if (name, value) in (("priority", -1), ("taskIds", ["a"]), ("params", {})):
        return True
    if value in ("", {}):
        return (name in {"prefix", "summary", "sessionContext"} and value == "") or (
            value == {} and name in {"trigger", "output"}
        )
    return False


def corpus(token: str, verdict_token: str) -> Iterator[Bad]:
    """All of them, the same in each run."""
    yield from cursors(token, verdict_token)
    for family in (filters, names, paths, outputs, keys, bodies):
        yield from family()
