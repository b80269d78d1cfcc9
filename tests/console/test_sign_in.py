"""Sign-in on the user pool's hosted page, with the console as CloudFront serves it."""

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.console.conftest import SECONDS
from tests.console.hosted import Hosted
from tests.support.browser import second_browser

pytestmark = pytest.mark.xdist_group("hosted console")

EMAIL, PASSWORD = "ada@example.com", "Analytical-Engine-1843"
SIGN_IN = re.compile(r"/oauth2/authorize\?")
TOKENS = "/oauth2/token"


@pytest.fixture(scope="module", autouse=True)
def user(published: Hosted) -> None:
    """Create a user who can sign in."""
    pool, cognito = published.outputs["UserPoolId"], published.client("cognito-idp")
    attributes = [{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(UserPoolId=pool, Username=EMAIL, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=EMAIL, Password=PASSWORD, Permanent=True)


@pytest.fixture(scope="module")
def aws_browser(browser: Browser, published: Hosted) -> Iterator[Browser]:
    """Lend a browser that finds the emulator under AWS's host names."""
    with second_browser(browser, published.browser_argument) as other:
        yield other


@pytest.fixture
def context(aws_browser: Browser, published: Hosted) -> Iterator[BrowserContext]:
    """Lend a fresh browser context for the hosted console, which has a self-signed certificate."""
    context = aws_browser.new_context(
        base_url=published.outputs["ConsoleUrl"],
        ignore_https_errors=True,
        viewport={"width": 1440, "height": 900},
    )
    context.set_default_timeout(SECONDS * 1000)
    # The emulator's page has no icon, which would be a complaint.
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    yield context
    context.close()


@dataclass(frozen=True)
class Traffic:
    """The requests of a page so far."""

    requests: list[Request]

    def to(self, part: str) -> list[Request]:
        """Return the requests whose URL contains a text."""
        return [request for request in self.requests if part in request.url]

    def bearers(self) -> list[str]:
        """Return the authorization headers of the calls of the API."""
        return [request.headers.get("authorization", "") for request in self.to("/api/")]


@pytest.fixture
def traffic(page: Page) -> Traffic:
    """Lend the requests of the page."""
    return traffic_of(page)


@pytest.fixture
def lenient_page(context: BrowserContext) -> Page:
    """Lend a page whose complaints don't fail the test, because the browser reports rejected requests."""
    return context.new_page()


def traffic_of(page: Page) -> Traffic:
    """Return the requests of a page from now on."""
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - it must be a function
    return Traffic(requests)


def sign_in(page: Page) -> None:
    """Sign in on the pool's page."""
    page.get_by_label("Username").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def answer_renewal(route: Route, hosted: Hosted) -> None:
    """Answer a renewal in place of the emulator, without the ID token, which is optional.

    The emulator sets auth_time, the time of the sign-in, to the renewal. OpenID Connect forbids that.
    """
    kind = {"content-type": route.request.headers["content-type"]}
    trust = ssl.create_default_context(cafile=hosted.environment["AWS_CA_BUNDLE"])
    with httpx.Client(verify=trust, trust_env=False) as client:
        tokens = client.post(hosted.endpoint + TOKENS, content=route.request.post_data, headers=kind).json()
    del tokens["id_token"]
    route.fulfill(json=tokens, headers={"access-control-allow-origin": "*"})


def advance_clock(page: Page, passed: timedelta) -> None:
    """Move the clock of the page forward."""
    page.clock.set_system_time(datetime.now(UTC) + passed)


def stored_keys(page: Page) -> list[str]:
    """Return the keys that the console stores in the browser."""
    page.goto("/favicon.svg")  # same origin, without the console's code
    return list(page.evaluate("() => [...Object.keys(sessionStorage), ...Object.keys(localStorage)]"))


def test_a_user_signs_in_by_code_and_returns_to_the_requested_page(
    page: Page, traffic: Traffic, published: Hosted
) -> None:
    page.goto("/orchestrations/web-video?tab=json")
    page.wait_for_url(SIGN_IN)
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [published.outputs["ConsoleUrl"] + "/"]
    assert len(asked["code_challenge"][0]) == 43  # a SHA-256
    assert not traffic.to("/api/")

    sign_in(page)

    page.wait_for_url(published.outputs["ConsoleUrl"] + "/orchestrations/web-video?tab=json")
    expect(page.get_by_role("heading", name="web-video").first).to_be_visible()
    expect(page.get_by_role("button", name=EMAIL)).to_be_visible()
    [exchange] = traffic.to(TOKENS)
    sent = parse_qs(exchange.post_data or "")
    assert sent["grant_type"] == ["authorization_code"]
    assert "code_verifier" in sent
    assert "client_secret" not in sent
    assert set(traffic.bearers()) == {f"Bearer {exchange.response().json()['access_token']}"}  # type: ignore[union-attr]


def test_a_user_copies_the_token_for_a_shell(page: Page, context: BrowserContext, traffic: Traffic) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/tasks")
    sign_in(page)

    page.get_by_role("button", name=EMAIL).click()
    page.get_by_role("menuitem", name="Copy token").click()

    expect(page.get_by_text("Use it as REELMILL_TOKEN").first).to_be_visible()
    assert {f"Bearer {page.evaluate('() => navigator.clipboard.readText()')}"} == set(traffic.bearers())


def test_a_token_is_renewed_before_it_expires_once_for_concurrent_requests(
    page: Page, traffic: Traffic, published: Hosted
) -> None:
    page.goto("/orchestrations")
    sign_in(page)
    expect(page.get_by_role("link", name="web-video")).to_be_visible()
    first = set(traffic.bearers())
    traffic.requests.clear()

    page.route("**" + TOKENS, lambda route: answer_renewal(route, published))
    advance_clock(page, timedelta(minutes=59, seconds=30))
    page.get_by_role("link", name="Create orchestration").first.click()

    page.get_by_role("button", name="Add subtask").click()
    expect(page.get_by_role("menuitem", name="Screenshot", exact=False).first).to_be_visible()
    [renewal] = traffic.to(TOKENS)
    assert parse_qs(renewal.post_data or "")["grant_type"] == ["refresh_token"]
    assert len(traffic.bearers()) > 1
    assert not first & set(traffic.bearers())


def test_an_invalid_renewal_leads_to_the_sign_in(page: Page) -> None:
    page.goto("/templates")
    sign_in(page)
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    invalid = {"access_token": "a", "token_type": "Bearer", "id_token": "b"}
    page.route("**" + TOKENS, lambda route: route.fulfill(json=invalid, headers={"access-control-allow-origin": "*"}))

    advance_clock(page, timedelta(days=1))
    page.get_by_role("link", name="Orchestrations").first.click()

    page.wait_for_url(SIGN_IN)


def test_an_unreachable_provider_keeps_the_user_on_the_page(lenient_page: Page, published: Hosted) -> None:
    page = lenient_page
    page.goto("/templates")
    sign_in(page)
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    page.route("**" + TOKENS, lambda route: route.abort())

    advance_clock(page, timedelta(days=1))
    page.get_by_role("link", name="Orchestrations").first.click()
    expect(page.get_by_text("Couldn't load the data")).to_be_visible()

    page.unroute("**" + TOKENS)
    page.route("**" + TOKENS, lambda route: answer_renewal(route, published))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="web-video")).to_be_visible()


def test_an_expired_session_leads_to_the_sign_in_and_back(lenient_page: Page, published: Hosted) -> None:
    page = lenient_page
    page.goto("/templates")
    sign_in(page)
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    pool, cognito = published.outputs["UserPoolId"], published.client("cognito-idp")
    cognito.admin_user_global_sign_out(UserPoolId=pool, Username=EMAIL)
    traffic = traffic_of(page)

    advance_clock(page, timedelta(days=1))
    page.get_by_role("link", name="Orchestrations").first.click()
    page.wait_for_url(SIGN_IN)

    assert not traffic.to("/api/")  # no request went out without a token
    sign_in(page)
    page.wait_for_url("**/orchestrations")
    expect(page.get_by_role("link", name="web-video")).to_be_visible()


def test_signing_out_removes_the_token_and_the_names_of_unfinished_uploads(
    page: Page, traffic: Traffic, published: Hosted
) -> None:
    page.goto("/tasks")
    sign_in(page)
    page.evaluate("() => localStorage.setItem('reelmill.upload/film.mp4/1/1', '{}')")
    page.get_by_role("button", name=EMAIL).click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.wait_for_url(SIGN_IN)  # where the console sends users who are not signed in

    [end] = traffic.to("/logout?")
    assert parse_qs(urlsplit(end.url).query)["logout_uri"] == [published.outputs["ConsoleUrl"] + "/"]
    assert not [name for name in stored_keys(page) if name.startswith("oidc.user")]
    kept = [item["name"] for origin in page.context.storage_state()["origins"] for item in origin["localStorage"]]
    assert not [name for name in kept if name.startswith("reelmill.upload/")]


@pytest.mark.parametrize("answer", ["code=stolen", "error=access_denied"])
def test_an_unsolicited_response_is_rejected_and_a_reload_starts_a_sign_in(
    page: Page, traffic: Traffic, published: Hosted, answer: str
) -> None:
    page.goto(f"/?{answer}&state=forged")

    expect(page.get_by_text("doesn't belong to a sign-in started in this tab")).to_be_visible()
    assert page.url == published.outputs["ConsoleUrl"] + "/"
    assert not traffic.to(TOKENS)
    assert not traffic.to("/api/")
    page.reload()
    page.wait_for_url(SIGN_IN)


def test_a_denied_sign_in_is_reported(page: Page) -> None:
    page.goto("/tasks")
    page.wait_for_url(SIGN_IN)
    [state] = parse_qs(urlsplit(page.url).query)["state"]

    page.goto(f"/?error=access_denied&error_description=Ask+Grace&state={state}")

    expect(page.get_by_text("sign-in was denied (Ask Grace)")).to_be_visible()


def test_a_token_that_the_api_rejects_leads_to_the_sign_in_once(lenient_page: Page, published: Hosted) -> None:
    page = lenient_page
    page.goto("/templates")
    sign_in(page)
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    page.reload()  # so that the token isn't fresh from the sign-in
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    api, gateway = published.outputs["ApiId"], published.client("apigatewayv2")
    [authorizer] = gateway.get_authorizers(ApiId=api)["Items"]
    theirs = {"ApiId": api, "AuthorizerId": authorizer["AuthorizerId"]}
    ours = authorizer["JwtConfiguration"]
    gateway.update_authorizer(**theirs, JwtConfiguration={**ours, "Audience": ["another-client"]})

    try:
        page.get_by_role("link", name="Orchestrations").first.click()
        page.wait_for_url(SIGN_IN)
        sign_in(page)
        expect(page.get_by_text("Unauthorized").first).to_be_visible()
    finally:
        gateway.update_authorizer(**theirs, JwtConfiguration=ours)
