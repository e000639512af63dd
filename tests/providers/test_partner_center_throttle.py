"""The budget of a partner is kept in every minute, and a throttled call keeps all others back."""

import asyncio
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.patience import PATIENCE_SECONDS
from support.simulator_client import customer
from support.virtual_clock import VirtualClock

from providers.errors import ProviderUnavailable
from providers.partner_center.throttle import Throttle

CUSTOMER = httpx.Request("GET", "https://there.example/v1/customers/1")
TERMS = httpx.Request("GET", "https://there.example/v1/agreements")
MINUTE = timedelta(minutes=1)


class TimeLine:
    """Passes when everybody sleeps: always to the next who wakes."""

    def __init__(self):
        self.moment = datetime(2026, 6, 14, tzinfo=UTC)
        self._sleepers = []

    def now(self):
        return self.moment

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.moment + timedelta(seconds=seconds), len(self._sleepers), woken))
        await woken

    async def run(self, *work):
        tasks = [asyncio.ensure_future(each) for each in work]
        while not all(task.done() for task in tasks):
            for _ in range(4 + 4 * len(tasks)):
                await asyncio.sleep(0)
            waiting = [sleeper for sleeper in self._sleepers if not sleeper[2].done()]
            if waiting:
                at, _, woken = min(waiting, key=lambda sleeper: sleeper[:2])
                self.moment = max(self.moment, at)
                woken.set_result(None)
        return [task.result() for task in tasks]


def throttled(seconds):
    return httpx.Response(429, headers={"Retry-After": str(seconds)})


def assert_at_most(per_minute, arrived):
    """Slide a minute over the arrivals; what the clock cannot tell apart is let pass."""
    arrived = sorted(arrived)
    for first, beyond in zip(arrived, arrived[per_minute:], strict=False):
        assert beyond - first >= MINUTE - timedelta(milliseconds=1)


@settings(deadline=None, max_examples=60)
@given(
    per_minute=st.integers(1, 6),
    calls=st.lists(
        # when it comes, how long it is on the way there, and on the way back
        st.tuples(*(st.just(0.0) | st.floats(0, longest) for longest in (150, 20, 20))),
        min_size=1,
        max_size=24,
    ),
)
def test_no_more_calls_than_the_budget_arrive_in_any_minute(per_minute, calls):
    time, arrived = TimeLine(), []
    throttle = Throttle(per_minute, time)

    async def call(start, there, back):
        await time.sleep(start)
        async with throttle.turn(CUSTOMER):
            await time.sleep(there)
            arrived.append(time.now())
            await time.sleep(back)

    async def everything():
        await time.run(*(call(*each) for each in calls))

    asyncio.run(everything())

    assert len(arrived) == len(calls)
    assert_at_most(per_minute, arrived)


async def test_calls_go_out_in_the_order_they_came():
    time, out = TimeLine(), []
    throttle = Throttle(2, time)

    async def call(number):
        async with throttle.turn(CUSTOMER):
            out.append((number, time.now()))

    began = time.now()
    await time.run(*(call(number) for number in range(5)))

    assert [number for number, _ in out] == [0, 1, 2, 3, 4]
    assert [at - began for _, at in out] == [MINUTE * 0, MINUTE * 0, MINUTE, MINUTE, MINUTE * 2]


async def test_a_throttled_call_keeps_all_others_back_and_then_they_go_out_evenly():
    time, out = TimeLine(), []
    throttle = Throttle(60, time)

    async def call(request):
        async with throttle.turn(request):
            out.append(time.now())

    async with throttle.turn(CUSTOMER):
        throttle.note(throttled(30))
    began = time.now()
    await time.run(*(call(CUSTOMER) for _ in range(3)), call(TERMS))

    assert [(at - began).total_seconds() for at in sorted(out)] == [30, 30, 31, 32]


async def test_what_is_not_about_customers_is_not_counted():
    time = TimeLine()
    throttle = Throttle(1, time)

    for _ in range(5):
        async with throttle.turn(TERMS):
            pass
    async with throttle.turn(CUSTOMER):
        pass

    assert time.now() == TimeLine().now()


async def test_without_a_budget_only_the_gate_holds_back():
    time = TimeLine()
    throttle = Throttle(0, time)

    for _ in range(5):
        async with throttle.turn(CUSTOMER):
            throttle.note(httpx.Response(200))

    assert time.now() == TimeLine().now()


async def test_nobody_waits_at_a_gate_that_stays_closed_for_long():
    throttle = Throttle(500, TimeLine())
    async with throttle.turn(CUSTOMER):
        throttle.note(throttled(90))

    with pytest.raises(ProviderUnavailable) as caught:
        async with throttle.turn(CUSTOMER):
            pass

    assert caught.value.retry_after_seconds == 90


async def test_who_gives_up_in_the_line_holds_nobody_up():
    throttle = Throttle(1, VirtualTime())
    async with throttle.turn(CUSTOMER):
        waiting = asyncio.create_task(_enter(throttle))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    async with asyncio.timeout(PATIENCE_SECONDS):
        await _enter(throttle)


class VirtualTime:
    def __init__(self):
        self.moment = datetime(2026, 6, 14, tzinfo=UTC)

    def now(self):
        return self.moment

    async def sleep(self, seconds):
        await asyncio.sleep(0)
        self.moment += timedelta(seconds=seconds)


async def _enter(throttle):
    async with throttle.turn(CUSTOMER):
        pass


async def read_all(client, ids, *, at_once=20):
    """Ask for each customer, so many at a time."""
    left = iter(ids)

    async def work():
        for customer_id in left:
            assert await client.get_customer(customer_id) is not None

    await asyncio.gather(*(work() for _ in range(at_once)))


async def a_market(simulator, partner, count):
    customers = [customer(number) for number in range(1, count + 1)]
    await simulator.add_customers(partner.tenant_id, customers)
    return [each["id"] for each in customers]


async def refusals_by_call(simulator):
    """Count how often each call was throttled."""
    calls = await simulator.requests()
    return Counter(call["requestId"] for call in calls if call["status"] == 429)


async def test_within_the_budget_no_call_is_ever_throttled(simulator, partner, connect):
    await simulator.settings(requestsPerMinute=500)
    ids = await a_market(simulator, partner, 2_000)
    clock = VirtualClock(simulator)
    clients = [connect(partner, clock=clock) for _ in range(2)]

    await asyncio.gather(*(read_all(client, ids[number::2]) for number, client in enumerate(clients)))

    assert await refusals_by_call(simulator) == {}
    arrived = [call["at"] for call in await simulator.requests() if "/customers/" in call["path"]]
    assert_at_most(500, [datetime.fromisoformat(at) for at in arrived])
    assert timedelta(minutes=3) <= clock.slept < timedelta(minutes=5)


async def test_where_others_spend_too_no_call_is_throttled_twice(simulator, partner, connect):
    await simulator.settings(requestsPerMinute=400)
    ids = await a_market(simulator, partner, 700)
    client = connect(partner, clock=VirtualClock(simulator))

    await read_all(client, ids)

    throttled = await refusals_by_call(simulator)
    assert throttled
    assert max(throttled.values()) == 1


async def test_while_throttled_nothing_is_sent(simulator, partner, connect):
    clock = VirtualClock(simulator)
    client = connect(partner, clock=clock)
    ids = await a_market(simulator, partner, 3)
    await client.get_customer(ids[0])
    await simulator.clear_requests()
    await simulator.fault("/customers/", {"kind": "status", "status": 429, "retryAfterSeconds": 40})

    await asyncio.gather(*(client.get_customer(customer_id) for customer_id in ids))

    sent = defaultdict(list)
    for call in await simulator.requests():
        sent[call["status"]].append(datetime.fromisoformat(call["at"]))
    under_way = [at for at in sent[200] if at < sent[429][0] + timedelta(seconds=1)]
    assert len(under_way) < 3
    assert all(at >= sent[429][0] + timedelta(seconds=39) for at in sent[200] if at not in under_way)
