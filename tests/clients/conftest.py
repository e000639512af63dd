"""One server with rows that clients ask for, and the clients' own programs."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients import DOCUMENT, DOCUMENT_ID, Clients, Compiled, as_given, compile_relay, make_rows
from support.node import install_clients
from support.program import Program, Running

import schema

SDL = Path(schema.__file__).with_name("schema.graphql")


@pytest.fixture(scope="session")
def node_packages() -> None:
    """The packages of package-lock.json."""
    install_clients()


@pytest.fixture(scope="session")
def compiled(node_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return compile_relay(tmp_path_factory.mktemp("relay"), SDL)


@pytest.fixture(scope="session")
def server(compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """It knows a document of ours from the start, besides those that Relay compiled."""
    folder = tmp_path_factory.mktemp("server")
    manifest = folder / "documents.json"
    manifest.write_text(json.dumps({DOCUMENT_ID: DOCUMENT, **compiled.documents}))
    with Program(folder).serve(trusted_documents=str(manifest)) as running:
        yield running


@pytest.fixture(scope="session")
def given(server: Running, compiled: Compiled) -> dict[str, str]:
    return as_given(server, asyncio.run(make_rows(server)), compiled)


@pytest.fixture(scope="session")
def clients(given: dict[str, str]) -> Clients:
    return Clients(given)
