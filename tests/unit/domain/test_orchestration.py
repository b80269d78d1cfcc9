"""Orchestrations: which uploads they take and why, which documents are invalid, and the names of outputs."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domain.matching import TriggerMatch, match_trigger
from shared.domain.orchestration import MEDIA_FORMATS, Orchestration, OrchestrationDocument, numbers_by_name
from shared.domain.output_names import MAX_KEY_BYTES, format_of, name_variables, output_key
from shared.domain.task import MAX_SUBTASKS
from shared.domain.upload import Verdict
from shared.errors import ParametersRejected
from tests.support.factories import make_stored_orchestration, make_upload

SUBTASK = {"name": "hd", "type": "TRANSCODE"}
VALUES = {"subtask": "hd", "format": "mp4", "taskId": "T", "run": "1"}
USUAL_PREFIX = "{inputDir}/{inputName}/"
NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


def matched(orchestration: Orchestration, bucket: str, key: str) -> TriggerMatch:
    return match_trigger(orchestration, make_upload(key, bucket=bucket), output_bucket=None)


def problem(**fields: Any) -> str:  # noqa: ANN401
    """Return the first reason why a document is refused."""
    with pytest.raises(ValidationError) as refused:
        OrchestrationDocument.model_validate({"name": "web", "subtasks": [SUBTASK], **fields})
    error = refused.value.errors()[0]
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def key_of(source: str, *, prefix: str = USUAL_PREFIX, name: str | None = None, number: int | None = None) -> str:
    """Return the key that an output of that source gets."""
    return output_key(prefix, "token", name, {**VALUES, **name_variables(source)}, number)


def test_an_object_in_its_place_and_of_a_known_format_is_taken() -> None:
    answer = matched(make_stored_orchestration(trigger={"prefix": "uploads/"}), "input", "uploads/Ferien 2024.MP4")

    assert answer.verdict is Verdict.MATCHED
    assert answer.reason == "the key begins with 'uploads/' and its format is mp4"


@pytest.mark.parametrize(
    ("fields", "verdict", "reason"),
    [
        ({"enabled": False}, Verdict.NO_MATCH, "disabled"),
        ({"trigger": {"bucket": "other"}}, Verdict.NO_MATCH, "from bucket other, not from input"),
        ({"trigger": {"prefix": "raw/"}}, Verdict.NO_MATCH, "begin with 'raw/'"),
        ({"trigger": {"prefix": "Uploads/"}}, Verdict.NO_MATCH, "begin with 'Uploads/'"),
        (
            {"trigger": {"formats": ["mkv", "mov"]}},
            Verdict.WRONG_FORMAT,
            "'mp4'; the trigger accepts mkv, mov",
        ),
    ],
)
def test_an_upload_that_is_not_taken_gets_the_reason(fields: dict[str, Any], verdict: Verdict, reason: str) -> None:
    answer = matched(make_stored_orchestration(**fields), "input", "uploads/a.mp4")

    assert answer.verdict is verdict
    assert reason in answer.reason


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("uploads/notes.txt", "unsupported format 'txt'"),
        ("uploads/README", "the file name has no extension"),
        (".mp4", "the file name"),
    ],
)
def test_without_formats_only_media_is_taken(key: str, told: str) -> None:
    answer = matched(make_stored_orchestration(), "input", key)

    assert answer.verdict is Verdict.WRONG_FORMAT
    assert answer.reason.startswith(told)


def test_formats_are_compared_in_lower_case() -> None:
    assert make_stored_orchestration(trigger={"formats": ["MP4"]}).trigger.formats == ("mp4",)
    assert matched(make_stored_orchestration(trigger={"formats": ["MP4"]}), "b", "x.mP4").verdict is Verdict.MATCHED


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("a.mp4", "mp4"),
        ("a.tar.GZ", "gz"),
        ("a", ""),
        ("a.", ""),
        ("x.mp4/a", ""),
        ("映画.映画", "映画"),
        ("", ""),
    ],
)
def test_the_format_is_the_extension_of_the_name(key: str, found: str) -> None:
    assert format_of(key) == found


def test_the_known_formats_are_written_as_endings_are_compared() -> None:
    assert {format_of(f"x.{known}") for known in MEDIA_FORMATS} == MEDIA_FORMATS


@pytest.mark.parametrize(
    ("subtasks", "told"),
    [
        ([], "at least 1"),
        ([{"name": f"s{n}", "type": "TRANSCODE"} for n in range(MAX_SUBTASKS + 1)], "at most 50"),
        ([SUBTASK, SUBTASK], "two subtasks are named hd"),
        ([{**SUBTASK, "needs": ["sd"]}], "subtask hd needs sd, which is not one of the subtasks"),
        ([{**SUBTASK, "input": "sd"}], "subtask hd needs sd, which is not one of the subtasks"),
        (
            [SUBTASK, SUBTASK, {**SUBTASK, "name": "x", "needs": ["sd"], "input": "uhd"}],
            "named hd; rename one; subtask x needs sd, which is not one of the subtasks; subtask x needs uhd, which is",
        ),
        (
            [{**SUBTASK, "needs": [f"s{no}" for no in range(12)]}],
            "subtask hd needs s9, which is not one of the subtasks; and 2 more",
        ),
        ([{**SUBTASK, "needs": ["hd"]}], "in a circle: hd → hd"),
        ([{**SUBTASK, "input": "sd"}, {**SUBTASK, "name": "sd", "needs": ["hd"]}], "in a circle: "),
    ],
)
def test_subtasks_that_cannot_be_planned_are_refused(subtasks: list[dict[str, Any]], told: str) -> None:
    assert told in problem(subtasks=subtasks)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "Web Video"}, "name: "),
        ({"name": ""}, "name: "),
        ({"name": "-web"}, "name: "),
        ({"name": "w" * 64}, "name: "),
        ({"color": "red"}, "color: Extra inputs are not permitted"),
        ({"subtasks": [{**SUBTASK, "type": "JUGGLE"}]}, "subtasks.0.type: Input should be 'TRANSCODE'"),
        ({"subtasks": [{**SUBTASK, "codec": "h264"}]}, "subtasks.0.codec: Extra inputs"),
        ({"trigger": {"formats": ["mp4", ".mkv"]}}, "trigger.formats.1: "),
    ],
)
def test_a_wrong_field_is_refused_and_its_place_named(fields: dict[str, Any], told: str) -> None:
    assert problem(**fields).startswith(told)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("{inputdir}/", "unknown variable {inputdir}; use one of format, height, inputDir"),
        ("{}/", "unknown variable {}"),
        ("{inputDir.__class__}/", "unknown variable {inputDir.__class__}"),
        ("{inputDir", "unmatched brace"),
        ("a}b/", "unmatched brace"),
        ("{{inputDir}}/", "unmatched brace"),
        ("../{inputDir}/", "must not contain '.' or '..'"),
        ("a/./b", "must not contain '.' or '..'"),
        ("a/..", "must not contain '.' or '..'"),
        ("a\nb/", "unprintable"),
        ("a\x00/", "unprintable"),
        ("x" * 513, "at most 512"),
    ],
)
def test_an_output_prefix_that_means_nothing_or_leads_away_is_refused(pattern: str, told: str) -> None:
    found = problem(output={"prefix": pattern})

    assert found.startswith("output.prefix: ")
    assert told in found


@pytest.mark.parametrize("name", ["a/b.mp4", "{inputDir}.mp4", "..", "", "{nope}.mp4", "x" * 256])
def test_a_file_name_that_is_none_is_refused(name: str) -> None:
    assert problem(subtasks=[{**SUBTASK, "fileName": name}]).startswith("subtasks.0.fileName: ")


def test_the_input_of_a_subtask_is_needed_without_saying_so() -> None:
    document = make_stored_orchestration(
        subtasks=[
            {"name": "clean", "type": "TRANSCODE"},
            {"name": "hd", "type": "TRANSCODE", "needs": ["clean"], "input": "clean"},
            {"name": "cover", "type": "SCREENSHOT", "needs": ["clean"], "input": "hd"},
        ]
    )

    assert [rule.predecessors for rule in document.subtasks] == [(), ("clean",), ("clean", "hd")]
    assert numbers_by_name(document.subtasks) == {"clean": 1, "hd": 2, "cover": 3}


def test_a_document_survives_its_way_through_json() -> None:
    document = make_stored_orchestration(
        trigger={"prefix": "uploads/", "formats": ["mp4"]},
        subtasks=[{**SUBTASK, "fileName": "{inputName}.{format}", "params": {"video": {"crf": 20}}}],
    )

    assert Orchestration.model_validate_json(document.model_dump_json(by_alias=True)) == document


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("uploads/clip.mp4", "uploads/clip/token/clip-hd.mp4"),
        ("clip.mp4", "clip/token/clip-hd.mp4"),
        ("a/b/c.d.mov", "a/b/c.d/token/c.d-hd.mp4"),
        ("/a//b.mp4", "a/b/token/b-hd.mp4"),
        ("a b+c%20d.mp4", "a b+c%20d/token/a b+c%20d-hd.mp4"),
        ("Ferien/Überraschung é.mp4", "Ferien/Überraschung é/token/Überraschung é-hd.mp4"),
        ("映画/予告編.mp4", "映画/予告編/token/予告編-hd.mp4"),
        ("😀/👩‍👩‍👧.mp4", "😀/👩‍👩‍👧/token/👩‍👩‍👧-hd.mp4"),
        ("{taskId}/{x}.mp4", "{taskId}/{x}/token/{x}-hd.mp4"),
        ("../../etc/passwd.mp4", "_/_/etc/passwd/token/passwd-hd.mp4"),
        ("a/./b/../c.mp4", "a/_/b/_/c/token/c-hd.mp4"),
        ("a/..mp4", "a/_/token/_-hd.mp4"),
        ("a/...mp4", "a/_/token/_-hd.mp4"),
    ],
)
def test_an_output_is_named_after_its_source(source: str, key: str) -> None:
    assert key_of(source) == key


@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(["", "mp4"]))
def test_outputs_have_a_place_of_their_own_for_any_name_of_the_source(parts: list[str], ending: str) -> None:
    source = ".".join(filter(None, ("/".join(parts), ending)))
    assume(len(source.encode()) < 300)

    key = key_of(source)

    assert key.split("/")[-2] == "token"
    assert not {"", ".", ".."} & set(key.split("/"))


def test_every_variable_has_its_value() -> None:
    variables = {**VALUES, **name_variables("a/b.MOV"), "template": "h264", "width": "1280", "height": "720"}
    prefix = "{inputDir}/{inputFormat}/{taskId}/{run}/{template}/{width}x{height}"

    assert output_key(prefix, "token", "{inputName}.{format}", variables, 3) == "a/mov/T/1/h264/1280x720/token/b-3.mp4"


@pytest.mark.parametrize(
    ("name", "number", "file"),
    [
        (None, None, "b-hd.mp4"),
        (None, 7, "b-hd-7.mp4"),
        ("cover.jpg", 7, "cover-7.jpg"),
        ("cover", 7, "cover-7"),
        ("{number}-cover.jpg", 7, "7-cover.jpg"),
        ("cover{number}.jpg", None, "cover.jpg"),
        ("{inputName}.{format}", 7, "b-7.mp4"),
    ],
)
def test_several_files_differ_by_their_number(name: str | None, number: int | None, file: str) -> None:
    assert key_of("a/b.mov", name=name, number=number) == f"a/b/token/{file}"


@pytest.mark.parametrize(
    ("source", "prefix", "name"),
    [
        ("a/b.mp4", USUAL_PREFIX, "{template}"),  # no template: no name at all
        ("a/b", "x/{inputFormat}..", None),  # no format: a step up
        ("a/b.mp4", USUAL_PREFIX, "{number}."),
    ],
)
def test_a_name_that_comes_to_nothing_is_refused(source: str, prefix: str, name: str | None) -> None:
    with pytest.raises(ParametersRejected, match="not a file below its prefix") as refused:
        key_of(source, prefix=prefix, name=name)

    assert refused.value.code == "ParameterError.OutputName"


@pytest.mark.parametrize("letter", ["x", "é", "予", "😀"])
def test_a_key_may_fill_what_s3_takes_and_not_a_byte_more(letter: str) -> None:
    room = MAX_KEY_BYTES - len("/token/.mp4")
    fits = letter * (room // len(letter.encode()))
    rest = "x" * (room - len(fits.encode()))

    assert len(key_of("a.mp4", prefix=fits + rest, name=".{format}").encode()) == MAX_KEY_BYTES
    with pytest.raises(ParametersRejected, match="1025 bytes long, and the limit of S3 is 1024; shorten"):
        key_of("a.mp4", prefix=fits + rest + "x", name=".{format}")
