"""A file that is moved, replaced or deleted under a running server takes no change with it."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from support.program import Program, Running

from agreements_api.database import Database
from graph.source import Habit, Query, Steps

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


def move(file: Path) -> Path:
    return file.rename(file.with_name("other.db"))


def replace(file: Path) -> Path:
    """Put a copy in its place, without what is in the log beside it."""
    other = move(file)
    shutil.copyfile(other, file)
    return other


def delete(file: Path) -> Path:
    file.unlink()
    return file


def names_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM accounts")]


@pytest.mark.parametrize("away", [delete, move, replace])
async def test_what_would_be_lost_is_refused(
    program: Program, tmp_path: Path, away: Callable[[Path], Path]
) -> None:
    file = tmp_path / "agreements.db"
    with program.serve() as server:
        account = await an_account(server, "Fabrikam")
        await server.ask(RENAME, id=account, name="Fabrikam, Inc.")

        other = away(file)
        was_there = file.exists()
        made = await answered(server, CREATE, name="Contoso")
        renamed = await answered(server, RENAME, id=account, name="Northwind")

        assert [codes for _, codes in (made, renamed)] == [["UNAVAILABLE"], ["UNAVAILABLE"]]
        assert not await is_ready(server)
        assert file.exists() == was_there
        log = server.output
        assert log.count("no change is taken until it is back") == 1
        refusals = [line for line in log.splitlines() if "OperationalError" in line]
        assert refusals
        assert all(f"The database file {file} was moved, replaced or deleted." in line for line in refusals)
    for left in {file, other}:
        assert not left.exists() or "Contoso" not in names_in(left)


async def test_a_file_that_comes_back_is_written_again(program: Program, tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "agreements.db", tmp_path / "elsewhere.db"
    with program.serve("--no-jobs") as server:
        account = await an_account(server, "Fabrikam")
        file.rename(elsewhere)
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


async def test_no_other_file_is_opened_in_its_place(tmp_path: Path) -> None:
    def steps() -> Steps[None]:
        yield Query("SELECT 1", ())

    file = tmp_path / "agreements.db"
    async with Database(f"sqlite:///{file}") as database:
        async with database.writes.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE words (word TEXT)")
        bookkeeping = create_engine(f"sqlite:///{file}")
        database.guard(bookkeeping)
        move(file)

        with pytest.raises(OperationalError):
            await database.ask()
        with pytest.raises(OperationalError):
            await database.plans.run(steps(), Habit(aside=1), one=True)
        with pytest.raises(OperationalError):
            bookkeeping.connect()
        for engine in (database.reads, database.writes):
            with pytest.raises(OperationalError):
                async with engine.begin():
                    pass
    assert not file.exists()


async def test_a_transaction_looks_when_it_has_waited_for_the_lock(tmp_path: Path) -> None:
    file = tmp_path / "agreements.db"
    async with Database(f"sqlite:///{file}") as database:
        async with database.writes.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE words (word TEXT)")

        async def write() -> None:
            async with database.writes.begin() as connection:
                await connection.exec_driver_sql("INSERT INTO words VALUES ('one')")

        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            writing = asyncio.create_task(write())
            await asyncio.wait([writing], timeout=0.2)
            moved = move(file)
            other.execute("ROLLBACK")
            with pytest.raises(OperationalError):
                await writing
        moved.rename(file)
        await write()
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("SELECT count(*) FROM words").fetchone() == (1,)
