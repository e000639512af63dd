"""GraphiQL works in a real browser, under a strict policy, from our own files."""

import asyncio
import base64
import os
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from support.browser import CHROMIUM, Page, open_page
from support.databases import in_ci
from support.servers import serving

from agreements_api.graphiql import TourDocument, graphiql_routes, read_tour

TOUR = [
    TourDocument(
        "Say hello", "# Say hello\nquery Hello($name: String!) { hello(name: $name) }\n", {"name": "Ada"}
    ),
    TourDocument("Count", "# Count\nsubscription Count { count }\n", {}),
]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str) -> str:
        return f"Hello {name}!"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self) -> AsyncGenerator[int]:
        for number in range(1, 4):
            yield number
            await asyncio.sleep(0.01)


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    schema = strawberry.Schema(query=Query, subscription=Subscription)
    graphql = GraphQL[None, None](schema, graphql_ide=None)
    app = Starlette(
        routes=[*graphiql_routes(TOUR), Route("/graphql", graphql), WebSocketRoute("/graphql", graphql)]
    )
    async with serving(app) as url:
        yield url


@pytest.fixture
async def client(origin: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=origin, trust_env=False) as made:
        yield made


@pytest.fixture
async def page(origin: str) -> AsyncIterator[Page]:
    if CHROMIUM is None and not in_ci():
        pytest.skip("GraphiQL in a browser: Chromium is not installed")
    async with open_page(f"{origin}/graphiql") as opened:
        await opened.until("document.querySelector('.tour li button') !== null")
        await opened.until("document.querySelectorAll('.monaco-editor .view-line').length > 0")
        yield opened


EXECUTE = "document.querySelector('button.graphiql-execute-button').click()"
RESPONSE = "document.querySelector('section.result-window').innerText.replaceAll('\\u00a0', ' ')"


def open_from_tour(name: str) -> str:
    return f"[...document.querySelectorAll('.tour button')].find(b => b.innerText === {name!r}).click()"


async def test_a_person_runs_the_documents_of_the_tour(page: Page, origin: str) -> None:
    await page.evaluate(EXECUTE)
    await page.until(f"{RESPONSE}.includes('Hello Ada!')")

    await page.evaluate(open_from_tour("Count"))
    await page.until("document.querySelector('.graphiql-tab-active').innerText.includes('Count')")
    await page.evaluate(EXECUTE)
    await page.until(f"{RESPONSE}.includes('\"count\": 3')")

    await page.evaluate(open_from_tour("Say hello"))
    await page.until(f"{RESPONSE}.includes('Hello Ada!')")
    assert await page.evaluate("document.querySelectorAll('.graphiql-tab').length") == 2

    if folder := os.environ.get("SCREENSHOTS"):
        picture = (await page.send("Page.captureScreenshot"))["data"]
        (Path(folder) / "graphiql.png").write_bytes(base64.b64decode(picture))
    assert page.complaints == []
    assert page.hosts() == {urlsplit(origin).netloc}
    assert any(url.startswith("ws://") for url in page.requested)


async def test_the_schema_is_offered_while_typing(page: Page) -> None:
    operation = "window.__MONACO.editor.getModels().find(model => model.uri.path.includes('operation'))"
    await page.until(f"{operation} !== undefined")
    await page.evaluate(f"{operation}.setValue('{{ nonsense }}')")

    await page.until("window.__MONACO.editor.getModelMarkers({}).some(m => m.message.includes('nonsense'))")
    assert page.complaints == []


async def test_the_page_names_what_it_may_load(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphiql")

    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_files_of_the_bundle_are_kept_for_ever(client: httpx.AsyncClient, encoding: str) -> None:
    html = (await client.get("/graphiql")).text
    script = html.partition('src="')[2].partition('"')[0]

    answer = await client.get(script, headers={"accept-encoding": encoding})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert len(answer.content) > 100_000


@pytest.mark.parametrize("name", ["nothing.js", "..%2findex.html", "..%2f..%2f..%2f..%2fsettings.py"])
async def test_nothing_else_is_given_away(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/graphiql/assets/{name}")).status_code == 404


async def test_the_licences_of_what_is_bundled_are_served(client: httpx.AsyncClient) -> None:
    licences = (await client.get("/graphiql/licenses.txt")).text

    assert all(f"\n{name} " in licences for name in ("graphiql", "monaco-editor", "react", "graphql-ws"))


def test_a_tour_is_read_in_the_order_of_its_file_names(tmp_path: Path) -> None:
    (tmp_path / "02-count.graphql").write_text("# Count\nsubscription { count }\n")
    (tmp_path / "01-hello.graphql").write_text("# Say hello\nquery ($name: String!) { hello(name: $name) }\n")
    (tmp_path / "01-hello.variables.json").write_text('{"name": "Ada"}')

    documents = read_tour(tmp_path)

    assert [(each.name, each.variables) for each in documents] == [
        ("Say hello", {"name": "Ada"}),
        ("Count", {}),
    ]


def test_a_document_without_a_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "01-hello.graphql").write_text("{ hello }")

    with pytest.raises(ValueError, match=r"01-hello\.graphql does not begin with a comment"):
        read_tour(tmp_path)
