"""A file that is moved, replaced or deleted under a running server takes no change with it."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.program import Program, Running

from agreements_api.database_file import LOOK_SECONDS

CREATE = """mutation ($name: String!) { createAccount(input: {name: $name}) { account { id } } }"""
RENAME = """mutation ($id: ID!, $name: String!) {
  updateAccount(input: {accountId: $id, name: $name}) { account { name } userErrors { message } } }"""
NAMES = "{ accounts(first: 5) { edges { node { name } } } }"


async def answered(server: Running, query: str, **variables: str) -> tuple[object, list[str]]:
    """The data, and the codes of the errors."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client:
        answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    return answer.get("data"), [error["extensions"]["code"] for error in answer.get("errors", ())]


async def is_ready(server: Running) -> bool:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client:
        return (await client.get("/readyz")).status_code == 200


async def an_account(server: Running, name: str) -> str:
    made: dict[str, dict[str, dict[str, str]]] = await server.ask(CREATE, name=name)  # type: ignore[assignment]  # as asked for
    return made["createAccount"]["account"]["id"]


def replace(file: Path) -> None:
    copy = file.with_name("restored.db")
    shutil.copyfile(file, copy)
    copy.rename(file)


@pytest.mark.parametrize("away", [Path.unlink, replace, lambda file: file.rename(file.with_name("other.db"))])
async def test_what_would_be_lost_is_refused(
    program: Program, tmp_path: Path, away: Callable[[Path], object]
) -> None:
    file = tmp_path / "agreements.db"
    with program.serve() as server:
        account = await an_account(server, "Fabrikam")
        await server.ask(RENAME, id=account, name="Fabrikam, Inc.")

        away(file)
        was_there = file.exists()
        await asyncio.sleep(LOOK_SECONDS)
        made = await answered(server, CREATE, name="Contoso")
        renamed = await answered(server, RENAME, id=account, name="Northwind")

        assert [codes for _, codes in (made, renamed)] == [["UNAVAILABLE"], ["UNAVAILABLE"]]
        assert not await is_ready(server)
        assert file.exists() == was_there
        assert server.output.count("nothing is written until it is back") == 1


async def test_a_file_that_comes_back_is_written_again(program: Program, tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "agreements.db", tmp_path / "elsewhere.db"
    with program.serve("--no-jobs") as server:
        account = await an_account(server, "Fabrikam")
        file.rename(elsewhere)
        await asyncio.sleep(LOOK_SECONDS)
        _, refused = await answered(server, RENAME, id=account, name="Northwind")

        elsewhere.rename(file)

        assert refused
        assert await is_ready(server)
        await server.ask(RENAME, id=account, name="Fabrikam, Inc.")
        assert await an_account(server, "Contoso") != account
    with program.serve("--no-jobs") as again:
        found, _ = await answered(again, NAMES)

    assert "Fabrikam, Inc." in str(found)
    assert "Contoso" in str(found)
