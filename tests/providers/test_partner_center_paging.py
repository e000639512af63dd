"""Pages of Partner Center lead to an end or to an error, whatever they say of the next one."""

from uuid import uuid4

import pytest

from providers.errors import CustomerNotVisible, ProviderUnavailable


async def ids_of_all(client):
    return [customer.id async for page in client.list_customers() for customer in page]


async def say(simulator, path, body, *, status=200, **which):
    await simulator.fault(path, {"kind": "status", "status": status, "body": body}, **which)


async def say_pages(simulator, pages):
    for number, page in enumerate(pages):
        await say(simulator, "/customers", page, skip=number)


async def test_pages_that_go_round_in_circles_end(simulator, client):
    one = {"items": [{"id": str(uuid4())}], "continuationToken": "A"}
    other = {"items": [{"id": str(uuid4())}], "continuationToken": "B"}
    await say_pages(simulator, [one, other] * 5)

    with pytest.raises(ProviderUnavailable, match="circles"):
        await ids_of_all(client)


async def test_empty_pages_on_the_way_are_no_end(simulator, client):
    last = str(uuid4())
    empty = [{"items": [], "continuationToken": token} for token in ("A", "B")]
    await say_pages(simulator, [*empty, {"items": [{"id": last}]}])

    assert await ids_of_all(client) == [last]


async def test_one_token_for_all_pages_is_followed_as_long_as_it_gives_new_ones(simulator, client):
    ids = [str(uuid4()) for _ in range(3)]
    pages = [{"items": [{"id": each}], "continuationToken": "A"} for each in ids]
    await say_pages(simulator, [*pages[:2], {**pages[2], "continuationToken": None}])

    assert await ids_of_all(client) == ids


@pytest.mark.parametrize(
    "page",
    [
        {"links": {"next": {"uri": "//[abc/v1/customers"}}},
        {"links": {"next": {"uri": "/customers?size=\x01"}}},
        {
            "links": {
                "next": {"uri": "/customers", "headers": [{"key": "MS-ContinuationToken", "value": "é"}]}
            }
        },
        {"continuationToken": "é"},
        {"continuationToken": "A\r\nAuthorization: Bearer"},
    ],
)
async def test_a_next_page_that_cannot_be_asked_for_is_a_broken_page(simulator, client, page):
    await say(simulator, "/customers", {"items": [], **page}, times=9)

    with pytest.raises(ProviderUnavailable, match="cannot be read"):
        await ids_of_all(client)


@pytest.mark.parametrize("asked", ["list_confirmations", "list_subscriptions"])
async def test_a_second_page_that_is_not_found_says_nothing_of_the_customer(simulator, client, asked):
    customer_id = str(uuid4())
    uri = f"/customers/{customer_id}/more?page=2"
    await say(simulator, f"/{customer_id}/", {"items": [], "links": {"next": {"uri": uri}}})
    await say(simulator, "page=2", {"code": 1000, "description": "Not found"}, status=404, times=9)

    with pytest.raises(ProviderUnavailable, match="code 1000") as caught:
        await getattr(client, asked)(customer_id)

    assert not isinstance(caught.value, CustomerNotVisible)
