"""A database that is away or full is told so: the client may try again, and the log is not flooded."""

import pytest
from support.api import Api
from support.outages import fill, refusing_connections

from graph.errors import MAY_BE_DONE

CREATE = "mutation ($name: String!) { createAccount(input: {name: $name}) { account { id } } }"


async def test_a_full_disk_is_told_as_such(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    if not api.services.database.is_sqlite:
        pytest.skip("PostgreSQL: its disk cannot be filled here")
    await fill(api.services.database)

    answers = [await api.ask(CREATE, name=f"{'Fabrikam ' * 15}{number}") for number in range(100)]

    [error] = answers[-1]["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["message"].startswith("The database ")
    assert error["message"].endswith(MAY_BE_DONE)
    assert "SQLITE_FULL" not in str(answers[-1])
    assert "database or disk is full" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("api", [True, False], ids=["planned", "by graphql-core"], indirect=True)
async def test_a_database_that_is_away_is_told_as_such(api: Api, database_url: str) -> None:
    if api.services.database.is_sqlite:
        pytest.skip("SQLite: there is no server whose connections could be refused or cut off")
    async with refusing_connections(database_url):
        assert await api.code("{ accounts(first: 1) { edges { node { name } } } }") == "UNAVAILABLE"
        assert await api.code(CREATE, name="Fabrikam") == "UNAVAILABLE"

    await api.data(CREATE, name="Fabrikam")
    found = await api.data("{ accounts(first: 1) { edges { node { name } } } }")
    assert found == {"accounts": {"edges": [{"node": {"name": "Fabrikam"}}]}}
