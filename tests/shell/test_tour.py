"""The tour's documents, run in order against a running demo, twice: a reader may do so, too."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.demo import Demo
from support.patience import PATIENCE_SECONDS

from agreements_api.graphiql import TourDocument, read_tour

TOUR = read_tour()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("tour")
    with Demo(folder, "--port", "0", AGREEMENTS_ACCEPTANCE_POLL_INTERVAL="1") as demo:
        yield demo.ready()
        assert demo.interrupt() == (0, "")


@pytest.fixture(scope="module")
def walks(demo: Demo) -> list[dict[str, Any]]:
    """The answers of two walks through the tour, by the number that begins a document's name."""
    return [
        {document.name.split()[0]: demo.ask(document.query, document.variables) for document in TOUR}
        for _ in range(2)
    ]


def found(value: Any, name: str) -> Iterator[Any]:
    """Give all values under a name, at any depth."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if key == name:
            yield each
        if isinstance(each, dict | list):
            yield from found(each, name)


def test_every_document_is_numbered_in_order_and_explains_itself() -> None:
    assert [int(each.name.split()[0]) for each in TOUR] == list(range(1, len(TOUR) + 1))
    for document in TOUR:
        comments = [line for line in document.query.splitlines() if line.lstrip().startswith("#")]
        assert len(comments) > 3, document.name
        assert max(map(len, document.query.splitlines())) <= 110, document.name


@pytest.mark.parametrize("document", TOUR, ids=lambda each: each.name)
def test_a_document_takes_effect_however_often_it_is_run(
    walks: list[dict[str, Any]], document: TourDocument
) -> None:
    for answers in walks:
        answer = answers[document.name.split()[0]]
        assert "errors" not in answer
        assert list(found(answer, "userErrors")) == [[]] * document.query.count("userErrors")
        assert set(found(answer["data"], "error")) <= {None}


def test_the_first_walk_shows_something_at_every_stop(walks: list[dict[str, Any]]) -> None:
    data = {number: answer["data"] for number, answer in walks[0].items()}
    assert 1 <= data["2"]["accounts"]["totalCount"] <= 5
    assert data["3"]["agreementCoverage"]["totalCount"] > 20
    assert data["3"]["unmapped"]["totalCount"] == 25
    assert data["4"]["syncProviderAccounts"]["job"]["created"] > 20
    assert data["5"]["syncProviderAccounts"]["job"]["status"] == "SUCCEEDED"
    assert set(found(data["6"], "reason")) == {None, "NO_MATCH", "AMBIGUOUS_MATCH"}
    assert set(found(data["6"], "statusReason")) == {"PENDING", "ACCEPTED"}
    assert data["7"]["mapProviderAccount"]["changed"] is True
    assert data["8"]["provisionAccount"]["credentials"]["password"]
    assert data["12"]["agreements"]["edges"]
    assert data["14"]["create"]["job"]["created"] == data["14"]["preview"]["job"]["created"] > 5
    assert data["15"]["deactivateAgreement"]["warnings"]
    assert data["16"]["agreements"]["totalCount"] > 5
    assert data["16"]["providerAccounts"]["totalCount"] > 5
    assert {each.partition(",")[0] for each in found(data["17"]["offboard"], "reason")} == {
        "CANCELLED", "NOT_RENEWED", "SUSPENDED", "SUBSCRIPTIONS_REMAIN",
    }  # fmt: skip
    assert data["17"]["offboard"]["warnings"]


def test_a_provisioned_customer_is_accepted_and_read_back(walks: list[dict[str, Any]]) -> None:
    agreement = walks[0]["8"]["data"]["provisionAccount"]["agreement"]
    assert (agreement["statusReason"], agreement["syncState"]) == ("ACCEPTED", "IN_SYNC")
    assert list(found(walks[0]["9"], "path")) == ["PROVISIONING"]
    again = walks[1]["8"]["data"]["provisionAccount"]
    assert (again["agreement"], again["credentials"]) == (agreement, None)


def test_a_customer_accepts_on_the_simulators_page_and_the_agreement_follows(
    demo: Demo, walks: list[dict[str, Any]]
) -> None:
    document = next(each for each in TOUR if each.name.startswith("10 "))
    provisioned = walks[0]["10"]["data"]["provisionAccount"]
    agreement = provisioned["agreement"]
    assert (agreement["statusReason"], agreement["syncState"]) == ("PENDING", "AWAITING_CUSTOMER")
    page = agreement["acceptanceRequest"]["url"]
    assert httpx.get(page).status_code == 200
    httpx.post(page, data={"decision": "accept"}).raise_for_status()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while next(found(demo.ask(document.query, document.variables), "statusReason")) != "ACCEPTED":
        assert time.monotonic() < deadline
        time.sleep(0.2)
