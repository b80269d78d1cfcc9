"""Versions: all can be listed and read, also after a deletion; the shipped one is the first."""

from collections.abc import Callable

import pytest

from shared.domain.page import Page
from shared.errors import NotFound, RequestRejected, ServiceBusy
from shared.stores.catalog_store import LAST_VERSION
from shared.stores.presets import preset_orchestrations, preset_templates
from shared.use_cases.catalog import (
    ORCHESTRATION,
    TEMPLATE,
    delete_document,
    store_orchestration,
    store_template,
    switch_orchestration,
)
from shared.use_cases.catalog_versions import (
    Version,
    get_document_version,
    is_version,
    list_document_versions,
)
from tests.support.deployment import ClockedServices
from tests.support.factories import make_orchestration, make_template
from tests.support.outages import outage

PRESET = "web-video"


def stored(services: ClockedServices, count: int, name: str = "mine", tenant: str = "main") -> None:
    for number in range(1, count + 1):
        store_orchestration(services, tenant, make_orchestration(name, description=f"version {number}"))


def numbers(services: ClockedServices, limit: int, name: str = "mine") -> list[list[int]]:
    """Return the numbers of all versions, page by page."""
    pages, token = [], None
    while True:
        page = list_document_versions(services, ORCHESTRATION, "main", name, limit, token)
        pages.append([one.document.version for one in page.items])
        token = page.next_token
        if token is None:
            return pages


@pytest.mark.parametrize(
    ("limit", "pages"),
    [(100, [[5, 4, 3, 2, 1]]), (5, [[5, 4, 3, 2, 1]]), (2, [[5, 4], [3, 2], [1]]), (1, [[5], [4], [3], [2], [1]])],
)
def test_versions_are_listed_newest_first_page_by_page(
    services: ClockedServices, limit: int, pages: list[list[int]]
) -> None:
    stored(services, 5)

    assert numbers(services, limit) == pages


def test_more_than_nine_versions_stay_in_their_order(services: ClockedServices) -> None:
    stored(services, 11)

    assert numbers(services, 4) == [[11, 10, 9, 8], [7, 6, 5, 4], [3, 2, 1]]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_what_ships_is_the_first_version(services: ClockedServices, limit: int) -> None:
    for enabled in (False, True):
        switch_orchestration(services, "main", PRESET, enabled=enabled)

    pages = numbers(services, limit, PRESET)

    assert [number for page in pages for number in page] == [3, 2, 1]
    assert all(pages)
    assert get_document_version(services, ORCHESTRATION, "main", PRESET, 1) == preset_orchestrations()[PRESET]
    assert not get_document_version(services, ORCHESTRATION, "main", PRESET, 2).enabled


def test_what_ships_and_was_never_changed_has_one_version(services: ClockedServices) -> None:
    template = next(iter(preset_templates().values()))

    (shipped,) = list_document_versions(services, ORCHESTRATION, "main", PRESET, 20).items
    page = list_document_versions(services, TEMPLATE, "main", template.name, 20)

    assert shipped.document == preset_orchestrations()[PRESET]
    assert page == Page((Version(template, is_current=True),), None)
    assert get_document_version(services, TEMPLATE, "main", template.name, 1) == template


def test_the_current_version_is_distinguished_from_those_before_it(services: ClockedServices) -> None:
    stored(services, 3)

    page = list_document_versions(services, ORCHESTRATION, "main", "mine", 20)

    assert [one.is_current for one in page.items] == [True, False, False]
    assert page.items[0].document.description == "version 3"


def test_a_deletion_leaves_the_versions_without_a_current_one(services: ClockedServices) -> None:
    stored(services, 2)
    template = store_template(services, "main", make_template())
    delete_document(services, ORCHESTRATION, "main", "mine")
    delete_document(services, TEMPLATE, "main", "small")

    page = list_document_versions(services, ORCHESTRATION, "main", "mine", 20)

    assert [(one.document.version, one.is_current) for one in page.items] == [(2, False), (1, False)]
    assert get_document_version(services, ORCHESTRATION, "main", "mine", 1).description == "version 1"
    assert list_document_versions(services, TEMPLATE, "main", "small", 20).items == (
        Version(template, is_current=False),
    )
    assert get_document_version(services, TEMPLATE, "main", "small", 1) == template


def test_after_a_deletion_what_ships_stands_again_under_the_newer_versions(services: ClockedServices) -> None:
    store_orchestration(services, "main", make_orchestration(PRESET))
    delete_document(services, ORCHESTRATION, "main", PRESET)

    page = list_document_versions(services, ORCHESTRATION, "main", PRESET, 20)

    assert [(one.document.version, one.is_current) for one in page.items] == [(2, False), (1, True)]


def test_a_version_that_is_stored_again_is_the_newest(services: ClockedServices) -> None:
    stored(services, 3)
    first = get_document_version(services, ORCHESTRATION, "main", "mine", 1)

    store_orchestration(services, "main", first)

    again = get_document_version(services, ORCHESTRATION, "main", "mine", 4)
    assert again.model_copy(update={"version": 1, "updated_at": first.updated_at}) == first


@pytest.mark.parametrize(
    ("count", "number", "sentence"),
    [
        (1, 2, "mine has no version 2; its only version is 1"),
        (3, 4, "mine has no version 4; its versions are 1 to 3"),
        (3, LAST_VERSION, "its versions are 1 to 3"),
    ],
)
def test_a_version_that_never_was_is_not_found_and_says_which_are(
    services: ClockedServices, count: int, number: int, sentence: str
) -> None:
    stored(services, count)

    with pytest.raises(NotFound, match=sentence) as missing:
        get_document_version(services, ORCHESTRATION, "main", "mine", number)

    assert missing.value.code == "VersionNotFound"


def test_what_never_was_has_no_versions(services: ClockedServices) -> None:
    stored(services, 2, tenant="other")  # whose versions no other tenant sees

    for ask in (
        lambda: get_document_version(services, ORCHESTRATION, "main", "mine", 1),
        lambda: list_document_versions(services, ORCHESTRATION, "main", "mine", 20),
    ):
        with pytest.raises(NotFound, match="there is no orchestration mine, and there never was one") as missing:
            ask()
        assert missing.value.code == "OrchestrationNotFound"
    with pytest.raises(NotFound, match="there is no template mine") as missing:
        list_document_versions(services, TEMPLATE, "main", "mine", 20)
    assert missing.value.code == "TemplateNotFound"


def test_a_token_goes_on_with_its_own_list_alone(services: ClockedServices) -> None:
    for name in ("mine", "yours"):
        stored(services, 3, name)
        store_template(services, "main", make_template(name))
    stored(services, 3, tenant="other")
    token = list_document_versions(services, ORCHESTRATION, "main", "mine", 1).next_token

    for ask in (
        lambda: list_document_versions(services, ORCHESTRATION, "main", "yours", 1, token),
        lambda: list_document_versions(services, ORCHESTRATION, "other", "mine", 1, token),
        lambda: list_document_versions(services, TEMPLATE, "main", "mine", 1, token),
    ):
        with pytest.raises(RequestRejected, match="not from this list"):
            ask()


@pytest.mark.parametrize("place", ["0", "-1", "01", "1.0", "", "x", "٣", "²", " 1", "1e3", "1000000", "9" * 5000, 1])
def test_no_place_in_a_list_but_the_number_of_a_version_is_one(place: object) -> None:
    assert not is_version(place)
    assert is_version("1")
    assert is_version(str(LAST_VERSION))


@pytest.mark.parametrize(
    ("call", "ask"),
    [
        ("Query", lambda services: list_document_versions(services, ORCHESTRATION, "main", PRESET, 20)),
        ("GetItem", lambda services: get_document_version(services, TEMPLATE, "main", "small", 1)),
    ],
)
def test_when_dynamodb_does_not_answer_the_caller_gets_a_temporary_error(
    services: ClockedServices, call: str, ask: Callable[[ClockedServices], object]
) -> None:
    with outage(call), pytest.raises(ServiceBusy, match="DynamoDB did not answer"):
        ask(services)
