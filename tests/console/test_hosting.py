"""The console as CloudFront serves it: the real template and bundle, published with the real command."""

import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from infra.console import publish
from tests.console.hosted import STACK, Hosted

pytestmark = pytest.mark.xdist_group("hosted console")

PAGES = ["/", "/tasks", "/tasks/01M87HD8DCJQ8SW8YDZE97CANA?subtask=3", "/orchestrations/web-video/edit"]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOTHING_HOSTED = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}


@pytest.fixture
def viewer(published: Hosted) -> Iterator[httpx.Client]:
    """Lend an HTTP client for the distribution."""
    trust = ssl.create_default_context(cafile=published.environment["AWS_CA_BUNDLE"])
    host = published.outputs["ConsoleUrl"].removeprefix("https://")
    with httpx.Client(
        base_url=published.endpoint, headers={"host": host}, verify=trust, trust_env=False, timeout=30
    ) as client:
        yield client


@pytest.fixture
def calls(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make this process use the hosted stack; lend its calls of AWS, in order."""
    for name, value in hosted.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    made: list[str] = []

    def record(model: Any, params: dict[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's own
        made.append(f"{model.name} {params['Key']}" if "Key" in params else model.name)

    session = boto3.Session()
    session.events.register("before-parameter-build.s3", record)
    session.events.register("before-parameter-build.cloudfront", record)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return made


def keys(hosted: Hosted) -> set[str]:
    found = hosted.client("s3").list_objects_v2(Bucket=hosted.outputs["ConsoleBucketName"])
    return {entry["Key"] for entry in found["Contents"]}


@pytest.mark.parametrize("path", PAGES)
def test_every_page_serves_the_document_without_caching(viewer: httpx.Client, path: str) -> None:
    answer = viewer.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"
    assert '<div id="root">' in answer.text


def test_the_assets_of_the_document_exist_and_are_cached(viewer: httpx.Client) -> None:
    named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', viewer.get("/").text)

    assert named
    for path in named:
        answer = viewer.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith(("text/javascript", "text/css"))
    assert viewer.get("/assets/gone.js").status_code == 403  # not the document


def test_every_response_of_the_bundle_has_security_headers(viewer: httpx.Client, hosted: Hosted) -> None:
    for path in ("/", "/config.json", "/favicon.svg"):
        headers = viewer.get(path).headers

        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert f"https://{hosted.outputs['OutputBucketName']}.s3." in headers["content-security-policy"]
        assert headers["strict-transport-security"].startswith("max-age=")
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
        assert headers["referrer-policy"] == "no-referrer"


def test_the_configuration_says_how_to_sign_in_to_the_user_pool(viewer: httpx.Client, hosted: Hosted) -> None:
    answer = viewer.get("/config.json")
    settings = answer.json()

    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-cache")
    assert settings["inputBucket"] == hosted.outputs["InputBucketName"]
    assert settings["auth"]["authority"].endswith(f".amazonaws.com/{hosted.outputs['UserPoolId']}")
    pools = hosted.client("cognito-idp")
    client = pools.describe_user_pool_client(
        UserPoolId=hosted.outputs["UserPoolId"], ClientId=settings["auth"]["clientId"]
    )["UserPoolClient"]
    assert set(settings["auth"]["scope"].split()) == set(client["AllowedOAuthScopes"])
    assert client["CallbackURLs"] == client["LogoutURLs"] == [hosted.outputs["ConsoleUrl"] + "/"]
    assert settings["auth"]["logoutUrl"].endswith(f"&logout_uri={client['LogoutURLs'][0]}")


def test_the_api_is_served_beside_the_console_and_sends_its_own_errors(viewer: httpx.Client) -> None:
    health, unsigned, forged = (
        viewer.get("/api/health"),
        viewer.get("/api/tasks"),
        viewer.get("/api/tasks", headers={"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}),
    )

    assert health.json()["status"] == "ok"
    assert [answer.status_code for answer in (unsigned, forged)] == [401, 401]
    assert unsigned.headers["content-type"] == "application/json"


def test_a_new_bundle_is_uploaded_before_its_document_and_the_old_one_stays_for_open_tabs(
    hosted: Hosted, calls: list[str], tmp_path: Path
) -> None:
    for name in ("old", "new"):
        assets = tmp_path / name / "assets"
        assets.mkdir(parents=True)
        (assets / f"{name}.js").write_text(name)
        (tmp_path / name / "index.html").write_text(f"<script src=/assets/{name}.js>")
        (tmp_path / name / ".vite").mkdir()
        (tmp_path / name / ".vite" / "manifest.json").write_text("{}")
    home = publish.find_home(STACK)
    day = timedelta(days=1)
    publish.publish(tmp_path / "old", home, NOON)
    publish.publish(tmp_path / "old", home, NOON + 30 * day)  # bundles of other tests have expired
    calls.clear()

    publish.publish(tmp_path / "new", home, NOON + 60 * day)

    assert calls == [
        "ListObjectsV2",
        "GetObject replaced.json",
        "PutObject assets/new.js",
        "PutObject config.json",
        "PutObject index.html",
        "CreateInvalidation",
        "PutObject replaced.json",
    ]
    there = {"assets/new.js", "config.json", "index.html", "replaced.json"}
    assert keys(hosted) == there | {"assets/old.js"}
    publish.publish(tmp_path / "new", home, NOON + 60 * day + publish.STAY - day)
    assert keys(hosted) == there | {"assets/old.js"}
    publish.publish(tmp_path / "new", home, NOON + 60 * day + publish.STAY)
    assert keys(hosted) == there
    assert publish.main(STACK) == 0  # restore the bundle for the other tests


def test_a_failed_publication_says_why(
    hosted: Hosted, calls: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cloudformation = hosted.client("cloudformation")
    cloudformation.create_stack(StackName="plain", TemplateBody=json.dumps(NOTHING_HOSTED))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="plain", WaiterConfig={"Delay": 1})

    for stack, folder, why in (
        ("nowhere", publish.BUNDLE, "have no stack nowhere"),
        ("plain", publish.BUNDLE, "Console=true"),
        (STACK, tmp_path, "make console"),
    ):
        assert publish.main(stack, folder) == 1
        assert why in capsys.readouterr().err
    assert calls == []


def test_the_command_prints_the_url_of_the_console(hosted: Hosted) -> None:
    command = [sys.executable, "-m", "infra.console.publish", STACK]

    said = subprocess.run(
        command, env=hosted.environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout

    assert said == f"The console is at {hosted.outputs['ConsoleUrl']}\n"
