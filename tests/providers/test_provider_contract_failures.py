"""What every kind of provider makes of failures: of the network, of the service, and of credentials."""

from uuid import uuid4

import pytest
from support.provider_calls import QUICKLY, confirm, northwind, pages_of
from support.provider_stands import Stand, a_customer, having

from providers.base import Provider
from providers.errors import AdministratorNeeded, ProviderUnavailable


@pytest.fixture
def client(stand: Stand) -> Provider:
    return stand.open()


@pytest.fixture
async def contoso(stand: Stand):
    customer = a_customer()
    await stand.add(customer)
    return customer


@having("examine", "get_customer")
async def test_an_examination_names_what_is_in_the_way_and_never_raises(stand):
    unreachable = await stand.open(base_url="http://127.0.0.1:9", max_attempts=1).examine()
    refused = await stand.open(secret=stand.wrong_secret).examine()

    assert [trouble.cause for trouble in unreachable] == ["UNREACHABLE"]
    expected = {"partner_center": "WRONG_SECRET", "rest": "WRONG_KEY"}[stand.kind]
    assert expected in [trouble.cause for trouble in refused]
    assert all(trouble.message and trouble.remedy for trouble in [*unreachable, *refused])
    assert stand.wrong_secret not in str([*unreachable, *refused])


@having("list_customers")
@pytest.mark.parametrize(
    "action",
    [{"kind": "truncate"}, {"kind": "html", "status": 200}, {"kind": "status", "status": 404}],
    ids=["cut off", "html", "missing"],
)
async def test_a_broken_page_is_an_error_and_never_a_shorter_list(stand, client, action):
    await stand.add(*map(a_customer, range(20)))
    await stand.simulator.fault(stand.broken, action, times=10)

    with pytest.raises(ProviderUnavailable):
        await pages_of(client)


@having("create_customer")
@pytest.mark.parametrize(
    "kind", ["timeout_after", "timeout_before", "drop_after", "drop", "truncate", "html"]
)
async def test_a_creation_without_an_answer_is_repeated_under_its_request_id_and_made_once(stand, kind):
    client = stand.open(timeout=QUICKLY, max_attempts=1)
    await client.is_domain_available("warm-up.onmicrosoft.com")
    await stand.simulator.fault("/customers$", {"kind": kind}, method="POST")

    with pytest.raises(ProviderUnavailable):
        await client.create_customer(northwind(), request_id="create")
    created = await client.create_customer(northwind(), request_id="create")

    [stored] = await stand.customers()
    assert stored["id"] == created.customer.id


@having("confirm", "list_confirmations")
@pytest.mark.parametrize(
    "kind", ["timeout_after", "timeout_before", "drop_after", "drop", "truncate", "html"]
)
async def test_a_confirmation_without_an_answer_is_made_once(stand, contoso, kind):
    client = stand.open(timeout=QUICKLY, max_attempts=1)
    await client.list_confirmations(contoso.id)
    await stand.simulator.fault("/agreements$", {"kind": kind}, method="POST")

    with pytest.raises(ProviderUnavailable):
        await confirm(client, stand, contoso.id, request_id="confirm")
    if not await client.list_confirmations(contoso.id):
        await confirm(client, stand, contoso.id, request_id="confirm")

    assert len(await stand.agreements()) == 1


FAULTS = {
    "429": {"kind": "status", "status": 429, "retryAfterSeconds": 0},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "html": {"kind": "html", "status": 502},
    "html in place of JSON": {"kind": "html", "status": 200},
    "cut off": {"kind": "truncate"},
    "closed": {"kind": "drop"},
    "timeout": {"kind": "timeout_before"},
}


@having("get_customer")
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_call_without_a_usable_answer_is_repeated_and_then_given_up(stand, contoso, fault):
    client = stand.open(timeout=QUICKLY, max_attempts=2)
    await client.get_customer(contoso.id)
    await stand.simulator.fault("/customers/", FAULTS[fault], times=3)

    with pytest.raises(ProviderUnavailable) as caught:
        await client.get_customer(contoso.id)

    assert stand.secret not in str(caught.value)
    assert await client.get_customer(contoso.id) == contoso


@having("get_customer")
async def test_how_long_to_wait_is_told(stand, client, contoso):
    throttled = {"kind": "status", "status": 429, "retryAfterSeconds": 61}
    await stand.simulator.fault("/customers/", throttled, times=9)

    with pytest.raises(ProviderUnavailable) as caught:
        await client.get_customer(contoso.id)

    assert caught.value.retry_after_seconds == 61


@having("get_customer")
async def test_wrong_credentials_need_an_administrator_and_are_not_told(stand):
    with pytest.raises(AdministratorNeeded) as caught:
        await stand.open(secret=stand.wrong_secret).get_customer(str(uuid4()))

    assert stand.wrong_secret not in str(caught.value)


@having("check_new_customer")
async def test_a_domain_that_is_refused_is_a_problem_of_the_new_customer(stand, client):
    refusal = {"kind": "status", "status": 400}
    await stand.simulator.fault("/domain(s|-check)/", refusal)

    problems = await client.check_new_customer(northwind())

    assert [(problem.code, problem.field) for problem in problems] == [("DOMAIN_UNAVAILABLE", ("domain",))]
