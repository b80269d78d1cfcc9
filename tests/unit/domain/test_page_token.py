"""Page tokens: each fits only the list that returned it, and every other text is refused."""

import base64
import json
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import sortable_id
from shared.domain.page_token import fingerprint, read_token, write_token
from shared.errors import RequestRejected

LAST = sortable_id(1_750_000_000_000, b"a")


@dataclass(frozen=True)
class Asked:
    """What a list was asked for."""

    tenant: str = "main"
    key: str | None = None


def encoded(text: str) -> str:
    """Return a text as tokens are written."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(st.builds(sortable_id, st.integers(0, 2**48 - 1), st.binary()), st.text(), st.text() | st.none())
def test_what_is_written_is_what_is_read(last: str, tenant: str, key: str | None) -> None:
    asked = Asked(tenant, key)

    assert read_token(write_token(last, asked), asked) == last


def test_a_token_goes_through_a_url_as_it_is() -> None:
    tokens = [write_token(LAST, Asked(key=f"ü?{number}/>")) for number in range(100)]

    assert all(character.isalnum() or character in "-_" for token in tokens for character in token)


@pytest.mark.parametrize("change", [{"tenant": "other"}, {"key": "a"}, {"key": "None "}])
def test_a_token_fits_no_other_list(change: dict[str, str]) -> None:
    asked = Asked()

    with pytest.raises(RequestRejected, match="nextToken is not from this list") as refused:
        read_token(write_token(LAST, asked), replace(asked, **change))

    assert refused.value.code == "InvalidNextToken"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "%%%",
        "é",
        "\x00",
        pytest.param("A" * 5000, id="long"),
        encoded("null"),
        encoded("[]"),
        encoded("5"),
        encoded('"ab"'),
        encoded('{"a": 1, "b": 2}'),
        pytest.param(encoded("[" * 5000), id="deeper than Python reads"),
        encoded("not JSON"),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        encoded(json.dumps([LAST])),
        encoded(json.dumps([LAST, ""])),
        encoded(json.dumps([LAST, None])),
        encoded(json.dumps([LAST, [fingerprint(LAST, Asked())]])),
        encoded(json.dumps([sortable_id(1, b"b"), fingerprint(LAST, Asked())])),
        write_token(LAST, Asked()) + "=",
        encoded(json.dumps([LAST, fingerprint(LAST, Asked())], separators=(",", ":"))),
        encoded(json.dumps(["nope", fingerprint("nope", Asked())])),
        encoded(json.dumps([None, fingerprint("None", Asked())])),
        encoded(json.dumps([[LAST], fingerprint(LAST, Asked())])),
        encoded(json.dumps([LAST + "0", fingerprint(LAST + "0", Asked())])),
    ],
)
def test_an_invalid_token_is_refused(token: str) -> None:
    with pytest.raises(RequestRejected, match="nextToken"):
        read_token(token, Asked())


@given(st.text())
def test_no_text_breaks_the_reading(token: str) -> None:
    with pytest.raises(RequestRejected):
        read_token(token, Asked())
