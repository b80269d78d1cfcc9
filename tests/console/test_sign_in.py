"""Signing in at the pool's own page, on the console as CloudFront serves it: nothing here is told from the laptop's."""

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.console.browser import another
from tests.console.hosted import Hosted

EMAIL, PASSWORD = "ada@example.com", "Analytical-Engine-1843"
SIGN_IN = re.compile(r"/oauth2/authorize\?")
TOKENS = "/oauth2/token"


@pytest.fixture(scope="module", autouse=True)
def person(published: Hosted) -> None:
    """Make somebody who may sign in."""
    pool, cognito = published.outputs["UserPoolId"], published.client("cognito-idp")
    attributes = [{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(UserPoolId=pool, Username=EMAIL, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=EMAIL, Password=PASSWORD, Permanent=True)


@pytest.fixture(scope="module")
def on_aws(browser: Browser, published: Hosted) -> Iterator[Browser]:
    """Lend a browser that finds the emulator under AWS's names."""
    with another(browser, published.browser_argument) as other:
        yield other


@pytest.fixture
def context(on_aws: Browser, published: Hosted) -> Iterator[BrowserContext]:
    """Lend an empty browser at the hosted console; its certificate is the test's own."""
    context = on_aws.new_context(
        base_url=published.outputs["ConsoleUrl"],
        ignore_https_errors=True,
        viewport={"width": 1440, "height": 900},
    )
    context.route(
        "**/favicon.ico", lambda route: route.fulfill(status=204)
    )  # the emulator's page has none, and says so
    yield context
    context.close()


@dataclass(frozen=True)
class Traffic:
    """What a page has asked for so far."""

    requests: list[Request]

    def to(self, part: str) -> list[Request]:
        """Return the requests whose address has that part."""
        return [request for request in self.requests if part in request.url]

    def bearers(self) -> list[str]:
        """Return what the calls of the API bore."""
        return [request.headers.get("authorization", "") for request in self.to("/api/")]


@pytest.fixture
def traffic(page: Page) -> Traffic:
    """Lend all that the page asks for."""
    return traffic_of(page)


@pytest.fixture
def refused_page(context: BrowserContext) -> Page:
    """Lend a page that may be refused something, of which the browser itself complains."""
    return context.new_page()


def traffic_of(page: Page) -> Traffic:
    """Return all that the page asks for from now on."""
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - it must be a function
    return Traffic(requests)


def signs_in(page: Page) -> None:
    """Do what a person does at the pool's page."""
    page.get_by_label("Username").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def renews(route: Route, hosted: Hosted) -> None:
    """Answer for the emulator, without the ID token, which a renewal need not bring.

    The emulator dates the sign-in (auth_time) by the renewal. OpenID Connect forbids that, and Cognito doesn't do it.
    """
    kind = {"content-type": route.request.headers["content-type"]}
    trust = ssl.create_default_context(cafile=hosted.environment["AWS_CA_BUNDLE"])
    with httpx.Client(verify=trust, trust_env=False) as client:
        told = client.post(hosted.endpoint + TOKENS, content=route.request.post_data, headers=kind).json()
    del told["id_token"]
    route.fulfill(json=told, headers={"access-control-allow-origin": "*"})


def later(page: Page, passed: timedelta) -> None:
    """Have the page believe that time has passed."""
    page.clock.set_system_time(datetime.now(UTC) + passed)


def kept(page: Page) -> list[str]:
    """Return the names of what the console keeps in the browser."""
    page.goto("/favicon.svg")  # of the same origin, and without the console's code
    return list(page.evaluate("() => [...Object.keys(sessionStorage), ...Object.keys(localStorage)]"))


def test_a_person_signs_in_by_code_and_comes_back_to_the_page_that_they_asked_for(
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

    signs_in(page)

    page.wait_for_url(published.outputs["ConsoleUrl"] + "/orchestrations/web-video?tab=json")
    expect(page.get_by_role("heading", name="web-video").first).to_be_visible()
    expect(page.get_by_role("button", name=EMAIL)).to_be_visible()
    [exchange] = traffic.to(TOKENS)
    sent = parse_qs(exchange.post_data or "")
    assert sent["grant_type"] == ["authorization_code"]
    assert "code_verifier" in sent
    assert "client_secret" not in sent
    assert set(traffic.bearers()) == {f"Bearer {exchange.response().json()['access_token']}"}  # type: ignore[union-attr]


def test_a_person_copies_the_token_for_a_shell(page: Page, context: BrowserContext, traffic: Traffic) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/tasks")
    signs_in(page)

    page.get_by_role("button", name=EMAIL).click()
    page.get_by_role("menuitem", name="Copy token").click()

    expect(page.get_by_text("Use it as REELMILL_TOKEN")).to_be_visible()
    assert {f"Bearer {page.evaluate('() => navigator.clipboard.readText()')}"} == set(traffic.bearers())


def test_a_token_is_renewed_before_it_ends_once_for_all_who_ask(
    page: Page, traffic: Traffic, published: Hosted
) -> None:
    page.goto("/orchestrations")
    signs_in(page)
    expect(page.get_by_role("link", name="web-video")).to_be_visible()
    first = set(traffic.bearers())
    traffic.requests.clear()

    page.route("**" + TOKENS, lambda route: renews(route, published))
    later(page, timedelta(minutes=59, seconds=30))
    page.get_by_role("link", name="Create orchestration").first.click()

    page.get_by_role("button", name="Add subtask").click()
    expect(page.get_by_role("menuitem", name="Screenshot", exact=False).first).to_be_visible()
    [renewal] = traffic.to(TOKENS)
    assert parse_qs(renewal.post_data or "")["grant_type"] == ["refresh_token"]
    assert len(traffic.bearers()) > 1
    assert not first & set(traffic.bearers())


def test_a_renewal_that_makes_no_sense_leads_to_the_sign_in(page: Page) -> None:
    page.goto("/templates")
    signs_in(page)
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    senseless = {"access_token": "a", "token_type": "Bearer", "id_token": "b"}
    page.route("**" + TOKENS, lambda route: route.fulfill(json=senseless, headers={"access-control-allow-origin": "*"}))

    later(page, timedelta(days=1))
    page.get_by_role("link", name="Orchestrations").first.click()

    page.wait_for_url(SIGN_IN)


def test_a_provider_that_is_out_of_reach_costs_nobody_the_page(refused_page: Page, published: Hosted) -> None:
    page = refused_page
    page.goto("/templates")
    signs_in(page)
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    page.route("**" + TOKENS, lambda route: route.abort())

    later(page, timedelta(days=1))
    page.get_by_role("link", name="Orchestrations").first.click()
    expect(page.get_by_text("Couldn't load the data")).to_be_visible()

    page.unroute("**" + TOKENS)
    page.route("**" + TOKENS, lambda route: renews(route, published))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="web-video")).to_be_visible()


def test_a_session_that_is_over_leads_to_the_sign_in_and_back(refused_page: Page, published: Hosted) -> None:
    page = refused_page
    page.goto("/templates")
    signs_in(page)
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    pool, cognito = published.outputs["UserPoolId"], published.client("cognito-idp")
    cognito.admin_user_global_sign_out(UserPoolId=pool, Username=EMAIL)
    traffic = traffic_of(page)

    later(page, timedelta(days=1))
    page.get_by_role("link", name="Orchestrations").first.click()
    page.wait_for_url(SIGN_IN)

    assert not traffic.to("/api/")  # nobody asked without a token
    signs_in(page)
    page.wait_for_url("**/orchestrations")
    expect(page.get_by_role("link", name="web-video")).to_be_visible()


def test_whoever_signs_out_leaves_no_token_behind(page: Page, traffic: Traffic, published: Hosted) -> None:
    page.goto("/tasks")
    signs_in(page)
    page.get_by_role("button", name=EMAIL).click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.wait_for_url(SIGN_IN)  # where the console sends whoever is not signed in

    [end] = traffic.to("/logout?")
    assert parse_qs(urlsplit(end.url).query)["logout_uri"] == [published.outputs["ConsoleUrl"] + "/"]
    assert not [name for name in kept(page) if name.startswith("oidc.user")]


@pytest.mark.parametrize("answer", ["code=stolen", "error=access_denied"])
def test_an_answer_to_nothing_that_was_asked_is_refused_and_a_reload_begins_anew(
    page: Page, traffic: Traffic, published: Hosted, answer: str
) -> None:
    page.goto(f"/?{answer}&state=forged")

    expect(page.get_by_text("doesn't belong to a sign-in started in this tab")).to_be_visible()
    assert page.url == published.outputs["ConsoleUrl"] + "/"
    assert not traffic.to(TOKENS)
    assert not traffic.to("/api/")
    page.reload()
    page.wait_for_url(SIGN_IN)


def test_a_refusal_of_the_sign_in_page_is_told(page: Page) -> None:
    page.goto("/tasks")
    page.wait_for_url(SIGN_IN)
    [state] = parse_qs(urlsplit(page.url).query)["state"]

    page.goto(f"/?error=access_denied&error_description=Ask+Grace&state={state}")

    expect(page.get_by_text("sign-in was denied (Ask Grace)")).to_be_visible()


def test_a_token_that_the_api_refuses_leads_to_the_sign_in_once_and_not_round_and_round(
    refused_page: Page, published: Hosted
) -> None:
    page = refused_page
    page.goto("/templates")
    signs_in(page)
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    page.reload()  # so that its token is one that it had before
    expect(page.get_by_role("link", name="h264-720p")).to_be_visible()
    api, gateway = published.outputs["ApiId"], published.client("apigatewayv2")
    [authorizer] = gateway.get_authorizers(ApiId=api)["Items"]
    theirs = {"ApiId": api, "AuthorizerId": authorizer["AuthorizerId"]}
    ours = authorizer["JwtConfiguration"]
    gateway.update_authorizer(**theirs, JwtConfiguration={**ours, "Audience": ["somebody-else"]})

    try:
        page.get_by_role("link", name="Orchestrations").first.click()
        page.wait_for_url(SIGN_IN)
        signs_in(page)
        expect(page.get_by_text("Unauthorized").first).to_be_visible()
    finally:
        gateway.update_authorizer(**theirs, JwtConfiguration=ours)
