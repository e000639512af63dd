"""GraphQL over HTTP: what is served at once, and for how long."""

import asyncio
import time

import httpx
import pytest
from support.library.endpoint import an_app, asking
from support.library.engines import Library, an_engine
from support.library.seed import fill
from support.library.slow import GIVEN_UP
from support.servers import serving

import graph
from graph.admission import Admission, Budget

COUNT = "{ books { totalCount } }"


async def test_too_much_at_once_is_turned_away_and_asked_to_come_back(library: Library) -> None:
    engine = an_engine(admission=Admission(2))
    async with asking(an_app(library, engine=engine)) as client:
        ask = {"query": "{ nap(seconds: 0.3) }"}
        answers = await asyncio.gather(*(client.post("/graphql", json=ask) for _ in range(5)))
        after = await client.post("/graphql", json={"query": COUNT})

    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503, 503]
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert after.status_code == 200


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed, application/json"])
async def test_no_way_of_answering_goes_around_the_places(library: Library, accept: str) -> None:
    engine = an_engine(admission=Admission(2))
    async with asking(an_app(library, engine=engine)) as client:
        ask = {"query": "{ __typename ... @defer { nap(seconds: 0.3) } }"}
        answers = await asyncio.gather(
            *(client.post("/graphql", json=ask, headers={"accept": accept}) for _ in range(5))
        )

    assert sum("OVERLOADED" in answer.text for answer in answers) == 3
    assert sum("rested" in answer.text for answer in answers) == 2


async def test_only_so_many_streams_are_open_at_once(library: Library) -> None:
    headers = {"accept": "text/event-stream"}
    async with asking(an_app(library, streams=Admission(0, "streams are open"))) as client:
        ask = {"query": "subscription ($id: ID!) { book(id: $id) { id } }", "variables": {"id": "x"}}
        answer = await client.post("/graphql", json=ask, headers=headers)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_what_waits_to_be_sent_is_bounded_for_all_clients_together(library: Library) -> None:
    async with asking(an_app(library, budget=Budget(1_000))) as client:
        short = await client.post("/graphql", json={"query": COUNT})
        long = await client.post("/graphql", json={"query": "{ __schema { types { name description } } }"})

    assert (short.status_code, long.status_code) == (200, 503)


async def test_a_response_is_never_longer_than_its_bound(library: Library) -> None:
    await fill(library, 5)
    engine = an_engine(bounds=graph.Bounds(response_bytes=300))
    async with asking(an_app(library, engine=engine)) as client:
        short = await client.post("/graphql", json={"query": COUNT})
        long = await client.post("/graphql", json={"query": "{ books { edges { node { name } } } }"})

    assert short.json() == {"data": {"books": {"totalCount": 15}}}
    assert long.json()["data"] is None
    assert long.json()["errors"][0]["extensions"]["code"] == "RESPONSE_TOO_LARGE"


async def test_work_ends_when_the_client_leaves(library: Library) -> None:
    delays = []
    app = an_app(library)
    async with serving(app) as url:
        for _ in range(20):
            GIVEN_UP.clear()
            async with httpx.AsyncClient(base_url=url) as client:
                ask = client.post("/graphql", json={"query": "{ nap(seconds: 60) }"}, timeout=0.1)
                with pytest.raises(httpx.ReadTimeout):
                    await ask
            left = time.monotonic()
            async with asyncio.timeout(5):
                while not GIVEN_UP:  # noqa: ASYNC110  # the resolver knows nothing of an event
                    await asyncio.sleep(0.005)
            delays.append(GIVEN_UP[0] - left)

    assert max(delays) <= 0.2
