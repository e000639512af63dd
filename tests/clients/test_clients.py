"""Each GraphQL client does with the server what it can do: one test for a client and a feature.

The scripts in `apps` tell what the client handed to its application; ids are left out.
"""

from hashlib import sha256
from typing import Any

import pytest
from support.clients import Clients, Compiled


def page(first: int) -> dict[str, Any]:
    edges = [{"node": {"name": f"Contract {number}"}} for number in range(1, first + 1)]
    return {"account": {"name": "Contoso Ltd", "agreements": {"totalCount": 5, "edges": edges}}}


def rows(count: int) -> dict[str, Any]:
    return {"edges": [{"node": {"name": f"Contract {number}"}} for number in range(1, count + 1)]}


def made(name: str, domain: str) -> dict[str, Any]:
    return {"createAccount": {"account": {"name": name, "domain": domain}, "userErrors": []}}


def attached(name: str) -> dict[str, Any]:
    content = f"%PDF-1.7\n% from {name}\n%%EOF\n".encode()
    document = {
        "fileName": f"{name}.pdf",
        "contentType": "application/pdf",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "kind": "SIGNED",
    }
    return {"attachDocument": {"document": document, "userErrors": []}}


EMPTY_NAME = {
    "createAccount": {
        "account": None,
        "userErrors": [{"code": "INVALID", "field": ["name"], "message": "This may not be empty."}],
    }
}
NO_ID = {"data": {"agreement": None}, "codes": ["BAD_ID"]}
NOT_VALID = {"codes": ["GRAPHQL_VALIDATION_FAILED"]}
ENDED_JOB = [{"kind": "BULK_CREATE", "status": "SUCCEEDED"}]
CHANGES = ["CREATED", "DEACTIVATED"]
DEFERRED = {
    "first": {"account": {"name": "Contoso Ltd"}},
    "last": {"account": {"name": "Contoso Ltd", "domain": "contoso.example", "agreements": rows(3)}},
}
STREAMED = {
    "first": {"account": {"name": "Contoso Ltd", "agreements": rows(1)}},
    "last": {"account": {"name": "Contoso Ltd", "agreements": rows(4)}},
}

FEATURES: dict[str, dict[str, object]] = {
    "apollo": {
        "query": page(2),
        "query by GET": page(2),
        "mutation": made("Apollo", "apollo.example"),
        "user errors": EMPTY_NAME,
        "errors": NO_ID,
        "invalid document": NOT_VALID,
        "subscription over WebSocket": ENDED_JOB,
        "changes over WebSocket": CHANGES,
        "subscription over multipart": ENDED_JOB,
        "changes over multipart": CHANGES,
        "subscription that fails, over multipart": ["BAD_ID"],
        "@defer, deferSpec=20220824": DEFERRED,
        "@stream, deferSpec=20220824": STREAMED,
        "@defer, incrementalSpec=v0.2": DEFERRED,
        "@stream, incrementalSpec=v0.2": STREAMED,
        "upload": attached("apollo"),
        "persisted queries": {
            "same": True,
            "requests": ["POST extensions", "POST query extensions", "POST extensions"],
        },
        "persisted queries by GET": {
            "same": True,
            "requests": ["GET extensions", "POST query extensions", "GET extensions"],
        },
    },
    "urql": {
        "query by GET": page(2),
        "query": page(2),
        "mutation": made("urql", "urql.example"),
        "user errors": EMPTY_NAME,
        "errors": NO_ID,
        "invalid document": NOT_VALID,
        "subscription over WebSocket": ENDED_JOB,
        "changes over WebSocket": CHANGES,
        "subscription over SSE": ENDED_JOB,
        "changes over SSE": CHANGES,
        "subscription that fails, over SSE": ["BAD_ID"],
        "subscription over multipart": ENDED_JOB,
        "@defer": DEFERRED,
        "@defer by POST": DEFERRED,
        "@stream": STREAMED,
        "upload": attached("urql"),
        "persisted queries": {
            "same": True,
            "requests": ["GET extensions", "GET query extensions", "GET extensions"],
        },
        "document by id": {"data": page(2), "requests": ["GET documentId"]},
        "document by id by POST": {"data": page(2), "requests": ["POST documentId"]},
    },
    "graphql-ws": {
        "query": page(2),
        "mutation": made("graphql-ws", "ws.example"),
        "user errors": EMPTY_NAME,
        "errors": NO_ID,
        "invalid document": NOT_VALID,
        "subscription": ENDED_JOB,
        "changes": CHANGES,
        "one socket for several": {
            "bad": ["GRAPHQL_VALIDATION_FAILED"],
            "page": page(1),
            "changes": CHANGES,
            "closed": [],
        },
        "ping": "pong",
        "persisted queries": {"unknown": ["PERSISTED_QUERY_NOT_FOUND"], "same": True},
        "document by id": page(2),
    },
    "graphql-sse": {
        "query": page(2),
        "mutation": made("graphql-sse", "sse.example"),
        "user errors": EMPTY_NAME,
        "errors": NO_ID,
        "invalid document": NOT_VALID,
        "subscription": ENDED_JOB,
        "changes": CHANGES,
        "subscription that fails": ["BAD_ID"],
        "persisted queries": {"unknown": ["PERSISTED_QUERY_NOT_FOUND"], "same": True},
        "document by id": page(2),
    },
    "relay": {
        "query": {"node": {"name": "Contract 1", "status": "ACTIVE"}},
        "pages of a connection": {
            "first": ["Contract 1", "Contract 2"],
            "both": ["Contract 1", "Contract 2", "Contract 3", "Contract 4"],
            "more": True,
        },
        "mutation": made("Relay", "relay.example"),
        "mutation changes the store": ["ACTIVE", "INACTIVE"],
        "user errors": EMPTY_NAME,
        "errors": {"ok": False, "codes": ["BAD_ID"]},
        "subscription": ENDED_JOB,
        "@defer": {
            "first": {"name": "Contoso Ltd"},
            "last": {"name": "Contoso Ltd", "domain": "contoso.example", "agreements": rows(3)},
        },
        "@stream": {
            "first": {"name": "Contoso Ltd", "contracts": ["Contract 1"]},
            "last": {"name": "Contoso Ltd", "contracts": [f"Contract {number}" for number in range(1, 5)]},
        },
        "upload": attached("relay"),
        "document by id": {"node": {"name": "Contract 1", "status": "ACTIVE"}},
    },
}


@pytest.mark.parametrize(
    ("client", "feature"), [(client, feature) for client, each in FEATURES.items() for feature in each]
)
def test_the_client_can_do_it(clients: Clients, client: str, feature: str) -> None:
    told = clients.report(client)[feature]

    assert "error" not in told, told["error"]
    assert told["value"] == FEATURES[client][feature]


@pytest.mark.parametrize("client", FEATURES)
def test_all_that_a_script_tries_is_looked_at(clients: Clients, client: str) -> None:
    assert set(clients.report(client)) == set(FEATURES[client])


def test_relay_compiles_what_its_app_asks(compiled: Compiled) -> None:
    assert compiled.said == ""
    assert len(compiled.documents) == 10
