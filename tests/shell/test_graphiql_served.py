"""A person opens the server's address in a browser, with no other host in reach, and runs the tour."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from support.browser import CHROMIUM, Page, open_page
from support.databases import in_ci
from support.program import Running

from agreements_api.graphiql import read_tour

RESPONSE = "document.querySelector('section.result-window').innerText.replaceAll('\\u00a0', ' ')"


@pytest.fixture
async def page(server: Running) -> AsyncIterator[Page]:
    if CHROMIUM is None and not in_ci():
        pytest.skip("GraphiQL in a browser: Chromium is not installed")
    async with open_page(server.url) as opened:
        await opened.until("document.querySelectorAll('.monaco-editor .view-line').length > 0")
        yield opened


async def test_a_document_of_the_tour_is_run_from_the_front_page(page: Page, server: Running) -> None:
    await page.until(f"document.querySelectorAll('.tour li button').length === {len(read_tour())}")

    await page.evaluate("document.querySelector('.tour li button').click()")
    await page.until("document.querySelector('.graphiql-tab-active') !== null")
    await page.evaluate("document.querySelector('button.graphiql-execute-button').click()")
    await page.until(f"{RESPONSE}.includes('\"data\": {{')")

    assert await page.evaluate("location.pathname") == "/graphql"
    assert page.complaints == []
    assert page.hosts() == {urlsplit(server.url).netloc}
