"""Hundreds of requests that no well-meaning client sends: each gets a coded answer, and harms nobody."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from support.hostile import Attack, attacks
from support.program import Program, Running
from support.wire import Answer, exchange

ATTACKS = attacks()
P99_SECONDS, LONGEST_SECONDS = 0.25, 2.0


@pytest.fixture(scope="module")
def hostile_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The program with the limits that it has unless somebody sets others."""
    with Program(tmp_path_factory.mktemp("hostile")).serve("--no-jobs") as running:
        yield running


async def test_every_hostile_request_gets_a_coded_answer_at_once(hostile_server: Running) -> None:
    answers = [(attack, await exchange(hostile_server.url, attack.wire())) for attack in ATTACKS]

    assert len(ATTACKS) >= 200
    wrong = [f"{attack.name}: {told}" for attack, answer in answers if (told := complaint(answer))]
    assert wrong == []
    times = sorted(answer.seconds for _, answer in answers)
    assert times[len(times) * 99 // 100] <= P99_SECONDS
    assert times[-1] <= LONGEST_SECONDS
    assert await hostile_server.ask("{ providers { totalCount } }") == {"providers": {"totalCount": 2}}
    assert "Traceback" not in hostile_server.output


async def test_hostile_requests_at_once_do_not_keep_others_waiting(hostile_server: Running) -> None:
    async def attack_all(some: list[Attack]) -> list[str]:
        return [complaint(await exchange(hostile_server.url, each.wire(), seconds=20)) for each in some]

    attacking = [asyncio.create_task(attack_all(ATTACKS[n::8])) for n in range(8)]
    delays = []
    while not all(task.done() for task in attacking):
        began = asyncio.get_running_loop().time()
        assert await hostile_server.ask("{ viewer { name } }") == {"viewer": {"name": "local"}}
        delays.append(asyncio.get_running_loop().time() - began)

    assert [told for task in attacking for told in task.result() if told] == []
    assert max(delays) <= LONGEST_SECONDS


async def test_half_open_connections_do_not_disturb_anybody(hostile_server: Running) -> None:
    host, port = hostile_server.url.removeprefix("http://").split(":")
    beginnings = [b"", b"POST /gra", b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n"]
    beginnings.append(beginnings[-1] + b"content-type: application/json\r\ncontent-length: 100\r\n\r\n{")
    opened = []
    try:
        for n in range(500):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(beginnings[n % len(beginnings)])
            opened.append(writer)
        delays = []
        for _ in range(50):
            began = asyncio.get_running_loop().time()
            assert await hostile_server.ask("{ viewer { name } }") == {"viewer": {"name": "local"}}
            delays.append(asyncio.get_running_loop().time() - began)
    finally:
        for writer in opened:
            writer.close()

    assert sorted(delays)[len(delays) * 95 // 100] <= P99_SECONDS


def complaint(answer: Answer) -> str:
    """What is wrong with the answer; empty when nothing is."""
    if not answer.complete:
        return f"the connection was dropped after {answer.status or 'nothing'}"
    if answer.status >= 500:
        return f"{answer.status} {answer.body[:200]!r}"
    return "" if 300 <= answer.status < 400 else _complaint_of_content(answer)


def _complaint_of_content(answer: Answer) -> str:
    try:
        errors = json.loads(answer.body).get("errors", [])
    except ValueError:
        return f"{answer.status} is not JSON: {answer.body[:200]!r}"
    if answer.status >= 400 and not errors:
        return f"{answer.status} without errors"
    coded = all(error["extensions"]["code"] and error["extensions"]["requestId"] for error in errors)
    return "" if coded else f"an error without a code: {errors}"
