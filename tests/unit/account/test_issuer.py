"""What `reelmill preflight` says about the issuer of tokens."""

import json
import threading
import urllib.error
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from infra.account.issuer import DISCOVERY, read_page
from tests.unit.account.recorded_account import RecordedAccount, check

ISSUER = "https://login.example.com"
JWKS = {"jwks_uri": f"{ISSUER}/keys"}


@pytest.mark.parametrize(
    ("issuer", "document", "verdict", "words"),
    [
        (ISSUER, {"issuer": ISSUER, **JWKS}, "ok", "has a discovery document"),
        (f"{ISSUER}/", {"issuer": f"{ISSUER}/", **JWKS}, "ok", "has a discovery document"),
        (ISSUER, {"issuer": f"{ISSUER}/", **JWKS}, "failed", "calls itself https://login.example.com/"),
        (ISSUER, {"issuer": ISSUER}, "failed", "is not a discovery document"),
        (ISSUER, ["issuer"], "failed", "is not a discovery document"),
        ("http://login.example.com", {}, "failed", "is not an https URL"),
    ],
)
def test_the_issuer_must_name_itself_as_the_parameter_does(
    issuer: str, document: object, verdict: str, words: str
) -> None:
    read = {f"{ISSUER}{DISCOVERY}": json.dumps(document).encode()}.__getitem__

    found = check(RecordedAccount(), f"JwtIssuer={issuer}", "JwtAudience=reelmill", read=read)["issuer"]

    assert found.verdict == verdict
    assert words in found.found
    assert (found.remedy is None) == (verdict == "ok")


def test_the_issuer_as_it_calls_itself_is_proposed() -> None:
    def read(_url: str) -> bytes:
        return json.dumps({"issuer": f"{ISSUER}/", **JWKS}).encode()

    found = check(RecordedAccount(), f"JwtIssuer={ISSUER}", "JwtAudience=reelmill", read=read)["issuer"]

    assert found.parameters == {"JwtIssuer": f"{ISSUER}/"}


def test_a_page_that_does_not_exist_or_is_no_json_fails() -> None:
    def missing(url: str) -> bytes:
        raise urllib.error.HTTPError(url, 404, "Not Found", Message(), None)

    for read, words in ((missing, "answers 404"), (lambda _: b"<html>", "is not a discovery document")):
        found = check(RecordedAccount(), f"JwtIssuer={ISSUER}", "JwtAudience=reelmill", read=read)["issuer"]
        assert (found.verdict, words in found.found) == ("failed", True)


def test_an_issuer_that_this_machine_cannot_reach_is_unknown() -> None:
    found = check(RecordedAccount(), f"JwtIssuer={ISSUER}", "JwtAudience=reelmill")["issuer"]

    assert found.verdict == "unknown"
    assert "this machine can't read" in found.found


def test_without_an_issuer_no_page_is_read() -> None:
    assert "issuer" not in check(RecordedAccount())


@pytest.fixture
def site() -> Iterator[str]:
    """Serve one page at /known, and nothing else."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/known" else 404)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_page_is_read_and_an_error_is_raised(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert read_page(f"{site}/known") == b"{}"
    with pytest.raises(urllib.error.HTTPError) as error:
        read_page(f"{site}/unknown")
    error.value.close()
