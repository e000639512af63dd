"""Calls without a usable answer are repeated, under the same request id and not for ever."""

from datetime import timedelta
from uuid import uuid4

import pytest
from support.provider_calls import QUICKLY
from support.virtual_clock import VirtualClock

from providers.errors import ProviderUnavailable


async def request_ids(simulator):
    return [call["requestId"] for call in await simulator.requests() if "/customers" in call["path"]]


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "html"},
        {"kind": "drop"},
        {"kind": "truncate"},
        {"kind": "timeout_before"},
    ],
    ids=["500", "503", "html", "drop", "truncate", "timeout"],
)
async def test_a_call_without_a_usable_answer_is_repeated_under_its_request_id(
    simulator, partner, connect, action
):
    client = connect(partner, timeout=QUICKLY)
    await simulator.fault("/customers$", action, times=2)

    assert await anext(client.list_customers()) == []

    sent = await request_ids(simulator)
    assert len(sent) == 3
    assert len(set(sent)) == 1


async def test_each_call_has_a_request_id_of_its_own(simulator, client):
    await client.get_customer(str(uuid4()))
    await client.get_customer(str(uuid4()))

    assert len(set(await request_ids(simulator))) == 2


async def test_the_provider_says_how_long_to_wait(simulator, partner, connect):
    throttled = {"kind": "status", "status": 429, "retryAfterSeconds": 50}
    await simulator.fault("/customers$", throttled)
    clock = VirtualClock(simulator)

    assert await anext(connect(partner, clock=clock).list_customers()) == []

    assert timedelta(seconds=40) < clock.slept <= timedelta(seconds=50)
    assert len(await request_ids(simulator)) == 2


async def test_pauses_double_and_have_an_end(simulator, partner, connect):
    await simulator.fault("/customers$", {"kind": "status", "status": 503}, times=9)
    clock = VirtualClock(simulator)
    client = connect(partner, clock=clock, max_attempts=6, first_wait=timedelta(seconds=1))

    with pytest.raises(ProviderUnavailable):
        await anext(client.list_customers())

    # 1, 2, 4, 8 and 8 seconds, up to half a second more for each that is shorter than the longest
    assert timedelta(seconds=22) < clock.slept < timedelta(seconds=25)


async def test_a_call_is_not_repeated_after_three_minutes(simulator, partner, connect):
    throttled = {"kind": "status", "status": 429, "retryAfterSeconds": 55}
    await simulator.fault("/customers$", throttled, times=20)
    clock = VirtualClock(simulator)

    with pytest.raises(ProviderUnavailable):
        await anext(connect(partner, clock=clock, max_attempts=20).list_customers())

    assert len(await request_ids(simulator)) == 4
    assert clock.slept <= timedelta(minutes=3)


async def test_a_long_wait_is_the_callers(simulator, client):
    throttled = {"kind": "status", "status": 429, "retryAfterSeconds": 61}
    await simulator.fault("/customers$", throttled)

    with pytest.raises(ProviderUnavailable) as caught:
        await anext(client.list_customers())

    assert caught.value.retry_after_seconds == 61
    assert caught.value.provider_code == "429"
    assert len(await request_ids(simulator)) == 1


async def test_attempts_end(simulator, partner, connect):
    await simulator.fault("/customers$", {"kind": "status", "status": 500}, times=100)

    with pytest.raises(ProviderUnavailable) as caught:
        await anext(connect(partner, max_attempts=3).list_customers())

    assert len(await request_ids(simulator)) == 3
    assert caught.value.request_id == (await request_ids(simulator))[0]


async def test_a_service_that_is_not_there_is_unavailable(partner, connect):
    client = connect(partner, base_url="http://127.0.0.1:9", max_attempts=2)

    with pytest.raises(ProviderUnavailable, match="ConnectError"):
        await client.get_customer(str(uuid4()))


async def test_a_client_can_be_closed_twice(client):
    await client.aclose()
    await client.aclose()
